"""Thousands of sockets that only hold a place do not keep a client out.

SLOW_SOCKETS=2000 pytest tests/attacks/test_slow_sockets.py     the full house; default: 400
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from pathlib import Path

import pytest

from tests.attacks.slow_sockets import SlowSockets, descriptors
from tests.fakes.process import ServerProcess

ENVELOPE = b"MAIL FROM:<a@example.net>\r\nRCPT TO:<postmaster@example.org>\r\n"
FULL = "SLOW_SOCKETS" in os.environ
SOCKETS = int(os.environ.get("SLOW_SOCKETS", "400"))
# Until the greeting and until all is delivered; beside other tests the machine is theirs, too
MOST_S = (1, 3) if FULL else (5, 10)
ADDRESSES = 200
CLIENTS = 8
LETTER = b"Subject: among the slow\r\n\r\n%d\r\n.\r\n"


def settings(**smtp: str | int) -> str:
    lines = ["exempt_networks = []", *(f"{key} = {value!r}" for key, value in smtp.items())]
    return "[smtp]\n" + "\n".join(lines).replace("'", '"') + "\n"


def deliver(port: int, number: int) -> tuple[float, float]:
    """Send one message, a command at a time; return after how long it was greeted and done."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=20) as link:
        heard = link.makefile("rb")

        def expect(code: bytes) -> None:
            while (line := heard.readline())[3:4] == b"-":
                pass
            assert line.startswith(code), line

        expect(b"220")
        greeted = time.monotonic() - began
        for command, code in (
            (b"EHLO client.example.net\r\n", b"250"),
            (b"MAIL FROM:<a@example.net>\r\n", b"250"),
            (b"RCPT TO:<postmaster@example.org>\r\n", b"250"),
            (b"DATA\r\n", b"354"),
            (LETTER % number, b"250"),
            (b"QUIT\r\n", b"221"),
        ):
            link.sendall(command)
            expect(code)
        return greeted, time.monotonic() - began


def drip(port: int) -> bytes:
    """Send content at ten octets a second; return what is said to that."""
    link = socket.create_connection(("127.0.0.1", port), timeout=20)
    with link, link.makefile("rb") as heard:
        heard.readline()
        for commands in (b"EHLO x\r\n", ENVELOPE + b"DATA\r\n"):
            link.sendall(commands)
            while not (line := heard.readline()).startswith((b"250 LIMITS", b"354")):
                assert line, "closed"
        until = time.monotonic() + 15
        link.settimeout(0.1)
        while time.monotonic() < until:
            link.sendall(b"x")
            with contextlib.suppress(TimeoutError):
                return link.recv(4096)
    return b""


@pytest.mark.parametrize("more", [0, SOCKETS // 8] if FULL else [0])
def test_a_client_gets_in_among_slow_sockets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: int
) -> None:
    """None of them is refused by the limits of its address: ten there, as many as it holds."""
    monkeypatch.setenv("BITRIXMAIL_SERVER__DOMAINS", "example.org")
    # in a full house only who gives way makes room: nobody's time is over before
    patience = "5s" if more else "1m"
    allowed = settings(connections=SOCKETS + more, connections_per_ip=10, pressure_timeout=patience)
    with descriptors(SOCKETS * 2 + 500), ServerProcess(tmp_path, allowed) as server:
        with SlowSockets(server.smtp_port, SOCKETS, ADDRESSES, pause_s=10) as slow:
            slow.wait_until_greeted(SOCKETS, timeout_s=60)
            assert slow.refused == []
            time.sleep(1)
            times = []
            for number in range(CLIENTS):
                times.append(deliver(server.smtp_port, number))
                time.sleep(0.3)
            greeted, done = (max(column) for column in zip(*times, strict=True))
            assert greeted <= MOST_S[0], times
            assert done <= MOST_S[1], times
            assert slow.trouble is None
        log = server.log.read_text()
        assert log.count("mail: accepted ") == CLIENTS
        assert "under pressure" in log
        if not more:
            assert 'peer=127.1.0.1 reply="421 4.3.2' in log
        print(
            f"{SOCKETS} sockets: greeted {greeted:.3f} s, done {done:.3f} s, {slow.sent_away} gone"
        )


def test_content_that_drips_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BITRIXMAIL_SERVER__DOMAINS", "example.org")
    with ServerProcess(tmp_path, settings(data_grace="1s", min_data_rate="100B")) as server:
        assert drip(server.smtp_port).startswith(b"421 4.4.2 Content comes too slowly")
        assert 'peer=127.0.0.1 reply="421 4.4.2 Content comes too slowly' in server.log.read_text()
