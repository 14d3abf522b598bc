"""Long answers, sent as fast as their readers take them: a piece of each is in memory at once."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer
from twisted.web.server import Request
from zope.interface import implementer

from bitrixmail.admin.messages import Pieces
from bitrixmail.model.errors import InputError, MailError
from bitrixmail.tasks import deadline

_PIECE_OCTETS = 256 * 1024
# Who takes nothing for so long is cut
_LONGEST_PAUSE_S = 60.0


async def sent_piecewise(request: Request, pieces: Pieces) -> bytes:
    """Send a body whose head is set already; return what is left of it, which is nothing.

    A message that goes meanwhile, or a client that takes nothing, ends the connection.
    """
    request.setHeader("Content-Length", str(pieces.size_octets))
    tap = _Tap()
    request.registerProducer(tap, True)
    site: Any = request.site
    offset = 0
    try:
        while offset < pieces.size_octets and not tap.gone:
            octets = await pieces.read(offset, _PIECE_OCTETS)
            if not octets or tap.gone:
                break
            request.write(octets)
            offset += len(octets)
            if tap.paused:
                await deadline(tap.opened(), _LONGEST_PAUSE_S, site.reactor)
    except (TimeoutError, InputError, MailError):
        pass  # its length has been told already: less can't be said otherwise
    finally:
        channel: Any = request.channel  # None where the client has gone
        if channel is not None:
            request.unregisterProducer()
            if offset < pieces.size_octets:
                channel.transport.abortConnection()
    return b""


@implementer(IPushProducer)
class _Tap:
    """Knows whether a client takes more just now. Made for each answer."""

    def __init__(self) -> None:
        self.paused = False
        self.gone = False
        self._opened: Deferred[None] | None = None

    def opened(self) -> Deferred[None]:
        """Fire once the client takes more, or has gone."""
        self._opened = Deferred()
        return self._opened

    def pauseProducing(self) -> None:
        """See IPushProducer."""
        self.paused = True

    def resumeProducing(self) -> None:
        """See IPushProducer."""
        self.paused = False
        opened, self._opened = self._opened, None
        if opened is not None and not opened.called:
            opened.callback(None)

    def stopProducing(self) -> None:
        """See IPushProducer: the client has gone."""
        self.gone = True
        self.resumeProducing()
