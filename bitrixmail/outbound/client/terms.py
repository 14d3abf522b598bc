"""On what terms a host is met: our name, TLS, login, and how long it may take for what."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator

from bitrixmail.interfaces.threads import IThreads
from bitrixmail.model.parcel import Stage
from bitrixmail.outbound.client.sasl import Login
from bitrixmail.tasks import InlineThreads


@dataclass(frozen=True, slots=True)
class Timeouts:
    """What a host may take for each step, in seconds: the least that RFC 5321 §4.5.3.2 asks for.

    `block` is for a piece of content to be taken; a whole message gets `message` seconds and one
    more for every `least_rate` octets, whatever its steps take. `leave` is for QUIT.
    """

    connect: float = 30.0
    handshake: float = 60.0
    greeting: float = 300.0
    ehlo: float = 300.0
    mail: float = 300.0
    rcpt: float = 300.0
    data: float = 120.0
    block: float = 180.0
    dot: float = 600.0
    leave: float = 5.0
    message: float = 3600.0
    least_rate: int = 1024

    def of(self, stage: Stage | None) -> float:
        """Return the time for a reply to what was said; None: for a piece of content."""
        seconds: float = self.block if stage is None else getattr(self, _TIME_OF[stage])
        return seconds


_TIME_OF = {
    Stage.OURS: "block",
    Stage.GREETING: "greeting",
    Stage.EHLO: "ehlo",
    Stage.STARTTLS: "ehlo",
    Stage.AUTH: "ehlo",
    Stage.RSET: "mail",
    Stage.MAIL: "mail",
    Stage.RCPT: "rcpt",
    Stage.DATA: "data",
    Stage.CONTENT: "dot",
    Stage.QUIT: "leave",
}


class TLS(Enum):
    """When a connection is under TLS."""

    NEVER = "never"
    MAY = "if the host offers it, and in the clear if it refuses"
    MUST = "by STARTTLS, or not at all"
    IMPLICIT = "from the first octet (RFC 8314 §3)"


class PeerTLS(Protocol):
    """How one host is met under TLS. Made by who knows what its certificate must be like."""

    def creator(self) -> IOpenSSLClientConnectionCreator:
        """Return what gives a connection its TLS state; a handshake it breaks off is a failure."""

    def fault(self, connection: SSL.Connection) -> str:
        """Say after the handshake what is wrong with the host's certificate; "" if nothing is."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Given by the courier for one connection.

    `tls` other than NEVER needs `peer_tls`; with `verify` its `fault` ends the connection, else it
    is only told. `login` is told under TLS alone, unless `login_in_clear`. `threads` is for what
    takes long of SCRAM.
    """

    name: str
    tls: TLS = TLS.NEVER
    peer_tls: PeerTLS | None = None
    verify: bool = False
    login: Login | None = None
    login_in_clear: bool = False
    pipelining: bool = True
    timeouts: Timeouts = Timeouts()
    threads: IThreads = field(default_factory=InlineThreads)
