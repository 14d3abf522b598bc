"""How a start that fails ends: the reason on standard error, and the exit code."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
from functools import partial

from twisted.internet.interfaces import IReactorCore

from bitrixmail.model.errors import InputError, SetupError


def told(error: InputError | SetupError) -> str:
    """Return what the person at the terminal reads: a line per fault, ways out indented."""
    if isinstance(error, InputError):
        return "".join(f"bitrixmail: {fault}\n" for fault in error.faults)
    ways = "".join(f"  {remedy}\n" for remedy in error.remedies)
    return f"bitrixmail: {error.problem}\n{ways}"


class StartFailedError(SystemExit, Exception):
    """Ends the process with a code and without a traceback, after twistd has cleaned up.

    twistd removes its pid file and tells the waiting parent of a daemon only for an Exception;
    the interpreter leaves quietly and with our code only for a SystemExit. So it is both.
    """

    def __init__(self, error: InputError | SetupError) -> None:
        super().__init__(error.exit_code if isinstance(error, SetupError) else os.EX_CONFIG)
        self.error = error

    def __str__(self) -> str:
        return str(self.error)


# No exit code of ours.
_BEGUN = 255


class Terminal:
    """Who started the server, seen from behind twistd's back: its standard error, its exit code.

    Made before the fork by the plugin or the .tac file. Standard error is kept as it was before a
    daemon lets go of it. With `waits`, the process that a daemon leaves at the terminal ends when
    the server is open, with 0, or when it has ended, with its exit code: twistd's own waiting is
    over before the store is open, and knows no code but 1.
    """

    def __init__(self, *, waits: bool = False) -> None:
        self._stderr: int | None = os.dup(2)
        self._verdict: int | None = None
        if waits:
            reading, self._verdict = os.pipe()
            os.register_at_fork(after_in_parent=partial(self._wait, os.getpid(), reading))

    def complain(self, text: str) -> None:
        """Write a text; nobody being there to read it is no error."""
        if self._stderr is not None:
            with contextlib.suppress(OSError):
                os.write(self._stderr, text.encode("utf-8", "replace"))

    def begun(self) -> None:
        """Say that from now on the server itself tells how its start ends."""
        self._tell(_BEGUN)

    def ended(self, code: int) -> None:
        """Say how the start ended: 0 as soon as the server is open, else its exit code."""
        self._tell(code)
        if code == 0:
            self.close()

    def _tell(self, code: int) -> None:
        if self._verdict is not None:
            with contextlib.suppress(OSError):
                os.write(self._verdict, bytes((code,)))

    def close(self) -> None:
        """Let go of the terminal."""
        for descriptor in (self._stderr, self._verdict):
            if descriptor is not None:
                os.close(descriptor)
        self._stderr = self._verdict = None

    def _wait(self, maker: int, reading: int) -> None:
        """Take the place of twistd's waiting, which goes on if the start was not even begun."""
        if os.getpid() != maker or self._verdict is None:
            return
        os.close(self._verdict)
        self._verdict = None
        told = b""
        while octets := os.read(reading, 1):  # to the end: a failed start first cleans up
            told = octets
        os.close(reading)
        if told == bytes((_BEGUN,)):
            self.complain("bitrixmail: the server ended before it was open; its log says why\n")
            os._exit(os.EX_SOFTWARE)
        if told:
            os._exit(told[0])


def leave(reactor: IReactorCore, code: int) -> None:
    """Stop the reactor in order, then end the process with `code`.

    twistd itself knows no exit code for a reactor that was stopped: it is given by the last
    function that the interpreter calls.
    """

    def end() -> None:
        for stream in (sys.__stdout__, sys.__stderr__):
            if stream is not None:
                with contextlib.suppress(OSError, ValueError):
                    stream.flush()
        os._exit(code)

    atexit.register(end)
    reactor.stop()
