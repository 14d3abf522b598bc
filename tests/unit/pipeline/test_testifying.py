"""Checks testify before the rules; one that fails keeps nothing from its mailbox."""

from __future__ import annotations

from collections.abc import Collection, Coroutine, Sequence
from dataclasses import replace
from typing import Any, cast

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from zope.interface import implementer
from zope.interface.verify import verifyObject

from bitrixmail.interfaces.check import ICheck, INamedChecks, IWitnesses
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.model import testimony
from bitrixmail.model.directory import Mailbox
from bitrixmail.model.plan import Plan
from bitrixmail.model.route import Target
from bitrixmail.model.rule import RuleSet
from bitrixmail.pipeline.judge import Judge
from bitrixmail.pipeline.testifying import Witnesses
from bitrixmail.rules.facts import Facts
from bitrixmail.rules.judging import Judging
from bitrixmail.rules.syntax import parse_rules
from bitrixmail.tasks import InlineThreads
from tests.fakes.stores import result_of

INFO, SHOP = Mailbox(1, "info@example.org"), Mailbox(2, "shop@example.org")
TARGETS = [(Target(each), (each.address,)) for each in (INFO, SHOP)]
RULES = """
[[rule]]
name = "much"
condition = [{field = "spam_score", op = "greater", value = 90}]
action = [{do = "move", folder = "Spam"}]
[[rule]]
name = "yes"
condition = [{field = "spam", op = "equals", value = "yes"}]
action = [{do = "tag", tag = "spam"}]
"""


@implementer(ICheck)
class Says:
    """Says for each mailbox what it is told, and counts. Made by a test."""

    def __init__(self, name: str, *said: testimony.Testimony | None, idle: bool = False) -> None:
        self.name = name
        self.said = said
        self.idle = idle
        self.asked: list[list[str]] = []

    async def inspect(
        self, _facts: Any, mailboxes: Sequence[Mailbox]
    ) -> Sequence[testimony.Testimony | None]:
        self.asked.append([each.address for each in mailboxes])
        return self.said


@implementer(ICheck)
class Fails:
    name = "broken"
    idle = False

    def __init__(self, waits: bool = False) -> None:
        self.waits = waits

    async def inspect(
        self, _facts: Any, _mailboxes: Sequence[Mailbox]
    ) -> Sequence[testimony.Testimony | None]:
        if self.waits:
            await Deferred()
        raise ValueError("a bug")


class OneSet:
    async def current(self) -> RuleSet:
        return parse_rules(RULES, "x")


def judge_of(clock: Clock, *checks: ICheck, named: INamedChecks | None = None) -> Judge:
    judge = Judge(
        cast("Any", OneSet()), InlineThreads(), cast("IReactorTime", clock),
        Judging(witnesses=Witnesses(checks, cast("IReactorTime", clock), named)),
    )  # fmt: skip
    result_of(judge.load())
    return judge


def judging(judge: Judge) -> Coroutine[Deferred[Any], Any, list[Plan]]:
    octets = b"Subject: x\r\n\r\nhello\r\n"
    facts = Facts(HeaderSection.parse(octets), "", len(octets), octets=octets)
    return judge.plans(judge.rules, facts, TARGETS)


def plans_by(*checks: ICheck) -> list[Plan]:
    return result_of(judging(judge_of(Clock(), *checks)))


def test_each_mailbox_has_its_own_score() -> None:
    high = testimony.Testimony("bayes", 97.25, spam=True)
    one, two = plans_by(Says("bayes", high, testimony.Testimony("bayes", 12.0)))
    assert (one.folder, set(one.tags)) == ("Spam", {"spam"})
    assert (two.folder, set(two.tags)) == ("INBOX", set())
    seen = [step.tests[0].seen for step in one.trace.steps]
    assert seen == ["97.25", "yes"]


def test_a_check_that_is_final_keeps_the_others_from_being_asked() -> None:
    text = "@shop.example is blocked for all"
    lists = Says(
        "senders", None, testimony.Testimony("senders", 100.0, text, spam=True, final=True)
    )
    words = Says("bayes", testimony.Testimony("bayes", 3.0))
    one, two = plans_by(lists, words)
    assert words.asked == [["info@example.org"]]
    assert (one.folder, two.folder) == ("INBOX", "Spam")
    assert two.trace.steps[0].tests[0].seen == f"100 ({text})"


def test_an_idle_check_is_not_asked() -> None:
    idle = Says("bayes", idle=True)
    plans = plans_by(idle)
    assert idle.asked == []
    assert [plan.folder for plan in plans] == ["INBOX", "INBOX"]


def test_a_check_that_raises_is_told_in_the_trace_and_loses_nothing(
    nothing_lost_or_left: list[Failure],
) -> None:
    one, _ = plans_by(Fails())
    assert one.folder == "INBOX"
    assert one.trace.steps[0].tests[0].seen == "0 (temperror: broken: ValueError)"
    one, _ = plans_by(Fails(), Says("bayes", *[testimony.Testimony("bayes", 99.0)] * 2))
    assert one.folder == "Spam"
    assert [failure.type for failure in nothing_lost_or_left] == [ValueError, ValueError]
    nothing_lost_or_left.clear()


def test_a_check_that_gives_too_few_answers_counts_as_failed() -> None:
    one, two = plans_by(Says("bayes", testimony.Testimony("bayes", 99.0)))
    assert one.folder == two.folder == "INBOX"
    assert "1 answers for 2 mailboxes" in one.trace.steps[0].tests[0].seen


def test_a_check_that_hangs_is_waited_for_no_longer_than_its_time() -> None:
    clock = Clock()
    found: list[list[Plan]] = []
    going = Deferred.fromCoroutine(judging(judge_of(clock, Fails(waits=True))))
    going.addCallback(found.append)
    clock.advance(9.9)
    assert not found
    clock.advance(0.2)
    one, _ = found[0]
    assert one.folder == "INBOX"
    assert one.trace.steps[0].tests[0].seen == "0 (temperror: broken: longer than 10 s)"


def test_nothing_is_asked_where_no_rule_wants_to_know() -> None:
    words = Says("bayes", *[testimony.Testimony("bayes", 99.0)] * 2)
    judge = judge_of(Clock(), words)
    octets = b"Subject: x\r\n\r\n"
    facts = Facts(HeaderSection.parse(octets), "", len(octets))
    none = Judging().compile(RuleSet())
    result_of(judge.plans(none, facts, TARGETS))
    assert words.asked == []


NAMED = """
[[rule]]
name = "links"
condition = [{field = "check:shop.links", op = "greater", value = 50}]
action = [{do = "move", folder = "Links"}]
[[rule]]
name = "score"
condition = [{field = "spam_score", op = "greater", value = 50}]
action = [{do = "tag", tag = "spam"}]
[[rule]]
name = "words"
condition = [{not = {field = "check:bayes", op = "exists"}}]
action = [{do = "tag", tag = "no words"}]
"""


@implementer(INamedChecks)
class Named:
    """Has some checks, and keeps the names it was asked for. Made by a test."""

    def __init__(self, *checks: Says) -> None:
        self.checks = checks
        self.asked: list[Collection[str] | None] = []

    def named(self, names: Collection[str] | None) -> Sequence[ICheck]:
        self.asked.append(names)
        return [each for each in self.checks if names is None or each.name in names]


def named_plans(monkeypatch: pytest.MonkeyPatch, named: Named, *checks: ICheck) -> list[Plan]:
    monkeypatch.setattr("tests.unit.pipeline.test_testifying.RULES", NAMED)
    return result_of(judging(judge_of(Clock(), *checks, named=named)))


def test_a_check_of_its_own_name_is_no_spam_score(monkeypatch: pytest.MonkeyPatch) -> None:
    found = testimony.Testimony("shop.links", 80.0, "9 links")
    links = Says("shop.links", found, testimony.Testimony("shop.links", text="no idea"))
    other = Says("shop.other", None, None)
    named = Named(links, other)
    one, two = named_plans(monkeypatch, named)
    assert named.asked == [{"shop.links", "bayes"}]
    assert links.asked == [[INFO.address, SHOP.address]]
    assert other.asked == []
    assert (one.folder, set(one.tags)) == ("Links", {"no words"})
    assert (two.folder, set(two.tags)) == ("INBOX", {"no words"})
    seen = [[step.tests[0].seen for step in plan.trace.steps] for plan in (one, two)]
    assert seen == [["80 (9 links)", "0", ""], ["no idea", "0", ""]]


def test_a_final_word_keeps_nobody_from_asking_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = testimony.Testimony("senders", 100.0, spam=True, final=True)
    links = Says("shop.links", *[testimony.Testimony("shop.links", 60.0)] * 2)
    words = Says("bayes", testimony.Testimony("bayes", 7.0))
    one, two = named_plans(monkeypatch, Named(links), Says("senders", kept, None), words)
    assert (one.folder, set(one.tags)) == ("Links", {"spam", "no words"})
    assert (two.folder, set(two.tags)) == ("Links", set())


def test_who_looks_into_it_hears_all_also_behind_a_final_word() -> None:
    kept = testimony.Testimony("senders", 0.0, final=True)
    words = testimony.Testimony("bayes", 7.0)
    links = testimony.Testimony("shop.links", 60.0)
    named = Named(Says("shop.links", links))
    witnesses = Witnesses(
        [Says("senders", kept), Says("bayes", words)], cast("IReactorTime", Clock()), named
    )
    verifyObject(IWitnesses, witnesses)
    verifyObject(INamedChecks, named)
    octets = b"Subject: x\r\n\r\n"
    facts = Facts(HeaderSection.parse(octets), "", len(octets), octets=octets)
    (said,) = result_of(witnesses.hear(None, facts, [INFO]))
    assert said == (kept, words, replace(links, apart=True))
    (said,) = result_of(witnesses.hear([()], facts, [INFO]))
    assert said == (kept,)


def test_a_check_is_asked_only_for_the_mailboxes_whose_rules_name_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = NAMED.replace('name = "links"\n', 'name = "links"\nmailbox = "shop@example.org"\n')
    links = Says("shop.links", testimony.Testimony("shop.links", 80.0))
    monkeypatch.setattr("tests.unit.pipeline.test_testifying.RULES", own)
    judge = judge_of(Clock(), named=Named(links))
    one, two = result_of(judging(judge))
    assert links.asked == [[SHOP.address]]
    assert (one.folder, two.folder) == ("INBOX", "Links")
