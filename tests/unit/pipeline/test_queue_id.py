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


def test_several_processes_never_make_the_same() -> None:
    clock = Clock()
    clock.advance(1_800_000_000)
    processes = [QueueIds(clock, Random(1), process) for process in range(16)]
    made = [ids.next() for ids in processes]
    assert len(set(made)) == 16
    assert all(len(name) == 14 for name in made)
    clock.advance(0.001)
    assert min(ids.next() for ids in processes) > max(made)
