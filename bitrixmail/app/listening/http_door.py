"""A door for HTTP with a few pages, and nothing else (RFC 9110). Bounded; asks for no password.

Imported only where such a door is opened.
"""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Mapping

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IAddress, IReactorTime
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.web.pages import notFound
from twisted.web.resource import IResource, Resource
from twisted.web.server import Site

# Those who ask are a few programs
_MOST_CONNECTIONS = 20
_IDLE_S = 30.0


class HTTPDoor(WrappingFactory):
    """The door of one listener or several. Made by compose, lives as long as the server.

    `pages` by their first segment; whoever asks for another is told `here`.
    """

    noisy = False

    def __init__(self, clock: IReactorTime, pages: Mapping[bytes, IResource], here: str) -> None:
        root = _Root(here)
        for name, page in pages.items():
            root.putChild(name, page)
        super().__init__(_QuietSite(root, timeout=_IDLE_S, reactor=clock))

    def buildProtocol(self, addr: IAddress | None) -> ProtocolWrapper | None:  # type: ignore[override] # None is right
        """Make a session; beyond the most there may be the connection is closed at once."""
        if len(self.protocols) >= _MOST_CONNECTIONS:
            return None
        wrapped: ProtocolWrapper = super().buildProtocol(addr)
        return wrapped

    def drain(self) -> Deferred[None]:
        """Wait for nobody: what is asked here can be asked again."""
        self.abort_all()
        return succeed(None)

    def abort_all(self) -> None:
        """Cut every connection."""
        for protocol in list(self.protocols):
            protocol.transport.abortConnection()


class _QuietSite(Site):
    """Writes no line for each request."""

    noisy = False

    def log(self, request: object) -> None:
        """Say nothing."""


class _Root(Resource):
    """Has its pages, and nothing else."""

    def __init__(self, here: str) -> None:
        super().__init__()
        self._here = here

    def getChild(self, path: bytes, request: object) -> IResource:  # noqa: ARG002 - whatever it is
        """See Resource."""
        return notFound(message=self._here)
