"""`python -m tests.outage [SECONDS]`: an endpoint goes down while letters come in, and comes back.

Two mailboxes call two endpoints; one of these is down for so long. Each letter's call is to arrive
once, in order, and the other mailbox is to notice nothing.
"""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import react

from tests.fakes.delivering import pause, reactor
from tests.fakes.endpoint import Endpoint
from tests.internet.hooks import INFO, SHOP, Hooks, rule
from tests.internet.net import Internet

EVERY_S = 0.1
BEFORE_S, AFTER_S = 5.0, 5.0
PATIENCE_S = 400.0


async def outage(down_s: float) -> bool:
    """Run it; return whether all is as it should be."""
    net = Internet().open()
    page, other = Endpoint().up(), Endpoint().up()
    hosts = [f"127.0.0.1:{each.port}" for each in (page, other)]
    with tempfile.TemporaryDirectory() as folder:
        house = await Hooks(Path(folder), net, hosts).open()
        await house.rules(rule(page.url, INFO), rule(other.url, SHOP))
        taken: dict[str, float] = {}
        begun = reactor().seconds()
        down_at, up_at = begun + BEFORE_S, begun + BEFORE_S + down_s
        is_up, number = True, 0
        while reactor().seconds() < up_at + AFTER_S:
            now = reactor().seconds()
            if is_up and down_at <= now < up_at:
                await page.down()
                is_up = False
            elif not is_up and now >= up_at:
                page.up()
                is_up = True
            for mailbox, name in ((INFO, f"i{number}"), (SHOP, f"s{number}")):
                taken[name] = reactor().seconds()
                await house.receive(name, mailbox)
            number += 1
            await pause(EVERY_S)
        if not is_up:
            page.up()
        await house.all_done(PATIENCE_S)
        right = _told(page, other, taken, number, up_at)
        await house.close()
    await page.down()
    await other.down()
    await net.close()
    return right


def _told(
    page: Endpoint, other: Endpoint, taken: dict[str, float], number: int, up_at: float
) -> bool:
    calls, others = page.subjects, other.subjects
    waits = sorted(request.at - taken[request.subject] for request in other.requests)
    again = next(request.at for request in page.requests if request.at >= up_at) - up_at
    last = page.requests[-1].at - up_at
    in_order = calls == [f"i{each}" for each in range(number)]
    print(f"letters for each of two mailboxes: {number}")
    print(f"calls at the endpoint that was down: {len(calls)}, lost {number - len(set(calls))},")
    print(f"  twice {len(calls) - len(set(calls))}, in their order: {in_order}")
    print(f"  first call {again:.1f} s after it was back, all done {last:.1f} s after")
    print(f"calls at the other: {len(others)}, in their order: {others == sorted(others, key=_by)}")
    print(f"  from taken in to called: median {waits[len(waits) // 2] * 1000:.0f} ms,", end=" ")
    print(f"longest {waits[-1] * 1000:.0f} ms")
    return in_order and others == [f"s{each}" for each in range(number)]


def _by(subject: str) -> int:
    return int(subject[1:])


def _main(_reactor: Any, *arguments: str) -> Deferred[None]:
    async def run() -> None:
        seconds = float(arguments[0]) if arguments else 30.0
        if not await outage(seconds):
            raise SystemExit(1)

    return Deferred.fromCoroutine(run())


if __name__ == "__main__":
    react(_main, sys.argv[1:])
