"""Calls of the API as Twisted's requests: taken apart, answered, and streams that go on.

What was begun is done to its end, also for a client that has gone: half of it would be worse.
"""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer
from twisted.logger import Logger
from twisted.web.server import Request
from zope.interface import implementer

from bitrixmail.web.api.answering import Answered, Api, Asked, missing, told
from bitrixmail.web.api.operation import Operation
from bitrixmail.web.api.problem import ProblemError
from bitrixmail.web.http.fields import field
from bitrixmail.web.http.pieces import sent_piecewise
from bitrixmail.web.live.stream import Stream
from bitrixmail.web.visit import Visit

T = TypeVar("T")
_log = Logger()
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
}


async def answered(
    api: Api,
    operation: Operation,
    request: Request,
    parts: Mapping[str, str],
    seen: Callable[[Request], Awaitable[tuple[Visit, bool]]],
) -> bytes:
    """Answer a call; return the body."""

    async def found() -> Answered:
        visit, ours = await seen(request)
        return await api.answer(
            operation, _asked(request, visit, ours, parts, operation.most_octets)
        )

    answer = await to_its_end(found())
    if answer.stream is not None and request.method != b"HEAD":
        return await _streamed(request, answer, answer.stream)
    if answer.pieces is not None and request.method != b"HEAD":
        _sent(request, answer)
        return await to_its_end(sent_piecewise(request, answer.pieces))
    return _sent(request, answer)


def failed(request: Request, failure: Any) -> bytes:
    """Answer for a path that there is not, or a method it does not know."""
    error = failure.value
    status = getattr(error, "code", 500)
    if status == 404:
        return _sent(request, missing(""))
    if status == 405:
        methods = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
        detail = f"Here is only: {methods}."
        return _sent(request, told(ProblemError(405, detail, headers={"Allow": methods})))
    if 400 <= status < 500:
        return _sent(request, told(ProblemError(400, "This is no call that can be read.")))
    _log.failure("a call failed", failure=failure)
    return _sent(request, told(ProblemError(500, "This is a bug; the log says more.")))


def _asked(
    request: Request, visit: Visit, ours: bool, parts: Mapping[str, str], most_octets: int
) -> Asked:
    body = b""
    if request.content is not None:
        request.content.seek(0)
        body = request.content.read(most_octets + 1)  # one more shows that it is too much
    return Asked(
        method=visit.method,
        target=visit.path,
        parts=parts,
        query=visit.query,
        authorization=field(request, "authorization"),
        content_type=field(request, "content-type"),
        key=field(request, "idempotency-key"),
        last_event=field(request, "last-event-id"),
        body=body,
        peer=visit.peer,
        session=visit.session,
        ours=ours,
    )


def _sent(request: Request, answer: Answered) -> bytes:
    request.setResponseCode(answer.status)
    for name, value in {**_HEADERS, **answer.headers}.items():
        request.setHeader(name, value)
    if answer.status == 204:
        request.responseHeaders.removeHeader(b"content-type")
        return b""
    request.setHeader("Content-Type", answer.content_type)
    return b"" if request.method == b"HEAD" else answer.octets


async def _streamed(request: Request, answer: Answered, stream: Stream) -> bytes:
    outlet = _Outlet(request, stream)
    _sent(request, answer)
    # A proxy before us must not gather what is sent
    request.setHeader("X-Accel-Buffering", "no")
    if not stream.begin(outlet):
        detail = "Too many listen already, or the server ends."
        return _sent(request, told(ProblemError(503, detail, headers={"Retry-After": "30"})))
    request.registerProducer(outlet, True)
    try:
        await outlet.ended
    finally:
        stream.gone()
        if request.channel is not None:  # it is None where the client has gone
            request.unregisterProducer()
    return b""


async def to_its_end(work: Coroutine[Deferred[Any], Any, T]) -> T:
    """Wait for work that goes on when nobody waits any more."""
    waiting: Deferred[T] = Deferred()
    Deferred.fromCoroutine(work).addCallbacks(waiting.callback, waiting.errback)
    return await waiting


@implementer(IPushProducer)
class _Outlet:
    """Writes to a request, and knows when its client takes no more. Made for each stream."""

    def __init__(self, request: Request, stream: Stream) -> None:
        self._request = request
        self._stream = stream
        self.paused = False
        self.ended: Deferred[None] = Deferred()

    def send(self, octets: bytes) -> None:
        """See Outlet."""
        self._request.write(octets)

    def end(self) -> None:
        """See Outlet."""
        if not self.ended.called:
            self.ended.callback(None)

    def cut(self) -> None:
        """See Outlet."""
        channel: Any = self._request.channel  # None where the client has gone
        if channel is not None:
            channel.transport.abortConnection()

    def pauseProducing(self) -> None:
        """See IPushProducer."""
        self.paused = True

    def resumeProducing(self) -> None:
        """See IPushProducer."""
        self.paused = False
        self._stream.resumed()

    def stopProducing(self) -> None:
        """See IPushProducer: the client has gone."""
        self.paused = True
        self._stream.gone()
