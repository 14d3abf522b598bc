"""A peer that says no more and still listens: it is told what became of what it said."""

from __future__ import annotations

from twisted.internet.interfaces import IHalfCloseableProtocol
from zope.interface import implementer


@implementer(IHalfCloseableProtocol)
class HalfClosed:
    """The part of a channel that knows of half a connection. Not under TLS, which ends as a whole.

    A client that closes its side behind its last command would else never hear whether that was
    obeyed, and send a message again that is kept.
    """

    # Whether nothing more comes from the peer
    said_all = False
    _busy = False
    _running = False
    _peer_slow = False

    def readConnectionLost(self) -> None:
        """Answer what has come, then close (IHalfCloseableProtocol)."""
        self.said_all = True
        self.end_if_answered()

    def writeConnectionLost(self) -> None:
        """Nothing to do: only we close our side, and both at once (IHalfCloseableProtocol)."""

    def end_if_answered(self) -> None:
        """Close if nothing is under way any longer."""
        if not (self._busy or self._running or self._peer_slow):
            self.end(b"")

    def end(self, last_words: bytes) -> None:
        """See Channel."""
        raise NotImplementedError
