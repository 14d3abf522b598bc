"""Receiving with a long queue for a host that is down, and with none."""

from __future__ import annotations

import smtplib
import time
from pathlib import Path
from statistics import median

from sqlalchemy import create_engine

from bench.contestants import Ours
from bench.goals import Figure, Scores
from bench.rounds import Mode, measure
from tests.fakes.many_jobs import multiply
from tests.fakes.process import ServerProcess, free_port

QUEUED = 50_000
_NONE, _LONG = "no queue", "long queue"
_LETTER = "Subject: an order\r\n\r\n" + ("0123456789" * 7 + "\r\n") * 56


def lengthen(server: ServerProcess, count: int, recipient: str) -> None:
    """Put so many messages for a host that is down into the queue of a server that runs not.

    The first goes the way of all mail, and is attempted; the others are copies of it. All are due.
    """
    server.start()
    try:
        with smtplib.SMTP("127.0.0.1", server.smtp_port, timeout=60) as client:
            client.sendmail("info@example.org", [recipient], _LETTER)
        until = time.monotonic() + 60
        while "mail: deferred" not in server.log.read_text():
            if time.monotonic() > until:
                raise RuntimeError("the first message of the queue is not attempted")
            time.sleep(0.05)
    finally:
        server.stop()
        server.kill()
    engine = create_engine(f"sqlite:///{server.data_dir}/bitrixmail.sqlite")
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE job SET not_before = created, attempts = 0")
        multiply(connection, [count - 1])
    engine.dispose()


class OursQueueing(Ours):
    """bitrixmail with so many messages in its queue, for a host that refuses every call."""

    def __init__(self, home: Path, name: str, queued: int) -> None:
        # One process: rates of one and of two would be compared while a second one comes
        super().__init__(home, name, processes=1)
        self._queued = queued
        self.server.configure("outbound", f'smarthost = "127.0.0.1:{free_port()}"')
        self.server.configure("outbound", 'relay_networks = ["127.0.0.0/8"]')

    def start(self) -> None:
        if self._queued:
            lengthen(self.server, self._queued, "bob@elsewhere.example")
        super().start()


def run(home: Path, scores: Scores, rounds: int, messages: int) -> None:
    """Print the rates, in turn, and what is left of the one without a queue."""
    print(
        f"Receiving 4 KiB for a mailbox over kept connections, with {QUEUED} messages in the queue,"
        "\nall due, for a host that refuses every call; and with none. 20 sessions.\n"
    )
    mode = Mode("4 KiB, connections kept, 20 sessions", ("-d",), share=2.0)
    servers = (
        OursQueueing(home / "backlog" / "none", _NONE, 0),
        OursQueueing(home / "backlog" / "long", _LONG, QUEUED),
    )
    try:
        for server in servers:
            server.start()
        result = measure(mode, servers, rounds, messages)
    finally:
        for server in servers:
            server.stop()
    for name, found in result.rounds.items():
        rate = median(each.rate for each in found)
        cpu_ms = median(1000 * each.cpu_s / each.messages for each in found)
        print(f"  {name:<10} {rate:>7.0f}/s {cpu_ms:>6.2f} CPU s per 1,000")
    share = median(result.rate_ratios(_LONG, _NONE))
    scores.add(Figure(f"receiving with {QUEUED} queued, beside none", share, 0.9, 1.0))
    print()
