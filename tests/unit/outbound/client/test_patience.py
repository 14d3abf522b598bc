from __future__ import annotations

import pytest
from twisted.internet.task import Clock

from bitrixmail.model.parcel import Stage
from bitrixmail.outbound.client.patience import Patience
from bitrixmail.outbound.client.terms import Timeouts

TIMEOUTS = Timeouts()


class Waiting:
    """Patience on a clock, and what was waited for in vain."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.over: list[Stage | None] = []
        self.patience = Patience(self.clock, self.over.append)

    def wait(self, stage: Stage | None) -> None:
        self.patience.wait_for(stage, TIMEOUTS)


@pytest.mark.parametrize(
    ("stage", "seconds"),
    [
        (Stage.GREETING, 300),
        (Stage.EHLO, 300),
        (Stage.MAIL, 300),
        (Stage.RCPT, 300),
        (Stage.DATA, 120),
        (Stage.CONTENT, 600),
    ],
)
def test_the_times_of_the_rfc(stage: Stage, seconds: float) -> None:
    waiting = Waiting()
    waiting.wait(stage)
    waiting.clock.advance(seconds - 1)
    assert not waiting.over
    waiting.clock.advance(1)
    assert waiting.over == [stage]


def test_a_block_has_its_time_only_amid_a_parcel() -> None:
    waiting = Waiting()
    waiting.wait(None)
    assert not waiting.clock.getDelayedCalls()
    waiting.patience.whole(TIMEOUTS, 0)
    waiting.wait(None)
    waiting.clock.advance(180)
    assert waiting.over == [None]


def test_a_reply_gives_new_time_and_a_nearer_deadline_is_seen() -> None:
    waiting = Waiting()
    waiting.wait(Stage.CONTENT)
    waiting.clock.advance(500)
    waiting.wait(Stage.MAIL)
    waiting.clock.advance(299)
    waiting.wait(Stage.DATA)
    assert len(waiting.clock.getDelayedCalls()) == 1
    waiting.clock.advance(119)
    assert not waiting.over
    waiting.clock.advance(1)
    assert waiting.over == [Stage.DATA]


def test_a_parcel_as_a_whole_is_bounded_however_busy_its_host_is() -> None:
    waiting = Waiting()
    waiting.patience.whole(TIMEOUTS, 1024 * 100)
    for _ in range(36):
        waiting.wait(Stage.RCPT)
        waiting.clock.advance(100)
    assert not waiting.over
    waiting.wait(Stage.RCPT)
    waiting.clock.advance(100)
    assert waiting.over == [None]


def test_nothing_is_due_between_parcels_and_nothing_is_left_at_the_end() -> None:
    waiting = Waiting()
    waiting.patience.whole(TIMEOUTS, 0)
    waiting.wait(Stage.MAIL)
    waiting.patience.rest()
    waiting.clock.advance(10_000)
    assert not waiting.over
    waiting.wait(Stage.MAIL)
    assert waiting.clock.getDelayedCalls()
    waiting.patience.stop()
    assert not waiting.clock.getDelayedCalls()
