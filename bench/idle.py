"""Five thousand clients that say nothing: what they cost, and whether others feel them."""

from __future__ import annotations

import contextlib
import resource
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from bench.contestants import ADDRESS, PASSWORD
from bench.goals import Figure, Scores
from bench.processes import cpu_s, pss_kib
from bench.rounds import progress
from tests.fakes.process import ServerProcess

CONNECTIONS = 5000
_SPARE_DESCRIPTORS = 200
_IDLE_S = 10.0
_NOOPS = 2000
# The addresses that clients come from: an address has too few ports for much more
_SOURCES = 5
_SETTINGS = f"""\
[smtp]
connections = {4 * CONNECTIONS}
max_idle_commands = 0
hello_timeout = "1h"
first_message_timeout = "1h"
"""


def run(home: Path, scores: Scores) -> None:
    """Print memory, CPU and the waits of somebody beside them."""
    count = _most_connections()
    server = ServerProcess(home / "idle", _SETTINGS)
    server.furnish((ADDRESS,), PASSWORD)
    server.start()
    try:
        with _greeted(server.smtp_port, 1) as others:
            alone = _noops(others[0])
            before_kib = pss_kib(server.pid)
            begun = time.perf_counter()
            with _greeted(server.smtp_port, count):
                connected_s = time.perf_counter() - begun
                memory_kib = (pss_kib(server.pid) - before_kib) / count
                cpu_before = cpu_s(server.pid)
                time.sleep(_IDLE_S)
                share = (cpu_s(server.pid) - cpu_before) / _IDLE_S
                beside = _noops(others[0])
    finally:
        server.kill()
    print(
        f"  {count} connections, greeted and EHLO said, in {connected_s:.1f} s;"
        f" CPU while idle {share:.1%}\n"
        f"  NOOP alone {_told(alone)}; beside them {_told(beside)}"
    )
    name = f"memory of each of {count} idle connections"
    scores.add(Figure(name, memory_kib, 8.0, 4.0, " KiB", at_most=True))
    print()


def _most_connections() -> int:
    """Raise our limit of descriptors, which the server inherits, and keep to what there is."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return min(CONNECTIONS, hard - _SPARE_DESCRIPTORS)


@contextlib.contextmanager
def _greeted(port: int, count: int) -> Iterator[list[socket.socket]]:
    """Open connections that have said EHLO, each as soon as the one before is greeted."""
    with contextlib.ExitStack() as stack:
        links = []
        for number in range(count):
            if number % 500 == 0:
                progress(f"idle connections: {number} of {count}")
            link = socket.create_connection(
                ("127.0.0.1", port), 20, source_address=(f"127.0.0.{2 + number % _SOURCES}", 0)
            )
            stack.enter_context(link)
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _reply(link)
            link.sendall(b"EHLO client.example.net\r\n")
            _reply(link)
            links.append(link)
        progress("")
        yield links


def _reply(link: socket.socket) -> None:
    """Read a reply with all its lines (RFC 5321 §4.2.1)."""
    octets = b""
    while True:
        piece = link.recv(4096)
        if not piece:
            raise ConnectionError("the server closed the connection")
        octets += piece
        last = octets[:-2].rpartition(b"\r\n")[2]
        if octets.endswith(b"\r\n") and last[3:4] == b" ":
            return


def _noops(link: socket.socket) -> list[float]:
    """Return the waits for the answers to NOOP, in microseconds, sorted."""
    waits = []
    for _ in range(_NOOPS):
        begun = time.perf_counter()
        link.sendall(b"NOOP\r\n")
        _reply(link)
        waits.append((time.perf_counter() - begun) * 1e6)
    return sorted(waits)


def _told(waits: list[float]) -> str:
    return f"{waits[len(waits) // 2]:.0f} us (99 %: {waits[len(waits) * 99 // 100]:.0f} us)"
