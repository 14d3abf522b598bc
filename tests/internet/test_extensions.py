"""Conditions and actions of an extension, within a server: asked, waited for, never waited on."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from bitrixmail.app.office import opened_office
from bitrixmail.app.settings.loading import load_settings
from bitrixmail.model.directory import Mailbox
from bitrixmail.model.job import JobState
from tests.fakes.installed import install, pass_over_planted
from tests.fakes.stores import result_of
from tests.internet.actions import LETTER, put_rules, work_settled
from tests.internet.net import Internet
from tests.internet.sender import SENDER, Sender

CODE = """
from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.internet.defer import DeferredQueue
from bitrixmail.model.extension import AgainError, Finding, NeverError, Parts

asked = []

def sender(letter):
    asked.append(letter)
    return letter.text("from")

async def later(letter):
    await deferLater(reactor, 0.05)
    return "yes" in letter.subject or letter.folder

def tags(letter):
    return letter.tags

def broken(letter):
    raise RuntimeError("planted")

tries = []

def book(letter):
    tries.append(letter)
    if "poison" in letter.subject:
        raise NeverError("no such order")
    if len(tries) < 2:
        raise AgainError("the shop is closed")
    return f"booked {letter.values['branch']}"

class Ledger:
    lines = []
    closed = 0
    async def deliver(self, letter):
        self.lines.append((letter.attempt, letter.key))
        if "poison" in letter.subject:
            raise NeverError("no such ledger")
        if letter.attempt < 2:
            raise AgainError("the ledger is closed")
        return "noted"
    async def close(self):
        Ledger.closed += 1

wanted, said = DeferredQueue(), []

async def feed(intake):
    while True:
        content, recipient, more = await wanted.get()
        try:
            said.append(await intake.bring(content, recipient, **more))
        except (AgainError, NeverError) as error:
            said.append(error)

def links(letter):
    asked.append(letter)
    return Finding(100.0 if b"http" in letter.content else 0.0, "it has links")

def parts(context):
    return Parts(
        conditions={"sender": sender, "later": later, "tags": tags, "broken": broken},
        actions={"book": book},
        checks={"links": links, "broken": broken},
        couriers={"ledger": Ledger()},
        sources={"feed": feed},
    )
"""
RULES = """
[[rule]]
name = "Tagged"
order = 1
condition = [{ field = "python:shop.sender", op = "contains", value = "ann@" }]
action = [{ do = "tag", tag = "known" }]

[[rule]]
name = "Broken"
order = 2
condition = [{ not = { field = "python:shop.broken", op = "exists" } }]
action = [{ do = "discard" }]

[[rule]]
name = "Later"
order = 3
condition = [
  { field = "subject", op = "contains", value = "17" },
  { field = "python:shop.later", op = "equals", value = "INBOX" },
  { field = "python:shop.tags", op = "equals", value = "known" },
]
action = [{ do = "move", folder = "Orders" }, { do = "python", name = "shop.book", values = { branch = "Moscow" } }]
"""


@pytest.fixture(autouse=True)
def planted(nothing_lost_or_left: list[Failure]) -> Iterator[None]:
    yield
    pass_over_planted(nothing_lost_or_left)


@pytest.fixture
def shop(tmp_path: Path, net: Internet) -> Iterator[Sender]:
    folder = install(tmp_path / "packages", "shop_inside", CODE, {"shop": "shop_inside"})
    sys.path.insert(0, str(folder))
    made = Sender(tmp_path, net, "extensions.enabled=shop")
    pytest_twisted.blockon(Deferred.fromCoroutine(made.open()))
    yield made
    pytest_twisted.blockon(Deferred.fromCoroutine(made.close()))
    sys.path.remove(str(folder))
    sys.modules.pop("shop_inside", None)


async def test_rules_wait_for_what_extensions_say(shop: Sender) -> None:
    await put_rules(shop, RULES)
    await shop.send(SENDER, content=LETTER)
    await work_settled(shop, JobState.WAITING)
    shop.later(minutes=10)
    (job,) = await work_settled(shop, JobState.DONE, attempts=2)
    assert job.last is not None
    assert job.last.reply == "booked Moscow"
    (first, second) = await shop.stores.queue.attempts(job.id)
    assert (first.reply, second.reply) == ("the shop is closed", "booked Moscow")
    tries = sys.modules["shop_inside"].tries
    assert {letter.key for letter in tries} == {tries[0].key}
    assert [letter.attempt for letter in tries] == [1, 2]
    assert (tries[0].folder, tries[0].tags, tries[0].rule) == (
        "Orders", frozenset({"known"}), "Later",
    )  # fmt: skip
    # Asked once, however often the rules were
    assert len(sys.modules["shop_inside"].asked) == 1


async def test_what_fails_decides_nothing(shop: Sender) -> None:
    await put_rules(shop, RULES)
    await shop.send(SENDER, content=LETTER.replace(b" 17", b" 18"))
    (found,) = await shop.quiet()  # neither discarded nor moved
    assert "Subject" in found


async def test_an_action_that_can_never_be_done_is_given_up(shop: Sender) -> None:
    await put_rules(shop, RULES)
    await shop.send(SENDER, content=LETTER.replace(b" 17", b" 17 poison"))
    (job,) = await work_settled(shop, JobState.DEAD)
    assert job.last is not None
    assert job.last.reply == "no such order"


FIRST = """
[[rule]]
name = "Enough"
order = 0
stop = true
condition = [{ field = "subject", op = "contains", value = "17" }]
action = [{ do = "flag" }]
"""


async def test_what_no_rule_comes_to_is_not_asked(shop: Sender) -> None:
    await put_rules(shop, FIRST + RULES)
    await shop.send(SENDER, content=LETTER)
    await shop.quiet()
    assert not sys.modules["shop_inside"].asked


CHECKED = """
[[rule]]
name = "Links"
condition = [{ field = "check:shop.links", op = "greater", value = 50 }]
action = [{ do = "tag", tag = "links" }]

[[rule]]
name = "Broken"
condition = [{ field = "check:shop.broken", op = "less", value = 50 }]
action = [{ do = "discard" }]
"""


async def test_a_check_is_asked_before_the_rules_once_for_a_message(shop: Sender) -> None:
    await put_rules(shop, CHECKED)
    await shop.stores.directory.add_mailbox(Mailbox(0, "info@example.org"), None)
    await shop.send(SENDER, "info@example.org", content=LETTER + b"http://shop.example/\r\n")
    events = await shop.stores.messages.events(None, SENDER, 10)
    (filed,) = [each for each in events if each.kind == "filed"]
    links, broken = json.loads(filed.detail)["steps"]
    assert (links["matched"], links["tests"][0][3]) == (True, "100 (it has links)")
    assert not broken["matched"]
    why = "temperror: the check shop.broken failed: RuntimeError: planted"
    assert broken["tests"][0][3] == why
    (letter,) = sys.modules["shop_inside"].asked
    assert set(letter.recipients) == {SENDER, "info@example.org"}
    with opened_office(load_settings(None, {}, shop.given)) as office:
        (shown,) = result_of(office.spam.show(filed.queue_id, SENDER, 5))
        plan = result_of(
            office.rules.test_stored(filed.queue_id, SENDER, sender=None, recipient=None)
        )
    told = {each.check: (each.score, each.text) for each in shown.said}
    assert told["shop.links"] == (100.0, "it has links")
    assert told["shop.broken"] == (None, why)
    assert [step.tests[0].seen for step in plan.trace.steps] == ["100 (it has links)", why]


async def test_no_check_is_asked_where_no_rule_names_it(shop: Sender) -> None:
    await put_rules(shop, CHECKED.replace("check:shop.links", "spam_score"))
    await shop.send(SENDER, content=LETTER)
    await shop.quiet()
    assert not sys.modules["shop_inside"].asked


NOTED = """
[[rule]]
name = "Noted"
action = [{ do = "python", name = "shop.ledger" }]
"""


async def test_a_courier_does_it_later_or_never_and_is_closed_at_the_end(shop: Sender) -> None:
    await put_rules(shop, NOTED)
    sources = shop.reception.extensions.run(shop.reception.gate)
    ledger = sys.modules["shop_inside"].Ledger
    await shop.send(SENDER, content=LETTER)
    await work_settled(shop, JobState.WAITING)
    shop.later(minutes=10)
    (job,) = await work_settled(shop, JobState.DONE, attempts=2)
    attempts = await shop.stores.queue.attempts(job.id)
    assert [each.reply for each in attempts] == ["the ledger is closed", "noted"]
    assert [number for number, _ in ledger.lines] == [1, 2]
    assert len({key for _, key in ledger.lines}) == 1
    await shop.send(SENDER, content=LETTER.replace(b" 17", b" poison"))
    found = await work_settled(shop, JobState.DONE, JobState.DEAD, count=2)
    assert {each.state for each in found} == {JobState.DONE, JobState.DEAD}
    await sources.stopService()
    assert ledger.closed == 1


async def test_a_source_brings_messages_in_by_the_gate(shop: Sender) -> None:
    await put_rules(shop, RULES)
    sources = shop.reception.extensions.run(shop.reception.gate)
    sources.begin()
    module = sys.modules["shop_inside"]
    letter = LETTER.replace(b"\r\n", b"\n").replace(b" 17", b" 18")
    more = {"sender": "ann@shop.example", "once": "a"}
    for content, recipient, given in (
        (letter, SENDER, more),
        (letter, SENDER, more),  # it had died before it had noted it
        (letter, "nobody@example.org", {}),
        (letter, "ann@shop.example", {}),
        (letter, "no address", {}),
    ):
        module.wanted.put((content, recipient, given))
    await shop.until(lambda: len(module.said) == 5, "not all were brought")
    first, again, unknown, elsewhere, nonsense = module.said
    assert first.startswith("250 2.0.0 Ok: queued as ")
    assert again.startswith("250 2.0.0 Ok")
    assert "550 5.1.1" in str(unknown)
    assert "550 5.7.1" in str(elsewhere)
    assert "must be one address" in str(nonsense)
    (kept,) = await shop.quiet()
    assert kept.startswith("Return-Path: <ann@shop.example>\r\n")
    assert kept.endswith("\r\n\r\nThank you.\r\n")
    await sources.stopService()
    module.wanted.put((letter, SENDER, {}))
    assert len(await shop.quiet()) == 1
