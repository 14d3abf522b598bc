"""What is slow, dead or wrong about time holds up nobody else, loses nothing, and bounces nothing."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest

from bitrixmail.model.job import JobState
from tests.fakes.delivering import pause, reactor
from tests.fakes.many_jobs import multiply
from tests.fakes.scripted_host import Script, say
from tests.internet.net import Internet
from tests.internet.sender import Sender

BOB = "bob@shop.example"
DEAD = 10_000
OTHERS = 10
LETTERS = 12  # for each of them
WAVE_S = 0.15


# The time of day


async def test_a_day_forward_bounces_nothing_and_doubles_nothing(
    net: Internet, sender: Sender
) -> None:
    """What is on its way at that moment goes on; what waits is due and is tried before it is old."""
    slow = net.site("slow.example", Script(content=say("250 2.0.0 OK", delay_s=0.5)))
    down = net.site("down.example", Script(greeting=say("421 4.3.2 Later", then="close")))
    late = [f"late{number}@down.example" for number in range(5)]
    await sender.send(*late)
    for recipient in late:
        await sender.put_off(recipient)
    on_way = [f"bob{number}@slow.example" for number in range(12)]
    for recipient in on_way:
        await sender.send(recipient)
    await sender.until(lambda: bool(slow.open), "nothing goes out")
    sender.set_clock(timedelta(days=1))
    for _ in range(4):  # the first to find leases run out, the others to take such jobs again
        sender.later()
        await pause(0.2)
    for recipient in on_way:
        await sender.delivered(recipient)
    assert sorted(letter.rcpt[0] for letter in slow.letters) == sorted(
        f"TO:<{recipient}>" for recipient in on_way
    )
    jobs = await sender.queue()
    assert {jobs[recipient].state for recipient in late} == {JobState.WAITING}
    # one is tried, since nobody knows yet whether the others would fare better
    [tried] = [recipient for recipient in late if jobs[recipient].attempts == 2]
    assert timedelta() < jobs[tried].not_before - sender.now <= timedelta(hours=4)
    assert not [notice for notice in await sender.quiet() if "Action: failed" in notice]
    down.script = Script()
    sender.later(hours=4)
    for recipient in late:
        await sender.delivered(recipient, attempts=2)
    assert sum(len(letter.rcpt) for letter in down.letters) == len(late)


async def test_ten_days_forward_give_what_was_cut_short_one_more_chance(
    net: Internet, sender: Sender
) -> None:
    host = net.site("shop.example", Script(greeting=say("421 4.3.2 Later", then="close")))
    await sender.send(BOB)
    await sender.put_off(BOB)
    sender.later(days=10)
    await sender.put_off(BOB, attempts=2)
    host.script = Script()
    sender.later(hours=4)
    await sender.delivered(BOB, attempts=3)
    assert not await sender.quiet()


async def test_an_hour_back_loses_nothing_and_spins_nowhere(net: Internet, sender: Sender) -> None:
    host = net.site("shop.example", Script(rcpt_of={BOB: say("450 4.2.0 Later", "250 OK")}))
    await sender.send(BOB)
    await sender.put_off(BOB)
    sender.set_clock(-timedelta(hours=1))
    surveys = 0
    found = sender.stores.jobs.due

    async def counted(now: object) -> object:
        nonlocal surveys
        surveys += 1
        return await found(now)  # type: ignore[arg-type]

    sender.stores.jobs.due = counted  # type: ignore[method-assign,assignment]
    sender.sending.dispatcher.look()
    await sender.send("ann@shop.example")
    await sender.delivered("ann@shop.example")
    await pause(0.5)
    assert surveys <= 3
    # it waits for an hour longer at most
    sender.later(hours=1, minutes=13)
    await sender.delivered(BOB, attempts=2)
    assert len(host.letters) == 2
    assert not await sender.quiet()


# Slow and dead hosts


async def test_a_host_like_syrup_holds_up_nobody(net: Internet, sender: Sender) -> None:
    syrup = say("250 2.1.0 OK", delay_s=1.5)
    slow = net.site("slow.example", Script(mail=syrup, content=syrup))
    quick = net.site("quick.example")
    for number in range(100):
        await sender.send(f"bob{number}@slow.example")
    begun = reactor().seconds()
    for number in range(20):
        await sender.send(f"ann{number}@quick.example")
    await sender.until(lambda: len(quick.letters) == 20, "the others wait too")
    print(f"20 messages beside a slow host: {reactor().seconds() - begun:.2f} s")
    assert len(slow.letters) < 20
    await sender.sending.dispatcher.stop(0.0)  # or the end would wait for it


@pytest.mark.parametrize("sender", [["outbound.connect_timeout=30s"]], indirect=True)
async def test_ten_thousand_messages_for_the_dead_delay_nobody(
    net: Internet, sender: Sender
) -> None:
    """All due at once, in a black hole that takes each attempt half a minute."""
    net.domain("dead.example", "mx.dead.example")
    net.black_hole("mx.dead.example")
    names = [f"quick{number}.example" for number in range(OTHERS)]
    hosts = [net.site(name) for name in names]
    await sender.send("bob@dead.example")
    await sender.stores.database.write(multiply, DEAD - 1)
    assert len(await sender.queue()) == DEAD
    sender.sending.dispatcher.look()
    begun: dict[str, float] = {}
    delays: list[float] = []

    def look() -> None:
        for host in hosts:
            for letter in host.letters:
                started = begun.pop(letter.rcpt[0], None)
                if started is not None:
                    delays.append(reactor().seconds() - started)

    for number in range(LETTERS):
        for name in names:
            begun[f"TO:<ann{number}@{name}>"] = reactor().seconds()
            await sender.send(f"ann{number}@{name}")
        await pause(WAVE_S)
        look()
    while begun:
        assert reactor().seconds() < max(begun.values()) + 15, f"{len(begun)} wait"
        await pause(0.01)
        look()
    delays.sort()
    worst = delays[math.ceil(len(delays) * 0.99) - 1]
    print(f"{DEAD} for a dead domain; others: median {delays[len(delays) // 2]:.3f} s,")
    print(f"99th percentile {worst:.3f} s, longest {delays[-1]:.3f} s")
    assert worst < 2
    await sender.sending.dispatcher.stop(0.0)  # or the end would wait for the black hole


async def test_all_who_wrote_to_the_dead_are_told_in_time(net: Internet, sender: Sender) -> None:
    """One is tried at a time, yet no sender waits for his turn to hear of it."""
    net.domain("dead.example", "mx.dead.example")
    net.nobody("mx.dead.example")
    await sender.send("bob@dead.example")
    await sender.put_off("bob@dead.example")
    await sender.stores.database.write(multiply, 29)
    rounds = 0
    while {job.state for job in (await sender.queue()).values()} != {JobState.DEAD}:
        rounds += 1
        assert rounds < 60, "some wait for ever"
        sender.later(hours=4)
        await pause(0.04)
    # five days, and an interval for what came late
    assert rounds >= 30
    notices = await sender.notices(60)
    for action in ("Action: delayed", "Action: failed"):
        assert sum(action in notice for notice in notices) == 30
    jobs = await sender.queue()
    assert {job.last.host for job in jobs.values() if job.last} == {"mx.dead.example"}
    assert min(job.attempts for job in jobs.values()) > 10


async def test_a_moments_trouble_is_not_taken_for_that_of_hours(
    net: Internet, sender: Sender
) -> None:
    """Five deliveries that fail together are one failure: in a minute it is tried again."""
    down = say("421 4.3.2 Later", delay_s=0.3, then="close")
    host = net.site("shop.example", Script(greeting=down))
    for number in range(8):
        await sender.send(f"bob{number}@shop.example")
    await sender.until(lambda: host.connections == 5, "not five at the same time")
    await sender.put_off("bob0@shop.example")
    await pause(0.3)
    host.script = Script()
    sender.later(seconds=50)
    await pause(0.1)
    assert host.connections == 5
    sender.later(seconds=15)
    for number in range(5, 8):
        await sender.delivered(f"bob{number}@shop.example")
