"""How a start that fails ends: the reason on standard error, and the exit code."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys

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


class Complaint:
    """Standard error as it was before twistd's daemon lets go of it.

    Made before the fork by the plugin or the .tac file; closed once the server has started.
    """

    def __init__(self) -> None:
        self._descriptor: int | None = os.dup(2)

    def __call__(self, text: str) -> None:
        """Write a text; nobody being there to read it is no error."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                os.write(self._descriptor, text.encode("utf-8", "replace"))

    def close(self) -> None:
        """Let go of it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


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
