"""A message that our own code stumbles over is kept in quarantine, and its trace shows the bug."""

from __future__ import annotations

import poplib
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.process import BIN, ROOT
from tests.fakes.server import RunningServer
from tests.faults import poisoned

ADDRESS, PASSWORD = "info@example.org", "correct horse"
ERRORS = {
    "division": "ZeroDivisionError: division by zero",
    "recursion": "RecursionError: maximum recursion depth exceeded",
    "memory": "MemoryError: planted",
}


def cli(server: RunningServer, *words: str, said: str = "") -> str:
    return subprocess.run(
        [BIN / "bitrixmail", *words],
        input=said,
        env=server.environment(),
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    ).stdout


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    program = (sys.executable, str(Path(poisoned.__file__)))
    with RunningServer(tmp_path, program=program, environment={"PYTHONPATH": str(ROOT)}) as running:
        running.ready()
        cli(running, "mailbox", "add", ADDRESS, "--password-stdin", said=PASSWORD + "\n")
        yield running


def queue_id(server: RunningServer, subject: str) -> str:
    """Send a message; return the id under which it was queued."""
    with smtplib.SMTP("127.0.0.1", server.port, timeout=20) as client:
        client.ehlo()
        client.mail("a@example.net")
        client.rcpt(ADDRESS)
        code, words = client.data(f"Subject: {subject}\r\n\r\ntext of {subject}\r\n")
        assert code == 250, words
        return words.decode().rpartition(" ")[2]


def folder(server: RunningServer, name: str) -> list[bytes]:
    reader = poplib.POP3("127.0.0.1", server.pop3_port, timeout=20)
    reader.user(f"info+{name}@example.org")
    reader.pass_(PASSWORD)
    found = [b"\n".join(reader.retr(n + 1)[1]) for n in range(reader.stat()[0])]
    reader.quit()
    return found


def test_poison_messages_are_kept_with_their_tracebacks_and_other_mail_goes_on(
    server: RunningServer,
) -> None:
    subjects = [f"{stage} meets {bug}" for stage in ("parsing", "judging") for bug in ERRORS]
    ids = {subject: queue_id(server, subject) for subject in subjects}
    good = queue_id(server, "nothing in particular")
    texts = b"\n".join(folder(server, "Quarantine"))
    for subject, kept_as in ids.items():
        assert f"text of {subject}".encode() in texts
        assert f"quarantined queue_id={kept_as}" in server.log
    told = cli(server, "trace", ADDRESS, "--limit", "50")
    assert told.count("Traceback") == len(ids)
    for error in ERRORS.values():
        assert told.count(error) == 2, told
    assert "Traceback" in cli(server, "trace", ids[subjects[0]])
    assert f"accepted queue_id={good}" in server.log
    assert server.process.poll() is None
