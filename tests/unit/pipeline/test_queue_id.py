from __future__ import annotations

from random import Random

from twisted.internet.task import Clock

from bitrixmail.pipeline.queue_id import QueueIds


def test_ids_are_short_different_and_rise() -> None:
    clock = Clock()
    clock.advance(1_800_000_000)
    ids = QueueIds(clock, Random(1))
    made = []
    for step in range(1000):
        if step % 100 == 0:
            clock.advance(0.01)
        made.append(ids.next())
    assert len(set(made)) == 1000
    assert made == sorted(made)
    assert all(len(name) == 14 and name.isalnum() for name in made)


def test_ids_rise_when_the_clock_is_set_back() -> None:
    clock = Clock()
    clock.advance(1000)
    ids = QueueIds(clock, Random(1))
    before = ids.next()
    clock.rightNow = 999.0
    assert ids.next() > before
