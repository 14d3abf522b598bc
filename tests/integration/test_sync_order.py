"""The order of system calls: what a message needs on the disk is synced before its 250 is sent."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.crash.client import SMTPClient
from tests.crash.letters import Letter
from tests.fakes.process import ServerProcess
from tests.fakes.strace import CALLS, finished, synced_before_each_reply

ADDRESS = "info@example.org"


@contextmanager
def traced(pid: int, output: Path) -> Iterator[None]:
    """Watch all threads of a process; skip the test where that is forbidden."""
    # CAP_SYS_PTRACE may be missing in a container even for root.
    watcher = subprocess.Popen(
        ["strace", "-f", "-y", "-s", "96", "-e", f"trace={CALLS}", "-o", output, "-p", str(pid)],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        said = watcher.stderr.readline() if watcher.stderr else ""
        if "attached" not in said:
            pytest.skip(f"strace may not watch a process here: {said.strip()}")
        # It names the process when it has attached the first thread; the others follow at once.
        time.sleep(0.5)
        yield
        time.sleep(0.3)
    finally:
        watcher.send_signal(signal.SIGINT)
        watcher.wait(10)
        if watcher.stderr:
            watcher.stderr.close()


@pytest.mark.debian("strace")
def test_a_sync_of_all_that_was_written_precedes_each_250(tmp_path: Path) -> None:
    small = b"From: a@example.net\r\nSubject: small\r\n\r\ntext\r\n"
    large = small + b"0123456789abcde\r\n" * 16000
    server = ServerProcess(tmp_path / "server")
    server.configure("server", "processes = 1")  # the one that is traced
    with server:
        server.furnish((ADDRESS,), "a password of the test")
        with SMTPClient(server.smtp_port, None) as client:
            client.send(Letter("warm-up", (ADDRESS,), small, chunked=False))
            with traced(server.pid, tmp_path / "trace"):
                for number in range(5):
                    client.send(Letter(f"s{number}", (ADDRESS,), small, chunked=number % 2 == 1))
                for number in range(3):
                    client.send(Letter(f"l{number}", (ADDRESS,), large, chunked=number % 2 == 1))
    with (tmp_path / "trace").open() as lines:
        calls = list(finished(iter(lines)))
    groups = synced_before_each_reply(calls)
    assert len(groups) == 8, [call for call in calls if call.acknowledges]
    data_dir = str(server.data_dir)
    for synced in groups:
        assert synced, "a 250 without a sync before it"
        assert synced[-1] == f"{data_dir}/bitrixmail.sqlite-wal", synced
    for synced in groups[5:]:
        *before, _ = [path for path in synced if path.startswith(data_dir)]
        folders = [path for path in before if Path(path).is_dir()]
        files = [path for path in before if not path.endswith("-wal") and path not in folders]
        assert len(files) == 1, synced
        assert str(Path(files[0]).parent) in folders, synced
