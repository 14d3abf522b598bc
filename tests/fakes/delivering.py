"""What tests of deliveries say to have a parcel handed over by the real client."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest_twisted
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint

from bitrixmail.model.parcel import ConnectionFailed, Delivered, Parcel, RemoteRecipient
from bitrixmail.outbound.client.connection import Connection, connect
from bitrixmail.outbound.client.terms import Terms
from tests.fakes.scripted_host import Script, ScriptedHost

SHORT = 0.3
BODY = b"Subject: x\r\n\r\nHello\r\n.\r\n"


def reactor() -> Any:
    from twisted.internet import reactor as chosen  # noqa: PLC0415 - pytest-twisted chooses it

    return chosen


def parcel(
    *recipients: str, content: bytes = BODY, sender: str = "a@example.org", prefix: bytes = b""
) -> Parcel:
    async def read(offset: int, length: int) -> bytes:
        await pause(0)
        return content[offset : offset + length]

    named = tuple(map(RemoteRecipient, recipients or ("b@example.net",)))
    body = "7BIT" if content.isascii() else "8BITMIME"
    return Parcel(sender, named, len(content), read, prefix=prefix, body=body)


def pause(seconds: float) -> Deferred[None]:
    waited: Deferred[None] = Deferred()
    reactor().callLater(seconds, waited.callback, None)
    return waited


async def met(port: int, terms: Terms | None = None) -> Connection | ConnectionFailed:
    endpoint = TCP4ClientEndpoint(reactor(), "127.0.0.1", port)
    return await connect(endpoint, terms or Terms("mx.example.org"), reactor())


async def open_to(port: int, terms: Terms | None = None) -> Connection:
    connection = await met(port, terms)
    assert isinstance(connection, Connection), connection
    return connection


def told(delivered: Delivered) -> list[str]:
    return [str(each) for each in delivered]


async def failed(host: ScriptedHost, terms: Terms | None = None) -> ConnectionFailed:
    failure = await met(host.port, terms)
    assert isinstance(failure, ConnectionFailed)
    return failure


Hosts = Callable[[Script], ScriptedHost]


def scripted_hosts() -> Iterator[Hosts]:
    """Give scripted hosts, which are stopped after the test."""
    made: list[ScriptedHost] = []

    def make(script: Script) -> ScriptedHost:
        made.append(ScriptedHost(script).listen(reactor()))
        return made[-1]

    yield make

    async def stop() -> None:
        for host in made:
            await host.stop()
        await pause(0.02)  # the client's end hears of it

    pytest_twisted.blockon(Deferred.fromCoroutine(stop()))
