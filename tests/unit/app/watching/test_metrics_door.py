"""The door of the metrics over a transport in memory: what it answers, and that it is bounded."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.protocols.policies import ProtocolWrapper
from twisted.python.failure import Failure

from bitrixmail.app.watching.metrics import Metrics
from bitrixmail.app.watching.metrics_door import MetricsDoor
from bitrixmail.model.errors import StoreUnavailableError


class Asked:
    """A door and one client of it."""

    def __init__(
        self,
        look: Callable[[], Coroutine[Deferred[Any], Any, None]],
        unready: tuple[str, ...] = (),
    ) -> None:
        self.clock = Clock()
        registry = Metrics("1.2").registry
        self.door = MetricsDoor(self.clock, registry, look, lambda: unready)
        self.transport = StringTransport()
        protocol = self.door.buildProtocol(None)
        assert protocol is not None
        self.protocol = protocol
        protocol.makeConnection(self.transport)

    def ask(self, path: str, method: str = "GET") -> str:
        request = f"{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n"
        self.protocol.dataReceived(request.encode())
        return str(self.transport.value().decode())

    def end(self) -> None:
        """Let the client go away."""
        self.protocol.connectionLost(Failure(ConnectionDone()))


async def well() -> None:
    """A store that answers."""


async def broken() -> None:
    raise StoreUnavailableError("the disk is gone")


def test_metrics_are_told_in_the_form_that_is_asked_for() -> None:
    asked = Asked(well)
    said = asked.ask("/metrics")
    assert said.startswith("HTTP/1.1 200 ")
    assert "Content-Type: text/plain; version=" in said
    assert 'bitrixmail_build_info{version="1.2"} 1.0\n' in said
    asked.end()


def test_a_head_has_no_body() -> None:
    asked = Asked(well)
    head, _, body = asked.ask("/healthz", "HEAD").partition("\r\n\r\n")
    assert "Content-Length: 3\r\n" in head
    assert body == ""
    asked.end()


def test_health_is_a_store_that_answers() -> None:
    asked = Asked(well)
    assert asked.ask("/healthz").startswith("HTTP/1.1 200 ")
    assert asked.transport.value().endswith(b"\r\n\r\nok\n")
    asked.end()
    asked = Asked(broken)
    assert asked.ask("/healthz").startswith("HTTP/1.1 503 ")
    assert asked.transport.value().endswith(b"\r\n\r\nthe disk is gone\n")
    asked.end()


def test_what_cannot_write_is_alive_but_not_ready() -> None:
    asked = Asked(well, ("the disk is full",))
    assert asked.ask("/healthz").startswith("HTTP/1.1 200 ")
    asked.end()
    asked = Asked(well, ("the disk is full",))
    assert asked.ask("/readyz").startswith("HTTP/1.1 503 ")
    assert asked.transport.value().endswith(b"\r\n\r\nthe disk is full\n")
    asked.end()
    asked = Asked(well)
    assert asked.ask("/readyz").startswith("HTTP/1.1 200 ")
    asked.end()


def test_a_store_that_hangs_is_not_waited_for() -> None:
    never: Deferred[None] = Deferred()

    async def hanging() -> None:
        await never

    asked = Asked(hanging)
    assert asked.ask("/healthz") == ""
    asked.clock.advance(5)
    assert asked.transport.value().startswith(b"HTTP/1.1 503 ")
    assert b"does not answer" in asked.transport.value()
    asked.end()


def test_metrics_are_told_also_without_the_store() -> None:
    asked = Asked(broken)
    assert asked.ask("/metrics").startswith("HTTP/1.1 200 ")
    asked.end()


def test_nothing_else_is_there() -> None:
    asked = Asked(well)
    assert asked.ask("/").startswith("HTTP/1.1 404 ")
    asked.end()


def test_who_goes_away_meanwhile_gets_nothing() -> None:
    waiting: Deferred[None] = Deferred()

    async def slow() -> None:
        await waiting

    asked = Asked(slow)
    asked.ask("/metrics")
    asked.end()
    waiting.callback(None)
    assert asked.transport.value() == b""


def test_connections_are_bounded() -> None:
    asked = Asked(well)
    taken: list[ProtocolWrapper] = []
    links: list[StringTransport] = []
    while (protocol := asked.door.buildProtocol(None)) is not None and len(taken) < 30:
        links.append(StringTransport())
        protocol.makeConnection(links[-1])
        taken.append(protocol)
    assert len(taken) == 19
    asked.end()
    assert asked.door.buildProtocol(None) is not None
    asked.door.drain()
    assert all(link.disconnected or link.disconnecting for link in links)
    for protocol in taken:
        protocol.connectionLost(Failure(ConnectionDone()))
