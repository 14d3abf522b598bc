"""The door of the pages: Twisted's web server, with limits. Imports the rest when it is wanted.

Nobody who never opens a page pays for them: the room is loaded in a thread at the first connection.
"""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote_to_bytes

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.web.pages import errorPage
from twisted.web.resource import IResource, Resource
from twisted.web.server import NOT_DONE_YET, Request, Site

from bitrixmail.model.limits import Networks
from bitrixmail.tasks import spawn
from bitrixmail.web.http.connections import Watched, Watching
from bitrixmail.web.http.forwarded import ForwardedRequest

_IDLE_S = 60.0
_LAST_OCTETS_S = 0.05
MOST_OCTETS = 64 * 1024 * 1024
# Of somebody who does not even say who he is
MOST_UNKNOWN = 64 * 1024
# A name or an address, and a port (RFC 3986 §3.2.2)
_HOST = re.compile(rb"[A-Za-z0-9._~%:\[\]-]{0,255}")
_log = Logger()


class WebDoor(Watching):
    """The door of one listener or several. Made by compose, lives as long as the server.

    `load` returns the pages, made when somebody first asks. `ending` is called when the server
    begins to end, to end what would go on for ever. `proxy_networks`: whose word counts for whom
    they ask.
    """

    def __init__(self, clock: IReactorTime, load: Callable[[], Awaitable[IResource]]) -> None:
        site = _QuietSite(
            _Later(load, clock), timeout=_IDLE_S, reactor=clock, parsePOSTFormSubmission=False
        )
        site.requestFactory = _Bounded
        site.proxy_networks = lambda: self.proxy_networks
        self.proxy_networks: Networks = ()
        super().__init__(site, clock)
        self.ending: Callable[[], bool] = _nothing

    def drain(self) -> Deferred[None]:
        """End what goes on by itself, and let its last octets out; no page is waited for."""
        drained: Deferred[None] = Deferred()
        if not self.ending():
            return succeed(None)
        self.clock.callLater(_LAST_OCTETS_S, drained.callback, None)
        return drained

    def abort_all(self) -> None:
        """Cut every connection."""
        for protocol in list(self.protocols):
            protocol.transport.abortConnection()


class _QuietSite(Site):
    """Writes no line for each request."""

    noisy = False
    proxy_networks: Callable[[], Networks]

    def log(self, request: object) -> None:
        """Say nothing."""


class _Bounded(ForwardedRequest):
    """A request whose body has an end, whatever its header says. Made by the site for each.

    Its body is read by nobody here: that is left to who knows whether it may be sent.
    """

    _taken = 0
    _too_large = False

    def gotLength(self, length: int | None) -> None:
        """See Request: what is too large is refused before it comes."""
        super().gotLength(length)
        if isinstance(self.channel.transport, Watched):
            self.channel.transport.head_read(length)
        if length is not None and length > self._most:
            self._refuse()

    def handleContentChunk(self, data: bytes) -> None:
        """See Request."""
        self._taken += len(data)
        if self._too_large:
            return
        if self._taken > self._most:
            self._refuse()
            return
        super().handleContentChunk(data)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """See Request: what was refused has its answer."""
        if isinstance(self.channel.transport, Watched):
            self.channel.transport.all_read()
        if not self._too_large:
            super().requestReceived(command, path, version)

    @property
    def _most(self) -> int:
        named = any(self.requestHeaders.hasHeader(name) for name in (b"cookie", b"authorization"))
        return MOST_OCTETS if named else MOST_UNKNOWN

    def _refuse(self) -> None:
        self._too_large = True
        transport: Any = self.channel.transport
        transport.write(
            b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        )
        self.channel.loseConnection()


class _Later(Resource):
    """Stands for the pages until they are loaded. Made by the door, once."""

    isLeaf = True

    def __init__(self, load: Callable[[], Awaitable[IResource]], clock: IReactorTime) -> None:
        super().__init__()
        self._load = load
        self._clock = clock
        self._pages: IResource | None = None
        self._waiting: list[Deferred[None]] | None = None

    def render(self, request: Request) -> Any:
        """See Resource.

        One request of a connection in a turn of the reactor: of those that stand one behind
        another in what was read, the next one waits until all others had theirs.
        """
        _make_readable(request)
        gone: list[object] = []
        request.notifyFinish().addErrback(gone.append)
        if self._pages is None:
            spawn(self._render_later(request, gone), "the loading of the pages")
        else:
            self._clock.callLater(0, self._render, request, gone)
        return NOT_DONE_YET

    def _render(self, request: Request, gone: list[object]) -> None:
        if not gone:
            request.render(self._pages)

    async def _render_later(self, request: Request, gone: list[object]) -> None:
        try:
            await self._loaded()
        except Exception:
            page = errorPage(500, "Not now", "The pages can't be loaded; the log says why.")
            if not gone:
                request.render(page)
            raise
        self._render(request, gone)

    async def _loaded(self) -> None:
        """Load once, however many ask meanwhile."""
        if self._waiting is not None:
            turn: Deferred[None] = Deferred()
            self._waiting.append(turn)
            await turn
            return
        self._waiting = []
        try:
            self._pages = await self._load()
        finally:
            waiting, self._waiting = self._waiting, None
            for turn in waiting:
                turn.callback(None)


def _make_readable(request: Request) -> None:
    """Put a path that there is not in the place of one that is no text, which Klein chokes on.

    Also of one with an empty part, which Klein takes for another: who guards a path before us does
    not. Of several names of the host none counts (RFC 9112 §3.2).
    """
    try:
        path: bytes = request.path
        readable = "\0" not in unquote_to_bytes(path).decode() and b"//" not in path
    except UnicodeDecodeError:
        readable = False
    if not readable:
        request.path = request.uri = b"/api/v1/-" if request.path.startswith(b"/api/") else b"/-"
        request.postpath = request.path.split(b"/")[1:]
    hosts = request.requestHeaders.getRawHeaders(b"host", [])
    if len(hosts) > 1 or not all(map(_HOST.fullmatch, hosts)):
        request.requestHeaders.setRawHeaders(b"host", [b"invalid"])


def _nothing() -> bool:
    """Tell that nothing goes on by itself: no page was asked for yet."""
    return False
