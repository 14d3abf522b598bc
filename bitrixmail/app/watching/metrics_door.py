"""A small HTTP door for those who watch a server: /metrics, /healthz, /readyz (RFC 9110).

Imported only where something is measured. It asks nobody for a password: it belongs on loopback.
"""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

from bitrixmail.app.listening.http_door import HTTPDoor
from bitrixmail.model.errors import MailError
from bitrixmail.tasks import deadline, spawn

# Long enough for a disk that is busy, short enough for those who ask each 15 seconds
_PATIENCE_S = 5.0
_TEXT = b"text/plain; charset=utf-8"
_log = Logger()


class MetricsDoor(HTTPDoor):
    """The door of one listener or several. Made by compose, lives as long as the server.

    `look` reads what lies in the store before an exposition is written. Health is that it can:
    whoever asks /healthz gets 200, or 503 with what is wrong. `unready` says what keeps mail from
    being written: /readyz tells that as well.
    """

    def __init__(
        self,
        clock: IReactorTime,
        registry: Collector,
        look: Callable[[], Coroutine[Deferred[Any], Any, None]],
        unready: Callable[[], Sequence[str]],
    ) -> None:
        self._clock = clock
        self._look = look
        self._unready = unready
        pages = {
            b"metrics": _Page(self._exposed),
            b"healthz": _Page(self._health),
            b"readyz": _Page(self._readiness),
        }
        super().__init__(clock, pages, "Here are /metrics, /healthz and /readyz.")
        self._registry = registry

    async def _fault(self) -> str:
        """Say what is wrong with the store; nothing if it answers."""
        try:
            await deadline(self._look(), _PATIENCE_S, self._clock)
        except TimeoutError:
            return f"the store does not answer within {_PATIENCE_S:g} s"
        except MailError as error:
            return error.cause or error.reply.text
        return ""

    async def exposition(self, accepted: str = "") -> tuple[bytes, str]:
        """Return what is measured, and its content type, as an Accept field wants it."""
        # Its figures are then as they were; everything else is told all the same
        fault = await self._fault()
        if fault:
            _log.warn("metrics without the store: {reason}", reason=fault)
        encode, content_type = choose_encoder(accepted)
        return encode(self._registry), content_type

    async def _exposed(self, request: Request) -> bytes:
        octets, content_type = await self.exposition(request.getHeader("accept") or "")
        request.setHeader("content-type", content_type)
        return octets

    async def _health(self, request: Request) -> bytes:
        return _told(request, await self._fault())

    async def _readiness(self, request: Request) -> bytes:
        faults = (await self._fault(), *self._unready())
        return _told(request, "\n".join(filter(None, faults)))


def _told(request: Request, fault: str) -> bytes:
    """Answer with 200, or 503 with what is wrong."""
    request.setHeader("content-type", _TEXT)
    if fault:
        request.setResponseCode(503)
    return f"{fault or 'ok'}\n".encode()


class _Page(Resource):
    """One page for GET and HEAD that may have to wait. Made by the door."""

    isLeaf = True

    def __init__(self, write: Callable[[Request], Awaitable[bytes]]) -> None:
        super().__init__()
        self._write = write

    def render_GET(self, request: Request) -> int:
        """See Resource."""
        gone: list[object] = []
        request.notifyFinish().addErrback(gone.append)
        spawn(self._answer(request, gone), "a page of metrics")
        return NOT_DONE_YET

    async def _answer(self, request: Request, gone: list[object]) -> None:
        try:
            page = await self._write(request)
        except Exception:  # noqa: BLE001 - a bug: whoever asks must not wait for ever
            _log.failure("a page of metrics failed")
            request.setResponseCode(500)
            page = b"the log says why\n"
        if not gone:
            request.setHeader("content-length", str(len(page)))
            request.setHeader("cache-control", "no-store")
            request.write(page)
            request.finish()
