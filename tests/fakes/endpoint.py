"""A web server that webhooks call: it notes each request, and answers as it is told."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from twisted.web.http import Request as Served
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Site

from tests.fakes.delivering import reactor
from tests.fakes.process import free_port


@dataclass(frozen=True)
class Request:
    """One request. Names of `headers` are in small letters."""

    at: float
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def subject(self) -> str:
        return str(self.json["subject"])


@dataclass(frozen=True)
class Reply:
    status: int = 200
    body: bytes = b"ok\n"
    headers: Mapping[str, str] = field(default_factory=dict)


Answering = Callable[[Request], Reply | None]


def done(_request: Request) -> Reply | None:
    return Reply()


def hangs(_request: Request) -> Reply | None:
    return None


def says(status: int, body: bytes = b"", **headers: str) -> Answering:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _request: Reply(status, body, named)


class Endpoint:
    """Made by a test; `up`, then `down`, as often as it likes: the port stays the same.

    `answer` answers; None: never.
    """

    def __init__(self, answer: Answering = done) -> None:
        self.port = free_port()
        self.answer = answer
        self.requests: list[Request] = []
        self._listening: Any = None
        self._open: set[Any] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def up(self) -> Endpoint:
        site = Site(_Page(self))
        site.displayTracebacks = False
        # Nobody here writes a log of requests, nor looks whether connections are idle
        site.log = _unnoted  # type: ignore[method-assign]
        site.timeOut = None
        self._listening = reactor().listenTCP(self.port, site, interface="127.0.0.1")
        return self

    async def down(self) -> None:
        if self._listening is not None:
            listening, self._listening = self._listening, None
            await listening.stopListening()
        for request in list(self._open):
            if request.channel is not None:
                request.channel.abortConnection()

    @property
    def subjects(self) -> list[str]:
        return [request.subject for request in self.requests]


def _unnoted(request: Any) -> None:
    """Note nothing."""


class _Page(Resource):
    isLeaf = True

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__()
        self.endpoint = endpoint

    def render(self, request: Served) -> Any:
        endpoint = self.endpoint
        content: Any = request.content
        found = Request(
            reactor().seconds(),
            request.method.decode(),
            request.uri.decode(),
            {
                name.decode().lower(): values[0].decode()
                for name, values in request.requestHeaders.getAllRawHeaders()
            },
            content.read(),
        )
        endpoint.requests.append(found)
        reply = endpoint.answer(found)
        if reply is None:
            endpoint._open.add(request)
            request.notifyFinish().addBoth(lambda _: endpoint._open.discard(request))
            return NOT_DONE_YET
        request.setResponseCode(reply.status)
        for name, value in reply.headers.items():
            request.setHeader(name, value)
        return reply.body
