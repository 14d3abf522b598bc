"""A person at a terminal before the `bitrixmail` command: a pseudo-terminal and what is typed."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import time
from collections.abc import Mapping
from pathlib import Path

from tests.fakes.process import BIN

_PATIENCE_S = 30.0


class Terminal:
    """One command at a terminal. Made by a test, which types and at last calls `end`."""

    def __init__(self, cwd: Path, *words: str, environment: Mapping[str, str]) -> None:
        self.shown = ""
        program = str(BIN / "bitrixmail")
        self._pid, self._descriptor = pty.fork()
        if self._pid == 0:
            os.chdir(cwd)
            os.execve(program, [program, *words], {"TERM": "xterm", **environment})

    def reads(self, text: str) -> None:
        """Wait until the command has shown a text, and forget all up to it."""
        end = time.monotonic() + _PATIENCE_S
        while text not in self.shown:
            assert time.monotonic() < end, self.shown
            assert self._more(), self.shown
        self.shown = self.shown.partition(text)[2]

    def types(self, line: str) -> None:
        os.write(self._descriptor, line.encode())

    def _more(self) -> bool:
        ready, _, _ = select.select([self._descriptor], [], [], 0.2)
        if not ready:
            return True
        with contextlib.suppress(OSError):  # how the other end of a terminal closes
            found = os.read(self._descriptor, 65536)
            self.shown += found.decode("utf-8", "replace")
            return bool(found)
        return False

    def end(self) -> int:
        """Read all that is shown until the command ends; return its exit code."""
        end = time.monotonic() + _PATIENCE_S
        while self._more():
            assert time.monotonic() < end, self.shown
        os.close(self._descriptor)
        return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
