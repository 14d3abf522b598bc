"""A disk that is full, away or held: the client is told to come again, and nothing else ends."""

from __future__ import annotations

import os
import poplib
import smtplib
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.process import ServerProcess
from tests.fakes.server import RunningServer, until
from tests.fakes.small_disk import fill, mounted, remount

ADDRESS, PASSWORD = "info@example.org", "secret word"
SMALL = b"Subject: small\r\n\r\nbody\r\n"
# Above the threshold, so that its content is a file of its own
LARGE = b"Subject: large\r\n\r\n" + (b"x" * 98 + b"\r\n") * 3000


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "small", "8m") as folder:
        yield folder


@pytest.fixture
def server(disk: Path) -> Iterator[ServerProcess]:
    with ServerProcess(
        disk / "home", '[smtp]\nmax_errors = 0\n[log]\nlevel = "error"\n'
    ) as running:
        running.furnish((ADDRESS,), PASSWORD)
        yield running


def code(server: ServerProcess, message: bytes) -> int:
    """Send a message; return the code of the reply to it."""
    with smtplib.SMTP("127.0.0.1", server.smtp_port, timeout=30) as client:
        try:
            client.sendmail("a@example.net", [ADDRESS], message)
        except smtplib.SMTPResponseException as error:
            return int(error.smtp_code)
        except smtplib.SMTPRecipientsRefused as error:
            [(refused, _)] = error.recipients.values()
            return int(refused)
    return 250


def kept(server: ServerProcess) -> int:
    reader = poplib.POP3("127.0.0.1", server.pop3_port, timeout=30)
    try:
        reader.user(ADDRESS)
        reader.pass_(PASSWORD)
        return reader.stat()[0]
    finally:
        reader.quit()


def accepted_again(server: ServerProcess) -> None:
    """The service comes back by itself, within seconds."""
    until(lambda: code(server, SMALL) == 250, "still refused", 10)


def test_a_full_disk_is_452_until_there_is_room(server: ServerProcess, disk: Path) -> None:
    assert code(server, SMALL) == 250
    pid = server.pid
    filler = fill(disk)
    assert code(server, LARGE) == 452
    refused = [code(server, SMALL + b"y" * 900 + b"\r\n") for _ in range(200)]
    assert refused[-1] == 452
    assert set(refused) <= {250, 452}
    told = 1 + refused.count(250)
    assert kept(server) == told
    filler.unlink()
    accepted_again(server)
    assert code(server, LARGE) == 250
    assert kept(server) == told + 2
    assert server.pid == pid


def test_a_folder_that_is_away_is_451_until_it_is_back(server: ServerProcess) -> None:
    assert code(server, SMALL) == 250
    blobs = server.data_dir / "blobs"
    blobs.rename(blobs.with_name("gone"))
    assert code(server, LARGE) == 451
    blobs.with_name("gone").rename(blobs)
    assert code(server, LARGE) == 250
    assert kept(server) == 2


def test_a_database_that_another_program_holds_is_451_until_it_is_free(
    server: ServerProcess,
) -> None:
    assert code(server, SMALL) == 250
    holder = sqlite3.connect(server.data_dir / "bitrixmail.sqlite", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    assert code(server, SMALL) == 451
    assert time.monotonic() - began < 20
    assert kept(server) == 1
    holder.execute("ROLLBACK")
    holder.close()
    accepted_again(server)


def test_a_start_on_a_full_disk(disk: Path, tmp_path: Path) -> None:
    fill(disk)
    settings = [f"server.data_dir={disk / 'var'}"]
    with RunningServer(tmp_path, settings=settings) as running:
        assert running.exit_code() in {os.EX_CANTCREAT, os.EX_IOERR, os.EX_TEMPFAIL}
        told = [line for line in running.log.splitlines() if line.startswith("bitrixmail: ")]
        assert len(told) == 1, running.log
        assert "No space left on device" in told[0] or "full" in told[0], told
        assert "make room" in running.log
        assert "Traceback" not in running.log


def test_a_start_on_a_read_only_disk(disk: Path, tmp_path: Path) -> None:
    remount(disk, "ro")
    with RunningServer(tmp_path, settings=[f"server.data_dir={disk / 'var'}"]) as running:
        assert running.exit_code() in {os.EX_CANTCREAT, os.EX_NOPERM}
        assert "Read-only file system" in running.log
        assert "Traceback" not in running.log
