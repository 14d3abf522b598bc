"""Conditions and actions of an extension, within a server: asked, waited for, never waited on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from bitrixmail.model.job import JobState
from tests.fakes.installed import install, pass_over_planted
from tests.internet.actions import LETTER, put_rules, work_settled
from tests.internet.net import Internet
from tests.internet.sender import SENDER, Sender

CODE = """
from twisted.internet import reactor
from twisted.internet.task import deferLater
from bitrixmail.model.extension import AgainError, NeverError, Parts

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

def parts(context):
    return Parts(
        conditions={"sender": sender, "later": later, "tags": tags, "broken": broken},
        actions={"book": book},
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
