"""A server whose descriptors run out although its doors keep to their part of them."""

from __future__ import annotations

import socket
from pathlib import Path
from resource import RLIMIT_NOFILE, prlimit

from tests.fakes.process import ServerProcess
from tests.fakes.server import until


def connected(port: int) -> socket.socket:
    link = socket.create_connection(("127.0.0.1", port), timeout=10)
    link.settimeout(10)
    return link


def test_a_silent_session_gives_its_descriptor_to_a_new_one(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server:
        silent = [connected(server.smtp_port) for _ in range(5)]
        for link in silent:
            assert link.recv(3) == b"220"
        highest = max(int(entry.name) for entry in Path(f"/proc/{server.pid}/fd").iterdir())
        _, hard = prlimit(server.pid, RLIMIT_NOFILE)
        # not one more descriptor than there are
        prlimit(server.pid, RLIMIT_NOFILE, (highest + 1, hard))
        new = []
        for _ in range(3):
            new.append(connected(server.smtp_port))
            assert new[-1].recv(3) == b"220"
        until(lambda: "no descriptors left" in server.log.read_text(), "nothing in the log")
        for link in silent + new:
            link.close()
