"""A listening socket that runs out of something, most often of descriptors, and comes back.

Where `accept` fails, the connection stays in the system's queue and the socket stays readable: a
reactor that went on asking would do nothing else. So the socket is left alone for a moment.
"""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

import errno
import resource
import socket
from typing import Any

from twisted.internet.interfaces import IDelayedCall
from twisted.internet.tcp import Port
from twisted.logger import Logger

_log = Logger()
_PAUSE_S = 0.5
_TOLD_EACH_S = 60.0
_LACKING = {
    errno.EMFILE: "this process has no descriptors left",
    errno.ENFILE: "the system has no descriptors left",
    errno.ENOMEM: "the system has no memory left",
    errno.ENOBUFS: "the system has no memory for sockets left",
}


class _Doorway(socket.socket):
    """A listening socket as Twisted has it. Made by Acceptance from another, lives as long."""

    acceptance: Acceptance

    def accept(self) -> tuple[socket.socket, Any]:
        """Do as usual; where something is lacking, say that nobody waits."""
        try:
            found = super().accept()
        except OSError as error:
            if error.errno not in _LACKING:
                raise
            self.acceptance.pause(error.errno)
            raise BlockingIOError(errno.EAGAIN, "accepting pauses") from error
        self.acceptance.took()
        return found


class Acceptance:
    """Starts and pauses accepting on one port. Made by its Listener, ends by `stop`.

    The port must not be reading when it is given. `shared`: other processes accept there too, now.
    """

    def __init__(self, reactor: Any, name: str, port: Port) -> None:
        self._reactor = reactor
        self._name = name
        self._port = port
        self.shared = False
        self._again: IDelayedCall | None = None
        self._told: dict[int, float] = {}
        doorway = _Doorway(fileno=port.socket.detach())
        doorway.setblocking(False)
        doorway.acceptance = self
        port.socket = doorway
        port.fileno = doorway.fileno  # type: ignore[method-assign]  # as Twisted itself does

    def begin(self) -> None:
        """Accept connections, those that wait first."""
        self._again = None
        self._port.startReading()

    def took(self) -> None:
        """Leave the next one of a burst to the other processes, if there are any."""
        if self.shared:
            # What Twisted adapts to the traffic it then sets to one
            self._port.numberAccepts = 0

    def pause(self, number: int) -> None:
        """Let those who come wait for a moment; say why, each reason once a minute."""
        self._port.stopReading()
        if self._again is None:
            self._again = self._reactor.callLater(_PAUSE_S, self.begin)
            # whose door it is may have sessions that can do without
            lacking = getattr(self._port.factory, "lacking", None)
            if lacking is not None:
                lacking()
        now = self._reactor.seconds()
        if not 0 <= now - self._told.get(number, -_TOLD_EACH_S) < _TOLD_EACH_S:
            self._told[number] = now
            _log.error(
                "{name}: {lacking} ({error}): new connections wait; {remedy}",
                name=self._name,
                lacking=_LACKING[number],
                error=errno.errorcode[number],
                remedy=_remedy(number),
            )

    def rest(self) -> None:
        """Leave the port alone until `begin`: another process accepts there."""
        self.stop()
        self._port.stopReading()

    def stop(self) -> None:
        """Begin no more."""
        again, self._again = self._again, None
        if again is not None:
            again.cancel()


def _remedy(number: int) -> str:
    if number == errno.EMFILE:
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return f"allow more than {soft}: LimitNOFILE= in the unit, or ulimit -n"
    if number == errno.ENFILE:
        return "allow more: sysctl fs.file-max, fs.file-nr tells how many are open"
    return "see who uses it: free -m; ss -s"
