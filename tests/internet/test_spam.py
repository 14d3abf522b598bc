"""The filter in the composed server: what rules teach it, it finds in the next message."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from twisted.python.failure import Failure

from bitrixmail.admin.rule_runs import Wish
from bitrixmail.app.office import opened_office
from bitrixmail.app.settings.loading import load_settings
from bitrixmail.model.bayes import SITE, Scope
from bitrixmail.model.errors import MailError
from bitrixmail.model.message import Event
from bitrixmail.model.sender_list import SenderEntry
from bitrixmail.rules.syntax import parse_rules
from tests.fakes.delivering import pause
from tests.fakes.stores import result_of
from tests.internet.sender import SENDER, Sender

RULES = """
[[rule]]
name = "learn spam"
order = 1
on = ["receive"]
condition = [{field = "header:X-Teach", op = "equals", value = "spam"}]
action = [{do = "spam"}, {do = "stop"}]
[[rule]]
name = "learn ham"
order = 1
condition = [{field = "header:X-Teach", op = "equals", value = "ham"}]
action = [{do = "not_spam"}, {do = "stop"}]
[[rule]]
name = "filter"
condition = [{field = "spam_score", op = "greater", value = 90}]
action = [{do = "quarantine"}]
"""


def letter(kind: str, number: int) -> bytes:
    words = "cheap pills casino" if kind == "spam" else "lunch meeting report"
    head = f"X-Teach: {kind}\r\nSubject: {words.split(maxsplit=1)[0]}\r\nMessage-ID: <{kind}{number}@x>\r\n"
    return f"{head}\r\n{words} {number}\r\n".encode()


async def rules(sender: Sender, text: str) -> None:
    await sender.stores.rulebook.replace(parse_rules(text, "x"), "test", "")
    await sender.reception.judge.load()


async def filed(sender: Sender) -> list[Event]:
    found = await sender.stores.messages.events(None, SENDER, 1000)
    return [event for event in found if event.kind == "filed"]


async def learned(sender: Sender, ham: int, spam: int) -> None:
    scopes: tuple[Scope, ...] = ()
    for _ in range(1500):
        scopes = await sender.stores.counters.scopes()
        if scopes and scopes[0].corpus == (ham, spam):
            assert scopes[0].scope == SITE
            await sender.stores.changes.poll()
            return
        await pause(0.01)
    raise AssertionError(scopes)


async def test_what_rules_teach_is_found_in_the_next_message(sender: Sender) -> None:
    await rules(sender, RULES)
    for number in range(20):
        await sender.send(SENDER, content=letter("ham", number))
        await sender.send(SENDER, content=letter("spam", number))
    await learned(sender, 20, 20)
    await sender.send(SENDER, content=b"Subject: cheap\r\n\r\ncasino pills\r\n")
    await sender.send(SENDER, content=b"Subject: lunch\r\n\r\nmeeting report\r\n")
    *_, spam, ham = await filed(sender)
    assert "quarantine" in spam.text
    assert "INBOX" in ham.text
    (step,) = [each for each in json.loads(spam.detail)["steps"] if each["rule"] == "filter"]
    assert float(step["tests"][0][3]) > 90


async def test_a_dry_run_and_a_run_over_what_is_kept_see_the_same_score(sender: Sender) -> None:
    learn = RULES.replace('on = ["receive"]\n', "")
    await rules(sender, learn)
    for number in range(20):
        await sender.send(SENDER, content=letter("ham", number))
        await sender.send(SENDER, content=letter("spam", number))
    await learned(sender, 20, 20)
    moved = learn.replace('do = "quarantine"', 'do = "move", folder = "Spam"')
    by_hand = moved.replace('name = "filter"', 'name = "filter"\non = ["receive", "manual"]')
    await rules(sender, by_hand)
    octets = b"Subject: cheap\r\n\r\ncasino pills\r\n"
    await sender.send(SENDER, content=octets)
    *_, live = await filed(sender)
    (step,) = [each for each in json.loads(live.detail)["steps"] if each["rule"] == "filter"]
    with opened_office(load_settings(None, {}, sender.given)) as office:
        dry = result_of(office.rules.test_file(octets, SENDER, sender="", recipient=None))
        again = result_of(
            office.rules.test_stored(live.queue_id, SENDER, sender=None, recipient=None)
        )
        preview = result_of(office.runs.look(Wish(rules=("filter",))))
        result_of(office.runs.look_on(preview))
    assert step["matched"]
    assert float(step["tests"][0][3]) > 90
    for plan in (dry, again):
        (found,) = [each for each in plan.trace.steps if each.rule == "filter"]
        assert (found.matched, found.tests[0].seen) == (True, step["tests"][0][3])
        assert plan.trace.result == "moved to Spam"
    assert live.text == "kept in Spam"
    # The letters from which it has learned are in INBOX; the last one is where it should be
    assert (preview.counts.judged, preview.counts.changes) == (41, 20)


async def test_who_is_let_in_or_blocked_is_told_in_the_trace(sender: Sender) -> None:
    await rules(sender, RULES)
    now = sender.now
    block = SenderEntry("", "@shop.example", allowed=False, since=now)
    await sender.stores.senders.put(block)
    await sender.stores.changes.poll()
    await sender.send(SENDER, content=b"From: a@shop.example\r\nSubject: x\r\n\r\n")
    (event,) = await filed(sender)
    assert "@shop.example is blocked for all" in event.detail
    allow = SenderEntry(SENDER, "a@shop.example", allowed=True, since=now, until=now + timedelta(1))
    await sender.stores.senders.put(allow)
    await sender.stores.changes.poll()
    await sender.send(SENDER, content=b"From: a@shop.example\r\nSubject: x\r\n\r\n")
    *_, event = await filed(sender)
    assert "is let in for boss@example.org" in event.detail


async def test_a_table_that_can_not_be_read_keeps_no_message_back(
    sender: Sender, monkeypatch: pytest.MonkeyPatch, nothing_lost_or_left: list[Failure]
) -> None:
    await rules(sender, RULES)

    async def broken(*_given: object) -> object:
        raise OSError("the disk is gone")

    monkeypatch.setattr(type(sender.stores.counters), "tables", broken)
    try:
        await sender.send(SENDER, content=b"Subject: x\r\n\r\nhello\r\n")
    except MailError as error:
        raise AssertionError from error
    (event,) = await filed(sender)
    assert "temperror: bayes: OSError" in event.detail
    assert [failure.type for failure in nothing_lost_or_left] == [OSError]
    nothing_lost_or_left.clear()
