"""How long mail for others takes while a domain is dead and thousands of messages wait for it."""

from __future__ import annotations

import math
import smtplib
import time
from pathlib import Path

from bench.backlog import lengthen
from bench.goals import Figure, Scores
from bench.rounds import progress
from tests.crash.far_side import FarSide
from tests.fakes.black_hole import BlackHole
from tests.fakes.process import ServerProcess

DEAD = 10_000
_DOMAINS = tuple(f"quick{number}.example" for number in range(10))
_WAVES = 60
_WAVE_S = 0.2
_MOST_S = 60.0
_LOOK_S = 0.002


def run(home: Path, scores: Scores) -> None:
    """Print the delays from the handing over to the arrival at the other side."""
    print(
        f"{DEAD} messages for a domain whose host never answers, all due when the server starts;"
        f"\nbeside them {_WAVES * len(_DOMAINS)} for {len(_DOMAINS)} others, {len(_DOMAINS)} every"
        f" {_WAVE_S} s. From the handing over of each to its arrival.\n"
    )
    with FarSide(dict.fromkeys(_DOMAINS, 0.0)) as side:
        address = f"127.0.0.{len(_DOMAINS) + 2}"
        side.dns.zone.add("dead.example. 60 IN MX 10 mx.dead.example.")
        side.dns.zone.add(f"mx.dead.example. 60 IN A {address}")
        server = _server(home / "standstill", side)
        # The first one finds nobody there, at once; then there is somebody who does not answer
        lengthen(server, DEAD, "bob@dead.example")
        hole = BlackHole(address, side.port)
        server.start()
        try:
            delays_s = sorted(_delays(server, side))
        finally:
            server.kill()
            hole.close()
    worst_s = delays_s[math.ceil(len(delays_s) * 0.99) - 1]
    print(f"  median {delays_s[len(delays_s) // 2]:.3f} s, longest {delays_s[-1]:.3f} s")
    name = f"mail for others beside {DEAD} for a dead domain, 99th percentile"
    scores.add(Figure(name, worst_s, 2.0, None, " s", at_most=True))
    print()


def _server(home: Path, side: FarSide) -> ServerProcess:
    server = ServerProcess(home)
    server.configure("dns", f'servers = ["{side.dns.address}"]')
    for line in (
        f"smtp_port = {side.port}",
        "private_hosts = true",
        "ipv6 = false",
        'relay_networks = ["127.0.0.0/8"]',
    ):
        server.configure("outbound", line)
    return server


def _delays(server: ServerProcess, side: FarSide) -> list[float]:
    """Hand mail over wave after wave; return how long each took, in seconds."""
    begun: dict[tuple[str, str], float] = {}
    delays: list[float] = []

    def look(until: float) -> None:
        while True:
            now = time.monotonic()
            arrived = side.counted().keys() & begun.keys()
            delays.extend(now - begun.pop(copy) for copy in arrived)
            if now >= until:
                return
            time.sleep(_LOOK_S)

    with smtplib.SMTP("127.0.0.1", server.smtp_port, timeout=60) as client:
        for wave in range(_WAVES):
            progress(f"beside a dead domain: {wave + 1}/{_WAVES}")
            over = time.monotonic() + _WAVE_S
            for domain in _DOMAINS:
                copy = f"<{wave}@client.example>", f"ann{wave}@{domain}"
                begun[copy] = time.monotonic()
                client.sendmail(
                    "info@example.org", [copy[1]], f"Message-ID: {copy[0]}\r\n\r\nHello\r\n"
                )
            look(over)
    last = time.monotonic() + _MOST_S
    while begun:
        if time.monotonic() > last:
            raise RuntimeError(f"{len(begun)} messages do not arrive")
        look(time.monotonic() + 10 * _LOOK_S)
    progress("")
    return delays
