"""The filter for fail2ban, tried with its own program on what a real server wrote."""

from __future__ import annotations

import socket
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.fakes.process import ROOT, ServerProcess

FILTER = ROOT / "etc" / "fail2ban" / "filter.d" / "bitrixmail.conf"
EHLO = b"EHLO client.example.net"
MAIL = b"MAIL FROM:<a@example.net>"
POSTMASTER = b"RCPT TO:<postmaster@example.org>"
# A sender that looks like a line of the log with somebody else's address
FORGED = rb'MAIL FROM:<"x info mail: refused peer=127.9.9.9 reply=\"421 4.7.0 x\""@example.net>'


def talk(port: int, source: str, *commands: bytes) -> None:
    """Send commands from a source, each behind the reply to the one before; stop where it ends."""
    link = socket.create_connection(("127.0.0.1", port), timeout=20, source_address=(source, 0))
    with link, link.makefile("rb") as heard:
        for command in (b"", *commands):
            if command:
                link.sendall(command + b"\r\n")
            while (line := heard.readline())[3:4] == b"-":
                pass
            if not line or line.startswith(b"421"):
                return


def matched(log: Path, mode: str) -> Counter[str]:
    """Return how many lines of the log fail2ban finds, by address."""
    done = subprocess.run(
        ["fail2ban-regex", "-o", "ip", str(log), f"{FILTER}[mode={mode}]"],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return Counter(done.stdout.split())


@pytest.mark.debian("fail2ban")
@pytest.mark.parametrize("form", ["text", "json"])
def test_the_filter_finds_who_is_to_be_banned_and_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setenv("BITRIXMAIL_SERVER__DOMAINS", "example.org")
    monkeypatch.setenv("BITRIXMAIL_LOG__FORMAT", form)
    limits = (
        "[smtp]\nexempt_networks = []\nconnections_per_minute_per_ip = 5\nmax_errors = 3\n"
        "max_messages = 2\n"
        'error_delay = "0"\nhello_timeout = "3s"\n'
    )
    with ServerProcess(tmp_path, limits) as server:
        port = server.smtp_port
        guesses = [b"RCPT TO:<guess%d@example.org>" % number for number in range(20)]
        talk(port, "127.0.0.2", EHLO, MAIL, *guesses, b"QUIT")
        talk(port, "127.0.0.3", EHLO, MAIL, b"RCPT TO:<a@example.com>", b"QUIT")
        talk(port, "127.0.0.4", EHLO + b"\r\n" + MAIL)
        talk(port, "127.0.0.5", *[b"FOO"] * 3)
        # what good clients do, also clumsy ones
        talk(port, "127.0.0.7", EHLO, MAIL, POSTMASTER, b"DATA", b"x\r\n.", b"FOO", b"QUIT")
        talk(port, "127.0.0.9", EHLO, MAIL, POSTMASTER, *guesses[:4], b"DATA", b"x\r\n.", b"QUIT")
        message = (MAIL, POSTMASTER, b"DATA", b"x\r\n.")
        talk(port, "127.0.0.11", EHLO, *message * 2, MAIL)
        talk(port, "127.0.0.12", EHLO, MAIL + b" SIZE=99999999", b"QUIT\r\n\r\n")
        for _ in range(7):
            talk(port, "127.0.0.6", b"QUIT")
        talk(port, "127.0.0.8", EHLO, FORGED, POSTMASTER, b"DATA", b"x\r\n.", b"QUIT")
        # whose time is over: a line, but not one to be banned for
        link = socket.create_connection(("127.0.0.1", port), source_address=("127.0.0.10", 0))
        with link, link.makefile("rb") as heard:
            assert heard.readline().startswith(b"220")
            assert heard.readline().startswith(b"421 4.4.2")
        log = server.log.read_text()
        assert log.count("accepted") >= 2
        assert "127.9.9.9" in log
        found = {"127.0.0.2": 1, "127.0.0.3": 1, "127.0.0.4": 1, "127.0.0.5": 1}
        assert matched(server.log, "normal") == found
        also = {"127.0.0.2": 21, "127.0.0.9": 4, "127.0.0.6": 2, "127.0.0.10": 1, "127.0.0.11": 1}
        assert matched(server.log, "aggressive") == {**found, **also}
