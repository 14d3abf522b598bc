"""Whether port 25 is open to the outside: greets the mail servers of well-known domains.

It connects, reads the greeting and says QUIT (RFC 5321 §4.1.1.10); no mail is begun.
"""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP6ClientEndpoint
from twisted.internet.error import ConnectError, ConnectingCancelledError
from twisted.internet.protocol import Factory
from twisted.protocols.basic import LineReceiver
from zope.interface import implementer

from bitrixmail.admin.probes.host_programs import IN_THE_FILE
from bitrixmail.admin.probes.hosts import look_up_host
from bitrixmail.interfaces.probe import IProbe
from bitrixmail.interfaces.resolver import IResolver
from bitrixmail.model.finding import Finding, Severity
from bitrixmail.model.text import printable
from bitrixmail.tasks import deadline, gather

_CONNECT_S = 4.0
_GREETING_S = 4.0
_MOST_DOMAINS = 5
_WHY = "Mail from this server to other mail servers will not leave it; what comes in still does."
_ASK = "Ask the provider to open outgoing TCP port 25; many keep it closed until they are asked."
_SMARTHOST = (
    (
        "Or send by a mail server of your provider, or of a mail service (a smarthost), with what"
        f" they gave you for it. Put this below [outbound] {IN_THE_FILE}"
    ),
    'smarthost = "smtp.example.com:587"',
    'smarthost_user = "you@example.com"',
    'smarthost_password = "…"',
    "Then let the SPF record of each domain name the servers of that service, too: it says how.",
)
_ITS_NAME = "See whether outbound.smarthost has the name and the port that its owner told you."
_WHY_SMARTHOST = "All mail from this server goes by that one, and waits until it answers."
_SUBMISSIONS = 465


@dataclass(frozen=True, slots=True)
class _Attempt:
    """How it went with one domain: `outcome` is a key of _TOLD, "greeted" or "unasked"."""

    host: str
    outcome: str
    detail: str = ""


# Which outcome is told if none was greeted: the first that happened.
_TOLD = {
    "filtered": "no answer from {}: it is filtered on the way",
    "refused": "{} refuse the connection: it is closed on the way or there",
    "unreachable": "{} can't be reached",
    "unwelcome": "{} answer, and do not greet this server",
}


@implementer(IProbe)
class OutgoingProbe:
    """Connects to one mail server of each domain, once. Made by app.doctor for one examination.

    `smarthost`: name and port of the server that takes all mail; then it is the only one asked.
    """

    name = "outgoing"

    def __init__(
        self,
        domains: Sequence[str],
        port: int,
        resolver: IResolver,
        reactor: Any,
        connect_s: float = _CONNECT_S,
        *,
        smarthost: tuple[str, int] | None = None,
    ) -> None:
        self._domains = domains[:_MOST_DOMAINS]
        self._smarthost = smarthost
        self._port = port if smarthost is None else smarthost[1]
        self._resolver = resolver
        self._reactor = reactor
        self._connect_s = connect_s

    async def probe(self) -> tuple[Finding, ...]:
        """See IProbe. One finding for all the domains; one server that greets is enough."""
        if self._smarthost is not None:
            return (self._judged([await self._reached(self._smarthost[0])]),)
        return (self._judged(await gather(*map(self._attempt, self._domains))),)

    def _judged(self, attempts: Sequence[_Attempt]) -> Finding:
        greeted = [attempt for attempt in attempts if attempt.outcome == "greeted"]
        if greeted:
            what = f"{greeted[0].host} greets: {printable(greeted[0].detail, 80)}"
            return self._finding(Severity.OK, what)
        for outcome, text in _TOLD.items():
            alike = [attempt for attempt in attempts if attempt.outcome == outcome]
            if not alike:
                continue
            what = text.format(", ".join(attempt.host for attempt in alike))
            details = dict.fromkeys(attempt.detail for attempt in alike if attempt.detail)
            if details:
                what = f"{what} ({printable('; '.join(details))})"
            return self._finding(Severity.WARNING, what, _ASK, *_SMARTHOST)
        what = "no mail server to try was found: " + "; ".join(
            f"{attempt.host}: {attempt.detail}" for attempt in attempts
        )
        return self._finding(Severity.WARNING, what, "Name other domains in doctor.outgoing.")

    def _finding(self, severity: Severity, what: str, *remedies: str) -> Finding:
        subject, why = f"tcp:{self._port} outwards", _WHY
        if self._smarthost is not None:
            subject, why = f"smarthost {self._smarthost[0]}:{self._port}", _WHY_SMARTHOST
            severity = Severity.OK if severity is Severity.OK else Severity.FAILURE
            remedies = (_ITS_NAME,)
        if severity is Severity.OK:
            return Finding(self.name, subject, severity, what)
        return Finding(self.name, subject, severity, what, why, remedies)

    async def _attempt(self, domain: str) -> _Attempt:
        answer = await self._resolver.look_up(domain, "MX")
        if not answer.records:
            return _Attempt(domain, "unasked", answer.detail or "has no MX record")
        return await self._reached(answer.records[0].text)

    async def _reached(self, name: str) -> _Attempt:
        """Connect to a host by its name or address, and be greeted."""
        host = await look_up_host(self._resolver, name)
        if not host.addresses:
            return _Attempt(name, "unasked", host.detail or "has no address")
        address = host.addresses[0]
        kind = TCP4ClientEndpoint if address.version == 4 else TCP6ClientEndpoint
        endpoint = kind(self._reactor, str(address), self._port, timeout=self._connect_s)
        greeting = _Greeting()
        try:
            await endpoint.connect(Factory.forProtocol(lambda: greeting))
        except ConnectingCancelledError as error:  # which is none of Twisted's own
            raise CancelledError from error
        except ConnectError as error:
            return _Attempt(name, *_outcome(error))
        if self._smarthost is not None and self._port == _SUBMISSIONS:
            await greeting.left()
            return _Attempt(name, "greeted", "it takes connections, which begin with TLS")
        try:
            line = await deadline(greeting.line, _GREETING_S, self._reactor)
        except TimeoutError:
            return _Attempt(name, "unwelcome", "they say nothing")
        finally:
            await greeting.left()
        shown = line.decode("ascii", "replace")
        return _Attempt(name, "greeted" if line.startswith(b"220") else "unwelcome", shown)


def _outcome(error: ConnectError) -> tuple[str, str]:
    """Name what kept a connection away, and the system's reason if it tells more."""
    if error.osError in (None, errno.ETIMEDOUT):
        return "filtered", ""
    if error.osError == errno.ECONNREFUSED:
        return "refused", ""
    return "unreachable", os.strerror(error.osError)


class _Greeting(LineReceiver):
    """Reads one line and takes its leave. Made for one connection."""

    MAX_LENGTH = 1000

    def __init__(self) -> None:
        self.line: Deferred[bytes] = Deferred()
        self._ended: Deferred[None] = Deferred()

    def lineReceived(self, line: bytes) -> None:
        """Take the first line, and let the server go."""
        if not self.line.called:
            self.sendLine(b"QUIT")
            self.line.callback(line)

    def lineLengthExceeded(self, line: bytes) -> None:
        """Take the beginning of what is no greeting."""
        self.lineReceived(line[:100])

    def connectionLost(self, reason: object = None) -> None:  # noqa: ARG002
        """What was said by now is all."""
        if not self.line.called:
            self.line.callback(b"hangs up")
        self._ended.callback(None)

    def left(self) -> Deferred[None]:
        """Close the connection; fires when it has ended."""
        transport: Any = self.transport
        transport.loseConnection()
        return self._ended
