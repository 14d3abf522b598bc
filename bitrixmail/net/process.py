"""Programs of this machine, run beside the server: bounded in time, and in what they may use.

A program leads a process group of its own, with which it ends: the whole group is signalled.
Limits and user are set by programs of util-linux that become it (execve), so that the server itself
never forks: it has threads, and much memory. It is killed when the server dies.
"""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessTerminated
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

from bitrixmail.interfaces.commands import ICommandRunner
from bitrixmail.model.command import Command, Ended

Read = Callable[[int, int], Awaitable[bytes]]
_PIECE_OCTETS = 64 * 1024
# Of what it writes so much is kept, and the rest is read and forgotten.
_KEPT_OCTETS = 4096
# What is in the pipe when it has ended is there at once, unless somebody else holds its other end.
_REST_S = 1.0
_HELPERS = ("env", "setsid", "prlimit", "setpriv")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@implementer(ICommandRunner)
class CommandRunner:
    """See the module and ICommandRunner. Made by compose, lives as long as the server."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._helpers: dict[str, str] = {}

    async def run(
        self, command: Command, environment: Mapping[str, str], read: Read, size_octets: int
    ) -> Ended:
        """See ICommandRunner."""
        argv = self._wrapped(command)
        given = {"PATH": _PATH, "LANG": "C.UTF-8", **dict(command.environment), **environment}
        running = _Running(self._reactor, command)
        self._reactor.spawnProcess(
            running, argv[0], argv, env=given, childFDs={0: "w", 1: "r", 2: "r"}
        )
        try:
            await running.feed(read, size_octets)
            return await running.ended
        finally:
            running.kill()  # cancelled, or its input can't be read

    def _wrapped(self, command: Command) -> list[str]:
        """Return the whole line that is run. Raises OSError if that can't be."""
        program = Path(command.argv[0])
        if not command.user and not os.access(program, os.X_OK):
            # Else it would only be told by the code with which prlimit ends
            raise OSError(f"{program} {'may not be run' if program.exists() else 'is not there'}")
        found = self._helpers
        if not found:
            for name in _HELPERS:
                path = shutil.which(name, path=_PATH)
                if path is None:
                    raise OSError(f"the program {name} is not there: install coreutils, util-linux")
                found[name] = path
        words = [found["env"], f"--chdir={command.directory}", found["setsid"]]
        words += [found["prlimit"], *_limits(command)]
        words += [found["setpriv"], "--pdeathsig=KILL"]
        if command.user:
            words += [f"--reuid={command.user}", f"--regid={_group(command.user)}", "--init-groups"]
        return [*words, "--", *command.argv]


def _limits(command: Command) -> list[str]:
    limits = {
        "as": command.memory_octets,
        "cpu": command.cpu_s,
        "fsize": command.file_octets,
        "nofile": command.open_files,
        "nproc": command.processes,
    }
    return ["--core=0:0", *(f"--{name}={most}:{most}" for name, most in limits.items() if most)]


def _group(user: str) -> int:
    """Return the number of a user's own group. Raises OSError if there is no such user."""
    import pwd  # noqa: PLC0415 - not on every system, and seldom needed

    try:
        return pwd.getpwnam(user).pw_gid
    except KeyError:
        raise OSError(f"there is no user {user} on this machine") from None


class _Running(ProcessProtocol):
    """One program while it runs. Made by the runner, ends with it.

    `ended` fires with its Ended, once.
    """

    def __init__(self, reactor: Any, command: Command) -> None:
        self.ended: Deferred[Ended] = Deferred()
        self._reactor = reactor
        self._grace_s = command.grace_s
        self._begun = reactor.seconds()
        self._output = bytearray()
        self._timed_out = False
        self._open = True
        self._drained: Deferred[None] | None = None
        self._told: tuple[int | None, str] | None = None
        self._group = 0
        self._timer: IDelayedCall = reactor.callLater(command.timeout_s, self._too_long)

    def makeConnection(self, process: Any) -> None:
        """Note what was started."""
        super().makeConnection(process)
        self._group = process.pid

    # Its input

    async def feed(self, read: Read, size_octets: int) -> None:
        """Give it its standard input, a piece at a time, as fast as it takes it."""
        pipe: Any = self.transport
        for offset in range(0, size_octets, _PIECE_OCTETS):
            piece = await read(offset, _PIECE_OCTETS)
            if not self._open:
                return
            pipe.writeToChild(0, piece)
            if offset + len(piece) < size_octets:
                await self._drain()
        if self._open:
            pipe.closeChildFD(0)

    async def _drain(self) -> None:
        """Wait until it has taken what was given so far, or takes no more."""
        writer = self.transport.pipes.get(0)  # type: ignore[union-attr]  # Twisted's Process
        if writer is None or not self._open:
            return
        waiting = self._drained = Deferred()
        writer.registerProducer(self, streaming=False)
        try:
            await waiting
        finally:
            self._drained = None
            if self._open:
                writer.unregisterProducer()

    def resumeProducing(self) -> None:
        """More can be written: the pipe has taken what was there."""
        self._go_on()

    def stopProducing(self) -> None:
        """Nothing more can be."""
        self._go_on()

    def _go_on(self) -> None:
        if self._drained is not None and not self._drained.called:
            self._drained.callback(None)

    def inConnectionLost(self) -> None:
        """It takes no more of its input."""
        self._open = False
        self._go_on()

    # Its output and its end

    def childDataReceived(self, childFD: int, data: bytes) -> None:  # noqa: ARG002 - either output
        """Keep the first of what it writes."""
        self._output += data[: _KEPT_OCTETS - len(self._output)]

    def processExited(self, reason: Failure) -> None:
        """Note how it ended, and end what it has left behind in its process group."""
        error = reason.value
        name = ""
        code: int | None = 0
        if isinstance(error, ProcessTerminated):
            code = error.exitCode
            if error.signal is not None:
                name, code = signal.Signals(error.signal).name, None
        self._told = code, name
        self._signal_group(signal.SIGKILL)
        if self._timer.active():
            self._timer.cancel()
        self._timer = self._reactor.callLater(_REST_S, self._tell)

    def processEnded(self, reason: Failure) -> None:  # noqa: ARG002 - told by processExited
        """Tell how it ended: all it wrote is here."""
        self._tell()

    def _tell(self) -> None:
        self._open = False
        self._go_on()
        if self._timer.active():
            self._timer.cancel()
        if self._told is None or self.ended.called:
            return
        code, name = self._told
        duration_s = self._reactor.seconds() - self._begun
        self.ended.callback(Ended(code, name, self._timed_out, bytes(self._output), duration_s))

    def _too_long(self) -> None:
        self._timed_out = True
        self._signal_group(signal.SIGTERM)
        self._timer = self._reactor.callLater(self._grace_s, self._signal_group, signal.SIGKILL)

    def kill(self) -> None:
        """End it and all of its process group, if that is not over."""
        if self._told is None:
            self._signal_group(signal.SIGKILL)
            if self._timer.active():
                self._timer.cancel()

    def _signal_group(self, number: int) -> None:
        """Signal all of it; while it is not its own group yet, itself alone."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._group, number)
            return
        if self._told is None:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(self._group, number)
