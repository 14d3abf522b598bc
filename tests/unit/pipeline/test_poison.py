"""What our own code stumbles over, at each stage before the durable line and at it."""

from __future__ import annotations

from typing import Any, cast

import pytest
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from bitrixmail.model.envelope import RecipientParameters, SenderParameters
from bitrixmail.model.errors import StoreUnavailableError
from bitrixmail.model.message import QUARANTINE
from bitrixmail.model.plan import Plan, Trace
from bitrixmail.store.opening import InlineStores
from bitrixmail.store.trace_json import trace_from_json
from tests.fakes.gate import RecordingMailLog
from tests.fakes.letters import address
from tests.fakes.real_gate import CLIENT, gate_of, judge_of
from tests.fakes.stores import result_of

LETTER = b"Subject: invoice\r\n\r\ntext\r\n"


class MuteError(Exception):
    """Cannot even say what it is."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


class BadRules:
    """Rules that fail as they are told to, or make a plan that nobody can write down."""

    needs_thread = False
    reads_body = False
    asks_extensions = False
    reads_spam = False
    count = 1

    def __init__(self, error: BaseException | None = None, plan: Plan | None = None) -> None:
        self._error = error
        self._plan = plan

    def judge(self, *_args: object, **_named: object) -> Plan:
        if self._error is not None:
            raise self._error
        assert self._plan is not None
        return self._plan


class Court:
    """A gate on real stores, whose rules are replaced by bad ones. Made by a test."""

    def __init__(self, stores: InlineStores, clock: Clock, rules: BadRules) -> None:
        self.stores = stores
        time = cast("IReactorTime", clock)
        judge = judge_of(stores, time)
        judge._compiled = rules  # type: ignore[assignment]  # the bug that is planted
        self.maillog = RecordingMailLog()
        self._gate = gate_of(stores, time, self.maillog, judge=judge)

    def deliver(self, octets: bytes = LETTER) -> str:
        transaction = self._gate.open(CLIENT)
        result_of(transaction.sender(None, SenderParameters()))
        for recipient in ("info@example.org", "plus@example.org"):
            result_of(transaction.recipient(address(recipient), RecipientParameters()))
        transaction.body().write(octets)
        (reply, *_) = {str(outcome.reply) for outcome in result_of(transaction.commit())}
        assert reply.startswith("250 "), reply
        return reply.rpartition(" ")[2]

    def notes(self, queue_id: str) -> list[str]:
        """Return what the traces of a message say; fail unless it is in quarantine twice."""
        found = result_of(self.stores.messages.find(queue_id))
        assert [listed.folder for listed in found] == [QUARANTINE, QUARANTINE]
        events = result_of(self.stores.messages.events(queue_id, None, 10))
        return [trace_from_json(event.detail).note for event in events if event.kind == "filed"]


@pytest.mark.parametrize(
    "error", [ZeroDivisionError("planted"), RecursionError("planted"), MemoryError(), MuteError()]
)
def test_rules_that_fail(
    stores: InlineStores, clock: Clock, error: Exception, nothing_lost_or_left: list[Failure]
) -> None:
    court = Court(stores, clock, BadRules(error))
    for note in court.notes(court.deliver()):
        assert "Traceback" in note
        assert type(error).__name__ in note
    assert len(nothing_lost_or_left) == 2
    nothing_lost_or_left.clear()


@pytest.mark.parametrize(
    "plan",
    [
        Plan(trace=Trace(note=cast("Any", object()))),
        Plan(tags=cast("Any", frozenset({b"octets"}))),
        Plan(folder=cast("Any", object())),
        Plan(disposition=cast("Any", "nonsense")),
        cast("Any", None),
    ],
    ids=["trace", "tags", "folder", "disposition", "no plan"],
)
def test_a_plan_that_nobody_can_write_down(
    stores: InlineStores, clock: Clock, plan: Plan, nothing_lost_or_left: list[Failure]
) -> None:
    rules = BadRules(plan=plan)
    rules.judge = lambda *_args, **_named: plan  # type: ignore[method-assign]
    court = Court(stores, clock, rules)
    for note in court.notes(court.deliver()):
        assert "Traceback" in note
    assert len(nothing_lost_or_left) == 1
    nothing_lost_or_left.clear()


def test_a_store_that_fails_is_no_poison(stores: InlineStores, clock: Clock) -> None:
    court = Court(stores, clock, BadRules(plan=Plan()))
    result_of(stores.close())
    with pytest.raises(StoreUnavailableError):
        court.deliver()
    result_of(stores.open())
    info = result_of(stores.directory.mailbox("info@example.org"))
    assert info is not None
    assert result_of(stores.messages.usage(info.id)) == 0
