"""System calls of a real process made to fail by strace: nothing of the server knows of it.

A call is chosen by its name and by the exact file that it works on, or by the thread that makes it.
"""

from __future__ import annotations

import re
import signal
import subprocess
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_THREAD = re.compile(r"^(\d+) ", re.MULTILINE)


class NotAllowedError(Exception):
    """This machine does not let one process watch another (CAP_SYS_PTRACE)."""


@dataclass(frozen=True)
class Injection:
    """Which calls fail with which error, as strace's `inject` has it; `when` counts per thread."""

    call: str
    error: str
    when: str = ""

    @property
    def option(self) -> str:
        return f"inject={self.call}:error={self.error}" + (f":when={self.when}" * bool(self.when))


class Trace:
    """What was seen so far. Made by `watched`, readable while it runs and afterwards."""

    def __init__(self, file: Path) -> None:
        self.file = file

    @property
    def text(self) -> str:
        return self.file.read_text(errors="replace") if self.file.exists() else ""

    def injected(self, call: str) -> int:
        """Count how often that call was made to fail."""
        # The second half of a call that was cut in two stands for it.
        whole = re.sub(r"<\.\.\. (\w+) resumed>", r"\1(", self.text)
        made = re.compile(rf"^(\d+ +)?{call}\(.*\(INJECTED\)", re.MULTILINE)
        return len(made.findall(whole))

    def threads(self) -> frozenset[int]:
        return frozenset(map(int, _THREAD.findall(self.text)))


def strace(
    file: Path,
    calls: Collection[str],
    paths: Sequence[Path] = (),
    injections: Sequence[Injection] = (),
) -> list[str]:
    """Return how strace is begun that watches these calls on these files, or on all."""
    found = ["strace", "-y", "-s", "16", "-e", f"trace={','.join(calls)}", "-o", str(file)]
    for path in paths:
        found += ["-P", str(path)]
    for injection in injections:
        found += ["-e", injection.option]
    return found


@contextmanager
def watched(
    file: Path,
    ids: Collection[int],
    calls: Collection[str],
    paths: Sequence[Path] = (),
    injections: Sequence[Injection] = (),
    *,
    threads_only: bool = False,
) -> Iterator[Trace]:
    """Watch a process with all its threads, or some threads alone, and make calls of it fail.

    Raises NotAllowedError.
    """
    file.unlink(missing_ok=True)
    told = strace(file, calls, paths, injections) + ["-f"] * (not threads_only)
    for one in ids:
        told += ["-p", str(one)]
    watcher = subprocess.Popen(
        told, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, bufsize=1
    )
    assert watcher.stderr is not None
    try:
        for _ in ids:
            said = watcher.stderr.readline()
            if "attached" not in said:
                raise NotAllowedError(said.strip() or "strace said nothing")
        time.sleep(0.02)  # the other threads are attached behind the first
        yield Trace(file)
    finally:
        watcher.send_signal(signal.SIGINT)
        watcher.wait(10)
        watcher.stderr.close()
