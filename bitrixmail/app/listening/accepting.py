"""A listening socket that runs out of something, most often of descriptors, and comes back.

Where `accept` fails, the connection stays in the system's queue and the socket stays readable: a
reactor that went on asking would do nothing else. So the socket is left alone for a moment.

One that is halted refuses who comes and stays bound, so that it needs no right to go on: on Linux
shutdown(2) ends the listening of a socket, in whatever process it is used, until listen(2). A local
socket does not come back from that; who comes to one that is halted is hung up on.
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
from twisted.python.failure import Failure

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
        if self.acceptance.halted:  # only a local socket is read then
            found[0].close()
            raise BlockingIOError(errno.EAGAIN, "nobody is taken now")
        self.acceptance.took(found[1])
        return found


class Acceptance:
    """Starts and pauses accepting on one port. Made by its Listener, ends by `stop`.

    The port must not be reading when it is given. `shared`: other processes accept there too, now.
    `taken` counts connections, `last` is who came last and when, by the reactor's clock.
    """

    def __init__(self, reactor: Any, name: str, port: Port) -> None:
        self._reactor = reactor
        self._name = name
        self._port = port
        self.shared = False
        self._again: IDelayedCall | None = None
        self._told: dict[int, float] = {}
        self._local = port.addressFamily == socket.AF_UNIX
        self._wanted = False
        self.halted = False
        self.taken = 0
        self.last: tuple[Any, float] | None = None
        self._close = port.connectionLost
        port.connectionLost = self._lost  # type: ignore[method-assign]  # as with fileno
        doorway = _Doorway(fileno=port.socket.detach())
        doorway.setblocking(False)
        doorway.acceptance = self
        port.socket = doorway
        port.fileno = doorway.fileno  # type: ignore[method-assign]  # as Twisted itself does

    def begin(self) -> None:
        """Accept connections, those that wait first; of one that is halted, from `resume` on."""
        self._again = None
        self._wanted = True
        if not self.halted or self._local:
            self._port.startReading()

    def halt(self) -> None:
        """Refuse connections from now on; the socket stays bound. May be called twice."""
        if self._local:
            self.halted = True
            return
        self.stop()
        self._port.stopReading()
        if not self.halted:
            self.halted = True
            self._port.socket.shutdown(socket.SHUT_RD)

    @property
    def listening(self) -> bool:
        """Whether the system takes connections on there, as it says itself."""
        if self._local and self.halted:
            return False
        return bool(self._port.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))

    def resume(self, backlog: int | None = None) -> None:
        """Accept as before `halt`. Raises OSError if another program has taken the place.

        None as backlog: it listens again already, in another process.
        """
        if backlog is not None and not self._local:
            self._port.socket.listen(backlog)
        self.halted = False
        if self._wanted:
            self.begin()

    def _lost(self, reason: Failure) -> None:
        """Close, if that is wanted; where another process has halted the socket, just wait."""
        if self._port.disconnecting:
            self._close(reason)
        else:
            self.halted = True

    def took(self, peer: Any) -> None:
        """Count it; leave the next one of a burst to the other processes, if there are any."""
        self.taken += 1
        self.last = peer, self._reactor.seconds()
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
        self._wanted = False
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
