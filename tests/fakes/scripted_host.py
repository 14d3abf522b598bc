"""A mail host that says what its script says: the far side of deliveries, on any address.

A script has a `Play` for each stage: the replies in their turn, the last of them for ever. What it
does not name is done as an honest host does it. See `Turn` for delays, drops and silence.

    host = ScriptedHost(Script(rcpt=say("450 4.7.1 Greylisted", "250 OK"))).listen(reactor)
    …
    host.letters[0].content
"""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from tests.fakes.certificate import server_tls
from tests.fakes.scripted_login import log_in

ALL = ("PIPELINING", "SIZE 10485760", "8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES")


@dataclass(frozen=True)
class Turn:
    """What is done once: after `delay_s`, `reply` is sent as it is; then `then`.

    `reply` "" says nothing at all. `then`: "" goes on, "close" and "abort" end the connection,
    "deaf" reads nothing more, "mute" reads and never says anything again.
    """

    reply: str = ""
    delay_s: float = 0.0
    then: str = ""


Play = tuple[Turn, ...]


def say(*replies: str, delay_s: float = 0.0, then: str = "") -> Play:
    """Return a play of replies; those without line end get one, "\\n" within separates lines."""
    return tuple(Turn(_wire(reply), delay_s, then) for reply in replies)


def _wire(reply: str) -> str:
    return reply if not reply or reply.endswith("\r\n") else reply.replace("\n", "\r\n") + "\r\n"


SILENCE: Play = (Turn(then="mute"),)
GONE: Play = (Turn(then="abort"),)


@dataclass(frozen=True)
class Script:
    """How a host behaves; a play that is empty is an honest host's.

    `rcpt_of` has plays for single recipients, by address. `obeys_pipelining` False: it offers it,
    and throws away what came along with a command. `behind_dot` "drop" closes when something comes
    right behind a content, "lose" throws it away. `behind_starttls` is said in the clear in one
    write with the 220. `tls` False breaks the handshake. `logins` are names with passwords.
    """

    extensions: tuple[str, ...] = ALL
    greeting: Play = ()
    ehlo: Play = ()
    helo: Play = ()
    starttls: Play = ()
    auth: Play = ()
    mail: Play = ()
    rcpt: Play = ()
    rcpt_of: Mapping[str, Play] = field(default_factory=dict)
    data: Play = ()
    amid_content: Play = ()  # said once as soon as content comes
    content: Play = ()
    bdat: Play = ()
    rset: Play = ()
    quit: Play = ()
    obeys_pipelining: bool = True
    behind_dot: str = ""
    behind_starttls: str = ""
    tls: bool = True
    implicit_tls: bool = False
    logins: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Letter:
    """A message as the host took it: whole command lines, and content without stuffed dots."""

    mail: str
    rcpt: list[str]
    content: bytes
    under_tls: bool


class ScriptedHost(Factory):
    """Made by a test. Remembers all `lines` said to it, `letters` it took, and `connections`.

    `script` may be replaced at any time; turns are counted over all connections.
    """

    noisy = False

    def __init__(self, script: Script | None = None, name: str = "mx.example.net") -> None:
        self.script = script or Script()
        self.name = name
        self.lines: list[str] = []
        self.letters: list[Letter] = []
        self.connections = 0
        self.open: list[_Session] = []
        # How many octets came in each read, to see what came in one write
        self.reads: list[int] = []
        self._turns: dict[str, int] = {}
        self._port: Any = None

    def listen(self, reactor: Any, address: str = "127.0.0.1", port: int = 0) -> ScriptedHost:
        """Take connections, on a free port if none is given; returns itself."""
        self._port = reactor.listenTCP(port, self, interface=address)
        return self

    @property
    def port(self) -> int:
        """The port it listens on."""
        number: int = self._port.getHost().port
        return number

    async def stop(self) -> None:
        """Close the port and all connections."""
        for session in list(self.open):
            session.transport.abortConnection()
        await self._port.stopListening()

    def buildProtocol(self, addr: Any) -> Protocol:
        return _Session(self)

    def turn(self, play: Play, key: str) -> Turn | None:
        """Return the next turn of a play; None if it is empty."""
        if not play:
            return None
        count = self._turns.get(key, 0)
        self._turns[key] = count + 1
        return play[min(count, len(play) - 1)]


class _Session(Protocol):
    transport: Any

    def __init__(self, host: ScriptedHost) -> None:
        self.host = host
        self.buffer = b""
        self.mail = ""
        self.rcpt: list[str] = []
        self.content: bytes | None = None  # being read, with its dots
        self.chunks = b""
        self.chunk_left = -1
        self.chunk_last = False
        self.answering: Callable[[str], None] | None = None  # to a challenge
        self.under_tls = False
        self.busy = False
        self.mute = False
        self.told_amid = False
        self.breaks_tls = False
        self.waiting: Any = None  # what is to be said late

    @property
    def script(self) -> Script:
        return self.host.script

    def connectionMade(self) -> None:
        self.host.connections += 1
        self.host.open.append(self)
        self.transport.setTcpNoDelay(True)
        if self.script.implicit_tls:
            self.under_tls = True
            self.transport.startTLS(server_tls())
        self.play("greeting", self.script.greeting, f"220 {self.host.name} ESMTP\r\n")

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.mute = True
        self.host.open.remove(self)
        if self.waiting is not None and self.waiting.active():
            self.waiting.cancel()

    # Saying

    def play(
        self, key: str, play: Play, honest: str, then: Callable[[str], None] | None = None
    ) -> None:
        """Say the next turn of a play, or what is honest; `then` is told which reply it was."""
        turn = self.host.turn(play, key) or Turn(honest)
        if turn.delay_s:
            from twisted.internet import reactor  # noqa: PLC0415 - pytest-twisted chooses it

            self.busy = True
            self.waiting = reactor.callLater(turn.delay_s, self.late, turn, then)
        else:
            self.do(turn, then)

    def late(self, turn: Turn, then: Callable[[str], None] | None) -> None:
        self.busy = False
        if not self.mute:
            self.do(turn, then)
            self.read()

    def do(self, turn: Turn, then: Callable[[str], None] | None) -> None:
        if turn.reply and not self.mute:
            self.transport.write(turn.reply.encode())
        if then is not None:
            then(turn.reply)
        if turn.then == "close":
            self.mute = True
            self.transport.loseConnection()
        elif turn.then == "abort":
            self.mute = True
            self.transport.abortConnection()
        elif turn.then == "deaf":
            self.busy = True
            self.transport.pauseProducing()
        elif turn.then == "mute":
            self.mute = True

    # Hearing

    def dataReceived(self, data: bytes) -> None:
        self.host.reads.append(len(data))
        if self.breaks_tls:
            self.transport.write(b"\x15\x03\x01\x00\x02\x02\x28")  # the alert handshake_failure
            self.transport.loseConnection()
            return
        self.buffer += data
        self.read()

    def read(self) -> None:
        while not (self.busy or self.mute):
            if self.content is not None:
                if not self.read_content():
                    return
            elif self.chunk_left >= 0:
                if not self.read_chunk():
                    return
            else:
                line, end, rest = self.buffer.partition(b"\r\n")
                if not end:
                    return
                self.buffer = rest if self.script.obeys_pipelining else b""
                self.obey(line.decode("utf-8", "surrogateescape"))

    def obey(self, line: str) -> None:
        self.host.lines.append(line)
        if self.answering is not None:
            answering, self.answering = self.answering, None
            answering(line)
            return
        verb, _, rest = line.partition(" ")
        getattr(self, f"do_{verb.upper()}", self.unknown)(rest)

    def unknown(self, _rest: str) -> None:
        self.play("unknown", (), "500 5.5.1 What?\r\n")

    def do_EHLO(self, _rest: str) -> None:
        offered = [
            word for word in self.script.extensions if word != "STARTTLS" or not self.under_tls
        ]
        lines = [self.host.name, *offered]
        honest = "".join(
            f"250{' ' if place == len(lines) - 1 else '-'}{line}\r\n"
            for place, line in enumerate(lines)
        )
        self.forget()
        self.play("ehlo", self.script.ehlo, honest)

    def do_HELO(self, _rest: str) -> None:
        self.forget()
        self.play("helo", self.script.helo, f"250 {self.host.name}\r\n")

    def do_STARTTLS(self, _rest: str) -> None:
        if self.script.starttls:
            self.play("starttls", self.script.starttls, "")
            return
        self.transport.write(b"220 2.0.0 Go ahead\r\n" + self.script.behind_starttls.encode())
        if self.script.tls:
            self.under_tls = True
            self.buffer = b""
            self.forget()
            self.transport.startTLS(server_tls())
        else:
            self.breaks_tls = True

    def do_MAIL(self, rest: str) -> None:
        def then(reply: str) -> None:
            if reply.startswith("2"):
                self.mail = rest

        honest = "503 5.5.1 Nested MAIL\r\n" if self.mail else "250 2.1.0 OK\r\n"
        self.play("mail", self.script.mail, honest, then)

    def do_RCPT(self, rest: str) -> None:
        address = rest.partition("<")[2].rpartition(">")[0]

        def then(reply: str) -> None:
            if reply.startswith("2") and self.mail:
                self.rcpt.append(rest)

        honest = "250 2.1.5 OK\r\n" if self.mail else "503 5.5.1 MAIL first\r\n"
        play = self.script.rcpt_of.get(address)
        if play is None:
            self.play("rcpt", self.script.rcpt, honest, then)
        else:
            self.play(f"rcpt {address}", play, honest, then)

    def do_DATA(self, _rest: str) -> None:
        def then(reply: str) -> None:
            if reply.startswith("354"):
                self.content = b"\r\n"

        honest = "354 Go on\r\n" if self.rcpt else "554 5.5.1 No valid recipients\r\n"
        self.play("data", self.script.data, honest, then)

    def do_BDAT(self, rest: str) -> None:
        size, _, last = rest.partition(" ")
        self.chunk_left, self.chunk_last = int(size), last.upper() == "LAST"

    def do_RSET(self, _rest: str) -> None:
        self.forget()
        self.play("rset", self.script.rset, "250 2.0.0 OK\r\n")

    def do_NOOP(self, _rest: str) -> None:
        self.play("noop", (), "250 2.0.0 OK\r\n")

    def do_QUIT(self, _rest: str) -> None:
        self.play("quit", self.script.quit or say("221 2.0.0 Bye", then="close"), "")

    def do_AUTH(self, rest: str) -> None:
        if self.script.auth:
            self.play("auth", self.script.auth, "", self.challenged)
            return
        log_in(self, rest)

    def challenged(self, reply: str) -> None:
        if reply.startswith("334"):
            self.answering = lambda _line: self.play("auth", self.script.auth, "", self.challenged)

    # Content

    def read_content(self) -> bool:
        """Read DATA; return whether it has come to its end."""
        if self.script.amid_content and self.buffer and not self.told_amid:
            self.told_amid = True
            self.play("amid_content", self.script.amid_content, "")
        self.content = (self.content or b"") + self.buffer
        self.buffer = b""
        end = self.content.find(b"\r\n.\r\n")
        if end < 0:
            return False
        raw, self.buffer = self.content[: end + 2], self.content[end + 5 :]
        self.content = None
        behind = self.script.behind_dot and self.buffer
        self.buffer = b"" if self.script.behind_dot else self.buffer
        self.take("content", self.script.content, raw.replace(b"\r\n.", b"\r\n")[2:])
        if behind and self.script.behind_dot == "drop":
            self.mute = True
            self.transport.loseConnection()
        return True

    def read_chunk(self) -> bool:
        """Read a chunk of BDAT; return whether it is whole."""
        octets, self.buffer = self.buffer[: self.chunk_left], self.buffer[self.chunk_left :]
        self.chunks += octets
        self.chunk_left -= len(octets)
        if self.chunk_left:
            return False
        self.chunk_left = -1
        if not self.rcpt:
            self.chunks = b""
            self.play("no recipient", (), "503 5.5.1 No valid recipients\r\n")
        elif self.chunk_last:
            chunks, self.chunks = self.chunks, b""
            self.take("bdat", self.script.bdat, chunks)
        else:
            self.play("bdat", self.script.bdat, "250 2.0.0 Chunk OK\r\n")
        return True

    def take(self, key: str, play: Play, content: bytes) -> None:
        mail, rcpt = self.mail, self.rcpt

        def then(reply: str) -> None:
            if not reply or reply.startswith("2"):
                self.host.letters.append(Letter(mail, rcpt, content, self.under_tls))

        self.forget()
        self.play(key, play, "250 2.0.0 Queued as 1\r\n", then)

    def forget(self) -> None:
        self.mail, self.rcpt, self.chunks = "", [], b""
