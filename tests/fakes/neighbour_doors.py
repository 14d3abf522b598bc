"""The doors for senders and for neighbouring servers, over a recording gate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

from twisted.cred.portal import Portal
from twisted.internet.address import IPv4Address, UNIXAddress
from twisted.internet.interfaces import IAddress
from twisted.mail import smtp

from bitrixmail.smtp.lmtp import LMTP, LMTPFactory, local_limits
from bitrixmail.smtp.submission import Submission, SubmissionFactory
from tests.fakes.certificate import server_tls
from tests.fakes.door import Door
from tests.fakes.senders import NONCE, MemorySenders


class _SeenFrom:
    """A session whose peer is who the factory says; empty: it comes by a local socket."""

    factory: Any

    def makeConnection(self, transport: Any) -> None:
        host = self.factory.peer
        peer = IPv4Address("TCP", host, 4242) if host else UNIXAddress(None)
        transport.getPeer = lambda: peer
        super().makeConnection(transport)  # type: ignore[misc] # of the protocol it stands before


class _Submission(_SeenFrom, Submission):
    pass


class _LMTP(_SeenFrom, LMTP):
    pass


class _SubmissionFactory(SubmissionFactory):
    peer = "127.0.0.1"

    def buildProtocol(self, addr: IAddress | None) -> smtp.ESMTP:
        return _Submission(self)


class _LMTPFactory(LMTPFactory):
    peer = "127.0.0.1"

    def buildProtocol(self, addr: IAddress | None) -> smtp.ESMTP:
        return _LMTP(self)


class SubmissionDoor(Door):
    """Made by a test. `hooks` are the steps of a dialogue that begin with `!`."""

    factory: _SubmissionFactory

    def __init__(self) -> None:
        super().__init__()
        self.senders = MemorySenders()
        self.factory = _SubmissionFactory(
            self.gate,
            self.clock,
            self.maillog,
            "mx.example.org",
            self.lenient(),
            server_tls(),
            portal=Portal(self.senders, [self.senders]),
            salts=self.senders,
            most_held_s=86400,
        )
        self.factory.nonce = lambda: NONCE

    def hooks(self) -> Mapping[str, Callable[[str], None]]:
        return {
            **super().hooks(),
            "peer": lambda rest: setattr(self.factory, "peer", rest),
            "most_held": lambda rest: setattr(self.factory, "most_held_s", int(rest)),
            "proxy": self.proxy,
            "hold_login": self.senders.hold.add,
            "release_login": lambda _rest: self.senders.release(),
            "error": self.senders.fail,
            "mend": lambda _rest: self.senders.errors.clear(),
            "logins": lambda rest: self.same(self.senders.logins, rest),
            "log": self.log,
            "logged": self.logged,
            "held": self.held,
        }

    def proxy(self, rest: str) -> None:
        self._replace(xclient_networks=(ip_network(rest),))

    def same(self, found: object, rest: str) -> None:
        assert str(found) == rest, found

    def log(self, rest: str) -> None:
        self.same(" ".join(transition for transition, _ in self.maillog.lines), rest)

    def logged(self, rest: str) -> None:
        """Compare fields of the mail log's last line."""
        _, fields = self.maillog.lines[-1]
        for pair in rest.split():
            key, _, value = pair.partition("=")
            self.same(str(fields[key]).replace(" ", "_"), value)

    def held(self, rest: str) -> None:
        """Compare what the last message's sender said of its release."""
        parameters = self.gate.messages[-1].parameters
        self.same(parameters.hold_for_s or parameters.hold_until, rest)


class LMTPDoor(Door):
    """Made by a test. `hooks` are the steps of a dialogue that begin with `!`."""

    factory: _LMTPFactory

    def __init__(self) -> None:
        super().__init__()
        self.factory = _LMTPFactory(
            self.gate,
            self.clock,
            self.maillog,
            "mx.example.org",
            local_limits(self.lenient()),
            None,
        )

    def hooks(self) -> Mapping[str, Callable[[str], None]]:
        return {
            **super().hooks(),
            "peer": lambda rest: setattr(self.factory, "peer", rest),
            "bug": self.gate.bugs.add,
            "errors": lambda rest: self._replace(max_errors=int(rest)),
            "priority": self.priority,
        }

    def _replace(self, **changes: object) -> None:
        self.factory.limits = local_limits(replace(self.factory.limits, **changes))  # type: ignore[arg-type] # by name

    def priority(self, rest: str) -> None:
        """Compare what the last message's sender said of its haste."""
        assert str(self.gate.messages[-1].parameters.mt_priority) == rest
