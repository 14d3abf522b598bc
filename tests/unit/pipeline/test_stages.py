"""Parse, judge, fold, draft: with the real rules and header parser, and a table of rules."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from zope.interface import implementer

from bitrixmail.interfaces.rulebook import IRulebook
from bitrixmail.interfaces.threads import IThreads
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.model.address import Address
from bitrixmail.model.client import Client
from bitrixmail.model.directory import Mailbox
from bitrixmail.model.envelope import Envelope, Recipient, SenderParameters
from bitrixmail.model.errors import PermanentError
from bitrixmail.model.message import Content
from bitrixmail.model.plan import Disposition, Plan
from bitrixmail.model.route import Target
from bitrixmail.model.rule import RuleSet
from bitrixmail.model.rulebook import RuleCount, RuleVersion
from bitrixmail.pipeline.judge import Judge
from bitrixmail.pipeline.stages import Arrival, Decision, decide, refuse_loops, reply_to
from bitrixmail.rules.judging import Judging
from bitrixmail.rules.syntax import parse_rules
from bitrixmail.tasks import InlineThreads

INFO = Target(Mailbox(1, "info@example.org"))
SALES = Target(Mailbox(2, "sales@example.org"))
RECEIVED = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@implementer(IRulebook)
class OneRuleSet:
    """A rulebook with one page; made by a test."""

    def __init__(self, rules: RuleSet) -> None:
        self.rules = rules

    async def current(self) -> RuleSet:
        return self.rules

    async def replace(self, rules: RuleSet, author: str, comment: str) -> RuleSet:
        self.rules = rules
        return rules

    async def versions(self, limit: int) -> tuple[RuleVersion, ...]:
        return ()

    async def version(self, number: int) -> RuleSet:
        return self.rules

    async def counts(self) -> dict[str, RuleCount]:
        return {}


def arrival(octets: bytes, *targets: Target) -> Arrival:
    head = octets[: octets.find(b"\r\n\r\n") + 4]
    return Arrival(
        queue_id="Q1",
        received=RECEIVED,
        envelope=Envelope(
            Client("192.0.2.1", 25, "s1", helo="client.example", esmtp=True),
            Address("boss", "example.net"),
            SenderParameters(),
            tuple(Recipient(Address(*t.mailbox.address.split("@"))) for t in targets),
        ),
        targets=tuple((target, (target.mailbox.address,)) for target in targets),
        content=Content(len(octets), head, head_complete=True, inline=octets),
    )


def result_of(deferred: Deferred[Decision]) -> Decision:
    """Take the result of a Deferred that must have fired."""
    outcome: list[Decision | Failure] = []
    deferred.addBoth(outcome.append)
    (found,) = outcome
    if isinstance(found, Failure):
        found.raiseException()
    assert isinstance(found, Decision)
    return found


def decided(rules: str, octets: bytes, *targets: Target) -> Decision:
    rulebook = OneRuleSet(parse_rules(rules, "rules.toml"))
    judge = Judge(rulebook, InlineThreads(), Clock(), Judging(0.1))

    async def run() -> Decision:
        await judge.load()
        return await decide(arrival(octets, *targets), judge, "mx.example.org", 50)

    return result_of(Deferred.fromCoroutine(run()))


LETTER = b"From: Boss <boss@example.net>\r\nSubject: invoice 7\r\nMessage-ID: <1@x>\r\n\r\nHi\r\n"


def rule(action: str, scope: str = "", op: str = "contains") -> str:
    return f"""
[[rule]]
name = "Test{scope}"
{f'mailbox = "{scope}"' if scope else ""}
  [[rule.condition]]
  field = "subject"
  op = "{op}"
  value = ["invoice"]
  [[rule.action]]
  {action}
"""


def test_without_rules_it_goes_to_the_inbox() -> None:
    decision = decided("", LETTER, INFO)
    (filing,) = decision.draft.filings
    assert filing.folders == ("INBOX",)
    assert filing.outcome == "kept"
    assert decision.reply.code == 250
    assert "Q1" in decision.reply.text
    assert decision.draft.subject == "invoice 7"
    assert decision.draft.message_id == "<1@x>"


@pytest.mark.parametrize("op", ["contains", "regex"])
def test_a_rule_names_the_folder(op: str) -> None:
    decision = decided(rule('do = "move"\n  folder = "Invoices"', op=op), LETTER, INFO)
    assert decision.draft.filings[0].folders == ("Invoices",)


def test_prefixes_are_per_message_and_per_place() -> None:
    draft = decided("", LETTER, INFO).draft
    assert draft.prefix.startswith(b"Received: from client.example")
    assert b"for <info@example.org>" in draft.prefix
    prefix = draft.filings[0].prefix
    assert prefix == b"Return-Path: <boss@example.net>\r\nDelivered-To: info@example.org\r\n"


def test_a_blind_copy_stays_blind() -> None:
    draft = decided("", LETTER, INFO, SALES).draft
    assert b" for <" not in draft.prefix
    assert b"sales" not in draft.filings[0].prefix
    assert b"info" not in draft.filings[1].prefix


def test_550_only_if_every_mailbox_rejects() -> None:
    reject = 'do = "reject"\n  text = "No invoices, please"'
    decision = decided(rule(reject), LETTER, INFO, SALES)
    assert (decision.reply.code, decision.reply.enhanced) == (550, "5.7.1")
    assert decision.reply.text == "No invoices, please"
    assert not decision.keeps
    assert [filing.outcome for filing in decision.draft.filings] == ["rejected", "rejected"]


def test_a_reply_is_ascii_unless_the_client_can_read_more() -> None:
    plans = [Plan(Disposition.REJECT, text="Не надо")]
    assert reply_to("Q1", plans).text == "Refused by the recipient"
    assert reply_to("Q1", plans, utf8=True).text == "Не надо"


def test_a_lonely_rejection_becomes_quarantine() -> None:
    decision = decided(rule('do = "reject"', "info@example.org"), LETTER, INFO, SALES)
    assert decision.reply.code == 250
    quarantined, kept = decision.draft.filings
    assert (quarantined.outcome, quarantined.folders) == ("quarantined", ("Quarantine",))
    assert (kept.outcome, kept.folders) == ("kept", ("INBOX",))


def test_discard_keeps_only_the_trace() -> None:
    decision = decided(rule('do = "discard"'), LETTER, INFO)
    assert decision.reply.code == 250
    assert not decision.keeps
    assert decision.draft.filings[0].outcome == "discarded"


def test_loops_are_refused() -> None:
    head = b"Received: from a by b; Tue, 24 Nov 2026 12:00:00 +0000\r\n" * 51 + b"\r\n"
    with pytest.raises(PermanentError) as caught:
        refuse_loops(HeaderSection.parse(head), 50)
    assert str(caught.value.reply).startswith("554 5.4.6")
    refuse_loops(HeaderSection.parse(head), 51)
    refuse_loops(HeaderSection.parse(head), 0)


class PoisonedRules:
    """Rules with a bug, as an extension may have one."""

    needs_thread = False
    asks_extensions = False
    reads_spam = False
    count = 0

    def judge(self, *_args: object, **_named: object) -> None:
        raise ZeroDivisionError("planted")


def test_a_bug_puts_the_message_into_quarantine(nothing_lost_or_left: list[Failure]) -> None:
    judge = Judge(OneRuleSet(RuleSet()), InlineThreads(), Clock(), Judging(0.1))
    judge._compiled = PoisonedRules()  # type: ignore[assignment]  # a bug, planted
    work = decide(arrival(LETTER, INFO), judge, "mx.example.org", 50)
    decision = result_of(Deferred.fromCoroutine(work))
    (filing,) = decision.draft.filings
    assert filing.folders == ("Quarantine",)
    assert "ZeroDivisionError: planted" in filing.trace.note
    assert decision.reply.code == 250
    assert len(nothing_lost_or_left) == 1
    nothing_lost_or_left.clear()


async def test_a_bug_before_the_rules_leaves_it_the_subject_by_which_it_is_found(
    nothing_lost_or_left: list[Failure],
) -> None:
    judge = Judge(OneRuleSet(RuleSet()), InlineThreads(), Clock(), Judging(0.1))

    async def broken(*_args: object) -> list[Plan]:
        raise ZeroDivisionError("planted")

    judge.plans = broken  # type: ignore[method-assign,assignment]  # a bug, planted
    letter = b"Subject: planned\r\n" + LETTER
    decision = await decide(arrival(letter, INFO), judge, "mx.example.org", 50)
    assert decision.draft.filings[0].folders == ("Quarantine",)
    assert decision.draft.subject == "planned"
    assert decision.draft.header_from
    nothing_lost_or_left.clear()


class EndlessThreads:
    """Threads that compile the rules, and then never come to an end."""

    def __init__(self) -> None:
        self.done = 0

    def run(self, function: Any, *args: Any, **named: Any) -> Deferred[Any]:
        self.done += 1
        if self.done == 1:
            return InlineThreads().run(function, *args, **named)
        return Deferred(lambda _self: None)


def test_rules_that_take_too_long_put_it_into_quarantine_with_its_subject() -> None:
    rules = """
[[rule]]
name = "slow"
condition = [{field = "subject", op = "regex", value = ["(a|aa)+$"]}]
action = [{do = "flag"}]
"""
    letter = b"Subject: " + b"a" * 60 + b"!\r\n" + LETTER
    clock = Clock()
    rulebook = OneRuleSet(parse_rules(rules, "rules.toml"))
    judge = Judge(rulebook, cast("IThreads", EndlessThreads()), clock, Judging(0.1))

    async def run() -> Decision:
        await judge.load()
        return await decide(arrival(letter, INFO), judge, "mx.example.org", 50)

    deciding = Deferred.fromCoroutine(run())
    clock.advance(61)
    decision = result_of(deciding)
    (filing,) = decision.draft.filings
    assert filing.folders == ("Quarantine",)
    assert filing.trace.note == "the rules took longer than 60.0 s"
    assert decision.draft.header_from
