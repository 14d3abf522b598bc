"""One POP3 session: which command may come when, and what is announced (RFC 1939, RFC 2449)."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import ClassVar, NamedTuple

from bitrixmail.access.replies import (
    ARGUMENTS,
    BAD_LINE,
    LOG_IN_FIRST,
    LOGGED_IN,
    LONG_LINE,
    UNKNOWN,
    RefusedError,
)
from bitrixmail.access.transaction import Transaction
from bitrixmail.link.sasl import MECHANISMS
from bitrixmail.wire.lines import Line, LineFault

# Words of a line of which each blank counts: the password
_ANY = sys.maxsize


class Command(NamedTuple):
    """What a verb does, and how many words may stand behind it."""

    run: Callable[..., None]
    least: int = 0
    most: int = 0


class POP3(Transaction):
    """See Channel for its life. Errors raised by a command are its reply."""

    def handle(self, event: Line) -> None:
        """See Channel."""
        if event.fault is not None:
            self.mechanism = None
            raise RefusedError(LONG_LINE if event.fault is LineFault.TOO_LONG else BAD_LINE)
        if self.mechanism is not None:
            self.respond(event.octets)
            return
        verb, *words = event.octets.split(b" ")
        command = self._command(verb.upper())
        if command.most != _ANY:
            words = [word for word in words if word]
        if not command.least <= len(words) <= command.most:
            raise RefusedError(ARGUMENTS)
        command.run(self, *words)

    def _command(self, verb: bytes) -> Command:
        before = self.maildrop is None
        command = (self._AUTHORIZATION if before else self._TRANSACTION).get(verb)
        if command is not None:
            return command
        if verb in (self._TRANSACTION if before else self._AUTHORIZATION):
            raise RefusedError(LOG_IN_FIRST if before else LOGGED_IN)
        raise RefusedError(UNKNOWN)

    def do_CAPA(self) -> None:
        """CAPA (RFC 2449 §5)."""
        self.say("Capability list follows")
        lines = [*self._capabilities(), "."]
        self.outgoing.append("".join(line + "\r\n" for line in lines).encode("ascii"))

    def _capabilities(self) -> list[str]:
        """Return what is possible here and now (RFC 2449 §6, RFC 2595 §4, RFC 3206, RFC 6856)."""
        found = ["TOP", "UIDL", "PIPELINING", "RESP-CODES", "AUTH-RESP-CODE", "UTF8 USER"]
        if self.private():
            found += ["USER", "SASL " + " ".join(name.decode() for name in MECHANISMS)]
        if self.maildrop is None:
            # what holds for one mailbox is told behind its login; the shortest time is a day
            found += ["EXPIRE 1 USER"]
            found += ["STLS"] if self.tls_possible() else []
        else:
            found += [f"EXPIRE {self.maildrop.retention_days or 'NEVER'}"]
        return [*found, "IMPLEMENTATION bitrixmail"]

    def do_UTF8(self) -> None:
        """UTF8 (RFC 6856 §2): names, passwords and messages are never anything else here."""
        self.say("UTF-8 it is")

    _AUTHORIZATION: ClassVar[dict[bytes, Command]] = {
        b"USER": Command(Transaction.do_USER, 1, 1),
        b"PASS": Command(Transaction.do_PASS, 1, _ANY),
        b"APOP": Command(Transaction.do_APOP, 2, 2),
        b"AUTH": Command(Transaction.do_AUTH, 1, 2),
        b"STLS": Command(Transaction.do_STLS),
        b"CAPA": Command(do_CAPA),
        b"UTF8": Command(do_UTF8),
        b"QUIT": Command(Transaction.do_QUIT),
    }
    _TRANSACTION: ClassVar[dict[bytes, Command]] = {
        b"STAT": Command(Transaction.do_STAT),
        b"LIST": Command(Transaction.do_LIST, 0, 1),
        b"UIDL": Command(Transaction.do_UIDL, 0, 1),
        b"RETR": Command(Transaction.do_RETR, 1, 1),
        b"TOP": Command(Transaction.do_TOP, 2, 2),
        b"DELE": Command(Transaction.do_DELE, 1, 1),
        b"RSET": Command(Transaction.do_RSET),
        b"NOOP": Command(Transaction.do_NOOP),
        b"CAPA": Command(do_CAPA),
        b"QUIT": Command(Transaction.do_QUIT),
    }
