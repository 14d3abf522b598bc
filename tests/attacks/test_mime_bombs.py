"""MIME bombs: each is accepted, judged by the rules and filed, in two seconds and 64 MiB."""

from __future__ import annotations

import json
import smtplib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.attacks.bombs import BOMBS, RULES
from tests.crash.harvest import read_folder
from tests.fakes.process import ROOT, ServerProcess

MOST_S = 2.0
MOST_MIB = 64.0


@pytest.fixture(scope="module")
def measured() -> dict[str, dict[str, Any]]:
    """Measure all of them in one process, which forks for each."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.attacks.bombs"],
        capture_output=True,
        text=True,
        timeout=600,
        cwd=ROOT,
        check=True,
    )
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return {each["name"]: each for each in found}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_costs_little(name: str, measured: dict[str, dict[str, Any]]) -> None:
    found = measured[name]
    assert "error" not in found, found["error"]
    assert found["reply"].startswith("250 "), found
    # of both mailboxes; what could not be judged would be in quarantine
    assert found["folders"] == ["Bombs", "Bombs"]
    assert found["after"].startswith("250 ")
    assert found["seconds"] < MOST_S, found
    assert found["mib"] < MOST_MIB, found


ADDRESS, PASSWORD = "info@example.org", "pass word"
# How the door of a server with its usual limits answers, and whether the bomb is filed
SENT = {
    "1,000,000 boundary lines": 250,
    "100,000 attachments": 250,
    "1,000,000 addresses in letters": 250,
    "quoted-printable junk": 250,
    "base64 junk": 250,
    "100 MB of headers": 552,
    "a header line of 10 MB": 550,
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("bombs")) as running:
        running.furnish((ADDRESS,), PASSWORD, RULES)
        yield running


def throw(port: int, codes: dict[str, int]) -> None:
    for name in SENT:
        with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
            client.ehlo("client.example")
            client.mail("a@client.example", ["SMTPUTF8"])
            client.rcpt(ADDRESS)
            client.docmd("DATA")
            assert client.sock is not None
            for chunk in (*BOMBS[name](), b"\r\n.\r\n"):
                client.sock.sendall(chunk)
            codes[name], _ = client.getreply()


def test_a_server_takes_or_refuses_them_and_answers_others(server: ServerProcess) -> None:
    codes: dict[str, int] = {}
    thrower = threading.Thread(target=throw, args=(server.smtp_port, codes), daemon=True)
    thrower.start()
    slowest_s, greeted = 0.0, 0
    while thrower.is_alive():
        begun = time.monotonic()
        with socket.create_connection(("127.0.0.1", server.smtp_port), timeout=20) as link:
            assert link.recv(3) == b"220"
        slowest_s = max(slowest_s, time.monotonic() - begun)
        greeted += 1
        time.sleep(0.05)
    assert codes == SENT
    assert greeted > 3
    # far above what it takes, since the machine has others to serve, too
    assert slowest_s < 5
    kept = list(read_folder(server.pop3_port, "info+Bombs@example.org", PASSWORD))
    assert len(kept) == sum(code == 250 for code in SENT.values())
    assert "Traceback" not in server.log.read_text()
