"""Delivery out of the queue to smtp-sink beside Postfix: 1, 10 and 50 connections.

Both queues are filled while nobody listens at the other side, then flushed. From the first message
that has left a queue to the last: what is counted is what each has settled on its disk.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import time
from pathlib import Path
from statistics import median

from bench.contestants import OURS, POSTFIX, greets
from bench.goals import Figure, Scores
from bench.processes import cpu_s
from bench.rounds import progress
from tests.fakes.postfix import PrivatePostfix
from tests.fakes.process import ServerProcess, free_port

_CONNECTIONS = (1, 10, 50)
_GOALS = {1: (1.5, None), 10: (1.5, 3.0), 50: (1.5, 3.0)}
_MOST_S = 120.0
_ADDRESS = "bob@elsewhere.example"
_OPEN = "SELECT count(*) FROM job WHERE settled IS NULL"


class Sink:
    """smtp-sink, which takes everything and keeps nothing. Made for one flush."""

    def __init__(self, port: int) -> None:
        self._process = subprocess.Popen(
            ["smtp-sink", "-u", "nobody", f"127.0.0.1:{port}", "500"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        if not greets(port, 10):
            raise RuntimeError("smtp-sink does not answer")

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


class OursSending:
    """bitrixmail with everything going to one host. Made for one number of connections."""

    name = OURS

    def __init__(self, home: Path, sink_port: int, connections: int) -> None:
        self.server = ServerProcess(home)
        self.server.configure("outbound", f'smarthost = "127.0.0.1:{sink_port}"')
        self.server.configure("outbound", 'relay_networks = ["127.0.0.0/8"]')
        self.server.configure("outbound", f"connections_per_domain = {connections}")
        self.port = self.server.smtp_port
        self._file = self.server.data_dir / "bitrixmail.sqlite"
        self._before = 0

    @property
    def pid(self) -> int:
        return self.server.pid

    def start(self) -> None:
        self.server.start()

    def stop(self) -> None:
        self.server.kill()

    def queued(self) -> int:
        """Count what has not left yet."""
        reader = sqlite3.connect(f"file:{self._file}?mode=ro", uri=True, timeout=60)
        try:
            return int(reader.execute(_OPEN).fetchone()[0])
        finally:
            reader.close()

    def trying(self) -> int:
        """Count what it still tries though nobody listens: one at a time, which is soon over."""
        return 0

    def flush(self) -> None:
        self.server.cli("queue", "retry", "--all")


class PostfixSending(PrivatePostfix):
    """Postfix with Debian's defaults, everything going to one host. Made as above."""

    name = POSTFIX

    def __init__(self, home: Path, sink_port: int, connections: int) -> None:
        super().__init__(home, free_port(), "nobody")
        self._sink_port = sink_port
        self._connections = connections

    def start(self) -> None:
        super().start()

    def _lay_out(self) -> None:
        super()._lay_out()
        with (self.home / "etc" / "main.cf").open("a") as settings:
            settings.write(
                f"relayhost = [127.0.0.1]:{self._sink_port}\n"
                f"default_destination_concurrency_limit = {self._connections}\n"
                f"initial_destination_concurrency = {min(5, self._connections)}\n"
            )
        with (self.home / "etc" / "master.cf").open("a") as services:
            services.write(
                "smtp unix - - n - - smtp\nrelay unix - - n - - smtp\n"
                "pickup unix n - n 60 1 pickup\nshowq unix n - n - - showq\n"
            )

    def queued(self) -> int:
        """See OursSending."""
        return self._files("incoming", "active", "deferred", "maildrop")

    def trying(self) -> int:
        """See OursSending. What is tried as the queue is flushed would wait for minutes."""
        return self._files("incoming", "active", "maildrop")

    def _files(self, *queues: str) -> int:
        spool = self.home / "spool"
        return sum(len(files) for queue in queues for _, _, files in os.walk(spool / queue))

    def flush(self) -> None:
        subprocess.run(
            ["postqueue", "-c", str(self.home / "etc"), "-f"], check=True, stdin=subprocess.DEVNULL
        )


def wait_until_empty(contestant: OursSending | PostfixSending) -> None:
    """Wait until all has left a queue; RuntimeError if it does not."""
    until = time.monotonic() + _MOST_S
    while left := contestant.queued():
        if time.monotonic() > until:
            raise RuntimeError(f"{contestant.name}: {left} messages do not leave")
        time.sleep(0.02)


def run(home: Path, scores: Scores, rounds: int, messages: int) -> None:
    """Print the rates, in turn, and how ours stands to Postfix's."""
    print(
        "Delivery of 4 KiB to smtp-sink on the same machine, out of a queue that is flushed; from"
        "\nthe first message that has left it to the last. CPU s of all processes of the server,"
        "\nper 1,000 messages.\n"
    )
    for connections in _CONNECTIONS:
        rates: dict[str, list[float]] = {OURS: [], POSTFIX: []}
        cpus: dict[str, list[float]] = {OURS: [], POSTFIX: []}
        port = free_port()
        folder = home / f"delivery-{connections}"
        contestants = (
            OursSending(folder / "ours", port, connections),
            PostfixSending(folder / "postfix", port, connections),
        )
        try:
            for contestant in contestants:
                contestant.start()
            for number in range(rounds):
                for contestant in contestants:
                    progress(f"delivery: {connections} connections, round {number + 1}/{rounds}")
                    rate, cpu = _flushed(contestant, port, messages)
                    rates[contestant.name].append(rate)
                    cpus[contestant.name].append(cpu)
        finally:
            for contestant in contestants:
                contestant.stop()
        progress("")
        for name, found in rates.items():
            print(
                f"  {connections:>2} connections, {name:<10} {median(found):>7.0f}/s"
                f" {median(cpus[name]):>6.2f} CPU s"
            )
        ratio = median(a / b for a, b in zip(rates[OURS], rates[POSTFIX], strict=True))
        must, aim = _GOALS[connections]
        plural = "" if connections == 1 else "s"
        name = f"delivery, {connections} connection{plural}, beside Postfix"
        scores.add(Figure(name, ratio, must, aim))
    print()


def _flushed(
    contestant: OursSending | PostfixSending, sink_port: int, count: int
) -> tuple[float, float]:
    """Fill a queue, flush it, and return messages a second and CPU seconds per 1,000."""
    subprocess.run(
        [
            *("smtp-source", "-4", "-d", "-s", "20", "-m", str(count), "-l", "4096"),
            *("-M", "client.example.net", "-f", "info@example.org", "-t", _ADDRESS),
            f"127.0.0.1:{contestant.port}",
        ],
        check=True,
        stdin=subprocess.DEVNULL,
        timeout=300,
    )
    until = time.monotonic() + _MOST_S
    while contestant.queued() < count or contestant.trying():
        if time.monotonic() > until:
            raise RuntimeError(f"{contestant.name}: the queue does not fill")
        time.sleep(0.1)
    time.sleep(1.0)  # what it tries in vain is over
    sink = Sink(sink_port)
    before_s = cpu_s(contestant.pid)
    try:
        contestant.flush()
        begun = ended = time.perf_counter()
        first = count
        until = time.monotonic() + _MOST_S
        started = False
        while (left := contestant.queued()) > 0:
            if not started and left < count:
                started, begun, first = True, time.perf_counter(), left
            if time.monotonic() > until:
                raise RuntimeError(f"{contestant.name}: {left} messages do not leave")
            time.sleep(0.005)
        ended = time.perf_counter()
    finally:
        sink.stop()
    spent_s = cpu_s(contestant.pid) - before_s
    return first / (ended - begun), 1000 * spent_s / count
