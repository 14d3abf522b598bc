"""Connections to the pages that must get on: a time for each request, a number for each address."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

from collections import Counter
from ipaddress import ip_address
from typing import Any

from twisted.internet.interfaces import IAddress, IDelayedCall, IReactorTime
from twisted.internet.protocol import connectionDone
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.python.failure import Failure

MOST_CONNECTIONS = 200
# A browser opens six, and one for each page of it that is told what happens
MOST_OF_AN_ADDRESS = 30
# A proxy on this computer brings everybody's; some are left for those who come without it
MOST_OF_THIS_COMPUTER = 180
HEAD_S = 10.0
_BODY_S = 30.0
_LEAST_RATE = 16 * 1024
# One that tells no length
_UNTOLD_S = 120.0


class Watched(ProtocolWrapper):
    """A connection. Made by the factory for each; it is cut where a request does not get on."""

    def __init__(self, factory: Any, wrapped: Any, owner: str) -> None:
        super().__init__(factory, wrapped)
        self.owner = owner
        self.since_s = factory.clock.seconds()
        self._clock = factory.clock
        self._late: IDelayedCall | None = None

    @property
    def waited_for(self) -> bool:
        """Whether a request has begun that is not all there, or none has ever come."""
        return self._late is not None

    def connectionMade(self) -> None:
        """See ProtocolWrapper."""
        super().connectionMade()
        self._await(HEAD_S)

    def dataReceived(self, data: bytes) -> None:
        """See ProtocolWrapper: the first octets of a request, or more of it."""
        if self._late is None:
            self._await(HEAD_S)
        super().dataReceived(data)

    def head_read(self, length: int | None) -> None:
        """Hear that the head of a request is all there, and how long its body is."""
        self._await(_UNTOLD_S if length is None else _BODY_S + length / _LEAST_RATE)

    def all_read(self) -> None:
        """Hear that a request is all there: from here on it is we who take the time."""
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """See ProtocolWrapper."""
        self.all_read()
        super().connectionLost(reason)

    def cut(self) -> None:
        """End it without a word."""
        self.all_read()
        self._abort()

    def _await(self, within_s: float) -> None:
        self.all_read()
        self.since_s = self._clock.seconds()
        self._late = self._clock.callLater(within_s, self._cut_late)

    def _cut_late(self) -> None:
        self._late = None
        self._abort()

    def _abort(self) -> None:
        transport: Any = self.transport
        transport.abortConnection()


class Watching(WrappingFactory):
    """Counts the connections of each address, and makes room. The door is one."""

    noisy = False

    def __init__(self, wrapped: Any, clock: IReactorTime) -> None:
        super().__init__(wrapped)
        self.clock = clock
        self._of: Counter[str] = Counter()

    def buildProtocol(self, addr: IAddress | None) -> Watched | None:  # type: ignore[override] # None is right
        """Make a session; None where its address has enough, or there is no room to be made."""
        owner, most = _owner(addr)
        if self._of[owner] >= most or not self._room():
            return None
        return Watched(self, self.wrappedFactory.buildProtocol(addr), owner)

    def registerProtocol(self, p: Watched) -> None:
        """See WrappingFactory."""
        super().registerProtocol(p)
        self._of[p.owner] += 1

    def unregisterProtocol(self, p: Watched) -> None:
        """See WrappingFactory."""
        super().unregisterProtocol(p)
        self._of[p.owner] -= 1
        if not self._of[p.owner]:
            del self._of[p.owner]

    def _room(self) -> bool:
        """Tell whether there is room for one more: who keeps us waiting longest makes it."""
        if len(self.protocols) < MOST_CONNECTIONS:
            return True
        waited_for = [each for each in self.protocols if each.waited_for]
        if not waited_for:
            return False
        min(waited_for, key=lambda each: each.since_s).cut()
        return True


def _owner(addr: IAddress | None) -> tuple[str, int]:
    """Return whose connection it is, and how many he may have; of IPv6 a whole /64 is one."""
    host = str(getattr(addr, "host", ""))
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return "", MOST_OF_THIS_COMPUTER  # a local socket has no address
    if address.is_loopback:
        return "", MOST_OF_THIS_COMPUTER
    if address.version == 6:
        return address.exploded[:19], MOST_OF_AN_ADDRESS
    return host, MOST_OF_AN_ADDRESS
