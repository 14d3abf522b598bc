r"""Dialogues in text files, played against a protocol: in memory, or over a socket of 127.0.0.1.

One step a line; empty lines and lines that begin with `#` are passed over:

    C: text        send the text and CRLF (what follows each other is sent in one write)
    C> text        send the text as it is, with Python's escapes: \r \n \0 \xff
    C*N: text      send the text N times, with its escapes
    S: pattern     the next line must match the whole pattern (a regular expression)
    S~ pattern     lines are passed over until one matches
    SPLIT N        from here on send in pieces of N octets; 0: in one piece
    SILENT         nothing has been said meanwhile
    CLOSED         the server closes, without another word
    ABORT          drop the connection
    TLS            shake hands (socket only)
    WAIT N         let N seconds pass on the server's clock
    !name rest     call the hook of this name with the rest

The connection is made by the first step that is not a hook, so hooks before it set things up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, cast
from typing import Protocol as Typed

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.interfaces import IProtocolFactory, ITLSTransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.ssl import CertificateOptions
from twisted.internet.task import Clock, deferLater
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

_STEP = re.compile(
    r"(?P<kind>C:|C>|C\*(?P<times>\d+):|S:|S~|SPLIT|SILENT|CLOSED|ABORT|TLS|WAIT|!(?P<hook>\w+))"
    r"(?: (?P<rest>.*))?"
)
Hooks = Mapping[str, Callable[[str], None]]
# How octets that are sent at once are cut into writes, where a dialogue itself does not say
Cut = Callable[[bytes], Iterable[bytes]]


def whole(octets: bytes) -> Iterable[bytes]:
    return (octets,)


def cut_by(size_octets: int) -> Cut:
    return lambda octets: (
        octets[at : at + size_octets] for at in range(0, len(octets), size_octets)
    )


def cut_anywhere(seed: int) -> Cut:
    """Cut into pieces of one octet to some kilobytes, the small ones most often."""

    def cut(octets: bytes) -> Iterable[bytes]:
        random = Random(seed + len(octets))
        at = 0
        while at < len(octets):
            size = random.randint(1, 2 ** random.randint(1, 12))
            yield octets[at : at + size]
            at += size

    return cut


@dataclass(frozen=True)
class Step:
    """One line of a dialogue."""

    kind: str
    rest: str
    octets: bytes
    number: int


def parse(text: str) -> list[Step]:
    """Read a dialogue. Raises ValueError naming the line."""
    steps = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        match = _STEP.fullmatch(line)
        if match is None:
            raise ValueError(f"line {number}: {line}")
        kind, rest = match["kind"], match["rest"] or ""
        octets = b""
        if kind == "C:":
            octets = rest.encode() + b"\r\n"
        elif kind.startswith("C"):
            octets = _unescaped(rest) * int(match["times"] or 1)
        kind = "C" if kind.startswith("C") and kind != "CLOSED" else kind
        steps.append(Step("!" + match["hook"] if match["hook"] else kind, rest, octets, number))
    return steps


def _unescaped(text: str) -> bytes:
    return text.encode("latin-1", "backslashreplace").decode("unicode_escape").encode("latin-1")


def needs_socket(steps: list[Step]) -> bool:
    return any(step.kind == "TLS" for step in steps)


class Connection(Typed):
    """What a dialogue is played on."""

    def send(self, octets: bytes) -> None: ...
    async def line(self) -> bytes | None: ...
    async def settle(self) -> bytes: ...
    async def closed(self) -> bytes: ...
    def abort(self) -> None: ...
    async def start_tls(self) -> None: ...


class _Player:
    def __init__(
        self, connection: Connection, clock: Clock, hooks: Hooks, name: str, cut: Cut
    ) -> None:
        self.connection = connection
        self.clock = clock
        self.hooks = hooks
        self.name = name
        self.to_send = b""
        self.cut = self.usual_cut = cut

    def send(self) -> None:
        octets, self.to_send = self.to_send, b""
        if octets:
            for piece in self.cut(octets):
                self.connection.send(piece)

    async def play(self, step: Step) -> None:
        if step.kind == "C":
            self.to_send += step.octets
            return
        self.send()
        where = f"{self.name}:{step.number}"
        if step.kind.startswith("!"):
            await self.connection.settle()
            self.hooks[step.kind[1:]](step.rest)
        elif step.kind in {"S:", "S~"}:
            await self.expect(step, where)
        elif step.kind == "SPLIT":
            self.cut = cut_by(int(step.rest)) if int(step.rest) else self.usual_cut
        elif step.kind == "SILENT":
            said = await self.connection.settle()
            assert said == b"", f"{where}: {said!r}"
        elif step.kind == "CLOSED":
            said = await self.connection.closed()
            assert said == b"", f"{where}: {said!r}"
        elif step.kind == "ABORT":
            self.connection.abort()
            await self.connection.settle()
        elif step.kind == "TLS":
            await self.connection.start_tls()
        elif step.kind == "WAIT":
            await self.connection.settle()
            self.clock.advance(float(step.rest))

    async def expect(self, step: Step, where: str) -> None:
        seen: list[str] = []
        while True:
            line = await self.connection.line()
            assert line is not None, f"{where}: no line like {step.rest!r}, only {seen}"
            seen.append(line.decode("utf-8", "replace"))
            if re.fullmatch(step.rest, seen[-1]):
                return
            assert step.kind == "S~", f"{where}: {seen[-1]!r} is not like {step.rest!r}"


async def play(
    path: Path,
    connect: Callable[[], Deferred[Connection]],
    clock: Clock,
    hooks: Hooks,
    cut: Cut = whole,
) -> None:
    """Play a dialogue's file; AssertionError names its line. The connection is dropped behind it."""
    player: _Player | None = None
    for step in parse(path.read_text()):  # noqa: ASYNC240 - a few lines
        if player is None and step.kind.startswith("!"):
            hooks[step.kind[1:]](step.rest)
            continue
        if player is None:
            player = _Player(await connect(), clock, hooks, path.name, cut)
        await player.play(step)
    if player is not None:
        player.send()
        player.connection.abort()
        await player.connection.settle()


class MemoryConnection:
    """Feeds a protocol by hand; what it does not say at once it does not say."""

    def __init__(self, factory: IProtocolFactory) -> None:
        # Twisted's test transport and protocols have no types
        self.transport: Any = cast("Any", _MemoryTransport)()
        self.protocol = cast("Any", factory.buildProtocol(self.transport.getPeer()))
        self.heard = b""
        self.gone = False
        # as on a real transport another protocol may take its place
        self.transport.protocol = self.protocol
        self.protocol.makeConnection(self.transport)

    def send(self, octets: bytes) -> None:
        if not self.transport.disconnecting:
            self.transport.protocol.dataReceived(octets)

    def _hear(self) -> None:
        self.heard += self.transport.value()
        self.transport.clear()

    async def line(self) -> bytes | None:
        self._hear()
        if b"\r\n" not in self.heard:
            return None
        line, _, self.heard = self.heard.partition(b"\r\n")
        return line

    async def settle(self) -> bytes:
        self._hear()
        return self.heard

    async def closed(self) -> bytes:
        self._hear()
        assert self.transport.disconnecting, "still open"
        return self.heard

    def abort(self) -> None:
        if not self.gone:
            self.gone = True
            self.transport.protocol.connectionLost(connectionDone)

    async def start_tls(self) -> None:
        raise AssertionError("TLS needs a socket")


class _MemoryTransport(StringTransport):
    def abortConnection(self) -> None:
        self.disconnecting = True


class _Listener(Protocol):
    def __init__(self) -> None:
        self.heard = b""
        self.gone = False
        self.waiting: Deferred[None] | None = None

    def dataReceived(self, data: bytes) -> None:
        self.heard += data
        self._wake()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.gone = True
        self._wake()

    def _wake(self) -> None:
        waiting, self.waiting = self.waiting, None
        if waiting is not None:
            waiting.callback(None)


class SocketConnection:
    """A real connection; the test's deadline bounds each wait."""

    def __init__(self, listener: _Listener) -> None:
        self.listener = listener

    def send(self, octets: bytes) -> None:
        if self.listener.transport is not None:
            self.listener.transport.write(octets)

    async def line(self) -> bytes | None:
        while b"\r\n" not in self.listener.heard:
            if self.listener.gone:
                return None
            await self._more()
        line, _, self.listener.heard = self.listener.heard.partition(b"\r\n")
        return line

    def _more(self) -> Deferred[None]:
        self.listener.waiting = Deferred()
        return self.listener.waiting

    async def settle(self) -> bytes:
        await deferLater(_reactor(), 0.03)
        return self.listener.heard

    async def closed(self) -> bytes:
        while not self.listener.gone:
            await self._more()
        return self.listener.heard

    def abort(self) -> None:
        if not self.listener.gone:
            cast("Any", self.listener.transport).abortConnection()

    async def start_tls(self) -> None:
        ITLSTransport(self.listener.transport).startTLS(CertificateOptions())


async def play_in_memory(
    path: Path, factory: IProtocolFactory, clock: Clock, hooks: Hooks, cut: Cut = whole
) -> None:
    """Play a dialogue against a protocol of the factory, in memory."""

    def connect() -> Deferred[Connection]:
        made: Deferred[Connection] = Deferred()
        made.callback(MemoryConnection(factory))
        return made

    await play(path, connect, clock, hooks, cut)


async def play_over_socket(
    path: Path, factory: IProtocolFactory, clock: Clock, hooks: Hooks
) -> None:
    """Play a dialogue over 127.0.0.1; the factory listens on a port of its own meanwhile."""
    reactor = _reactor()
    port = reactor.listenTCP(0, factory, interface="127.0.0.1")

    def connect() -> Deferred[Connection]:
        endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port)
        made: Deferred[_Listener] = cast("Any", connectProtocol)(endpoint, _Listener())
        return made.addCallback(SocketConnection)

    try:
        await play(path, connect, clock, hooks)
    finally:
        await port.stopListening()


def _reactor() -> Any:
    from twisted.internet import reactor  # noqa: PLC0415 - pytest-twisted chooses it

    return reactor
