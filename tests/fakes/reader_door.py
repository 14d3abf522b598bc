"""The POP3 door with accounts in memory behind it, and what dialogues may ask of the two."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from twisted.cred.portal import Portal
from twisted.internet.address import IPv4Address, UNIXAddress
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock

from bitrixmail.access.factory import POP3Factory
from bitrixmail.access.pop3 import POP3
from bitrixmail.model.limits import AccessLimits
from tests.dialogs.dialog import MemoryConnection
from tests.fakes.certificate import server_tls
from tests.fakes.gate import RecordingMailLog
from tests.fakes.maildrop import ERRORS, MemoryAccounts


class _SeenFrom(POP3):
    """A session whose peer is who the factory says."""

    def makeConnection(self, transport: Any) -> None:
        host = self.factory.peer  # type: ignore[attr-defined] # see below
        peer = IPv4Address("TCP", host, 4242) if host else UNIXAddress(None)
        transport.getPeer = lambda: peer
        super().makeConnection(transport)  # type: ignore[no-untyped-call] # Twisted's has no types


class _Factory(POP3Factory):
    # empty: it comes by a local socket
    peer = "127.0.0.1"

    def buildProtocol(self, addr: IAddress | None) -> Protocol:
        return _SeenFrom(self)


class ReaderDoor:
    """Made by a test. `hooks` are the steps of a dialogue that begin with `!`."""

    def __init__(self) -> None:
        self.accounts = MemoryAccounts()
        self.maillog = RecordingMailLog()
        self.clock = Clock()
        self.factory = _Factory(
            Portal(self.accounts, [self.accounts]),
            self.clock,
            self.maillog,
            "mx.example.org",
            AccessLimits(),
            server_tls(),
        )
        self.drained = False
        self.other: Any = None

    def hooks(self) -> Mapping[str, Callable[[str], None]]:
        accounts = self.accounts
        return {
            "limits": self.limits,
            "peer": lambda rest: setattr(self.factory, "peer", rest),
            "no_tls": lambda _rest: setattr(self.factory, "tls", None),
            "retention": lambda rest: setattr(accounts, "retention_days", int(rest)),
            "message": lambda rest: accounts.add(ast.literal_eval(f"b'{rest}'")),
            "big": self.big,
            "folder": lambda rest: accounts.stored.update({rest: {}}),
            "hold": accounts.hold.add,
            "release": lambda _rest: accounts.release(),
            "error": self.error,
            "mend": lambda _rest: accounts.errors.clear(),
            "lock": accounts.held.add,
            "unlock": accounts.held.discard,
            "crowd": lambda _rest: setattr(self, "other", MemoryConnection(self.factory)),
            "uncrowd": lambda _rest: self.other.abort(),
            "gone": self.gone,
            "left": self.left,
            "held": lambda rest: self.same(len(accounts.held), rest),
            "logouts": lambda rest: self.same(accounts.logouts, rest),
            "logins": lambda rest: self.same(len(accounts.logins), rest),
            "log": self.log,
            "logged": self.logged,
            "drain": self.drain,
            "abort_all": lambda _rest: self.factory.abort_all(),
            "drained": lambda rest: self.same(self.drained, rest),
        }

    def limits(self, rest: str) -> None:
        found = {key: ast.literal_eval(value) for key, value in _pairs(rest)}
        self.factory.limits = replace(self.factory.limits, **found)

    def big(self, rest: str) -> None:
        """Add a message of so many lines of 100 octets."""
        self.accounts.add(b"Subject: big\r\n\r\n" + (b"x" * 98 + b"\r\n") * int(rest))

    def error(self, rest: str) -> None:
        name, _, kind = rest.partition(" ")
        self.accounts.errors[name] = ERRORS[kind]

    def gone(self, rest: str) -> None:
        """Let somebody else remove a message."""
        del self.accounts.stored["INBOX"][int(rest)]

    def left(self, rest: str) -> None:
        """Compare the UIDs that are there."""
        self.same(" ".join(map(str, self.accounts.stored["INBOX"])), rest)

    def same(self, found: object, rest: str) -> None:
        assert str(found) == rest, found

    def log(self, rest: str) -> None:
        self.same(" ".join(transition for transition, _ in self.maillog.lines), rest)

    def logged(self, rest: str) -> None:
        """Compare fields of the mail log's last line."""
        _, fields = self.maillog.lines[-1]
        for key, value in _pairs(rest):
            self.same(str(fields[key]).replace(" ", "_"), value)

    def drain(self, _rest: str) -> None:
        def fired(_result: None) -> None:
            self.drained = True

        self.factory.drain().addCallback(fired)


def _pairs(rest: str) -> list[tuple[str, str]]:
    return [(key, value) for key, _, value in (pair.partition("=") for pair in rest.split())]
