"""Letters sent one at a time under strace: was the disk synced before each 250?"""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from pathlib import Path

from bench.contestants import ADDRESS, Ours
from tests.crash.client import SMTPClient
from tests.crash.letters import Letter
from tests.fakes.strace import CALLS, finished, synced_before_each_reply

_LETTERS = 50


def run(home: Path) -> None:
    """Print for how many of the letters it was; the receive goals count only if it was for all."""
    if shutil.which("strace") is None:
        print("  syncs before each 250: not looked at, there is no strace\n")
        return
    ours = Ours(home / "order", processes=1)  # the one that is watched
    ours.start()
    try:
        print(f"  syncs before each 250: {_verdict(ours, home / 'trace')}\n")
    finally:
        ours.stop()


def _verdict(ours: Ours, output: Path) -> str:
    # one in five is large enough to be a file of its own
    contents = [b"Subject: small\r\n\r\ntext\r\n"] * 4 + [b"\r\n" + b"0123456789abcd\r\n" * 8192]
    watcher = subprocess.Popen(
        ["strace", "-f", "-y", "-s", "96", "-e", f"trace={CALLS}", "-o", output,
         "-p", str(ours.pid)],
        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        if watcher.stderr is None or "attached" not in watcher.stderr.readline():
            return "not looked at, strace may not watch a process here"
        # It has attached the first thread; the others follow at once.
        time.sleep(0.5)
        with SMTPClient(ours.port, None) as client:
            for number in range(_LETTERS):
                content = contents[number % len(contents)]
                client.send(Letter(f"o{number}", (ADDRESS,), content, chunked=number % 2 == 1))
        time.sleep(0.3)
    finally:
        watcher.send_signal(signal.SIGINT)
        watcher.communicate(timeout=30)
    with output.open() as lines:
        groups = synced_before_each_reply(list(finished(iter(lines))))
    synced = sum(bool(files) and files[-1].endswith("-wal") for files in groups)
    if synced == len(groups) == _LETTERS:
        return f"yes ({_LETTERS} letters)"
    return f"WRONG: {synced} of {_LETTERS} letters, {len(groups)} replies seen"
