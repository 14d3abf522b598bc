"""A parcel: one message on its way to one host, and what became of each of its recipients there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class RemoteRecipient:
    """One recipient as the host is asked to take it.

    `address` is a Mailbox of RFC 5321 §4.1.2, its domain in A-labels. `notify` and `orcpt`
    (decoded, `rfc822;bob@example.org`) are what its sender asked for (RFC 3461 §4.1, §4.2).
    """

    address: str
    notify: frozenset[str] | None = None
    orcpt: str | None = None


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is handed to a host in one transaction. Made by the courier for one attempt.

    `sender` "" is the null sender. The content is `prefix`, then `size_octets` octets that `read`
    gives (offset, length; short only at the end); it raises MailError if the store can't be read.
    `body` "8BITMIME" says that the content has octets above 127, `smtputf8` that its header
    section or an address can't do without (RFC 6531 §3.6): not merely that a client said so.
    """

    sender: str
    recipients: tuple[RemoteRecipient, ...]
    size_octets: int
    read: Callable[[int, int], Awaitable[bytes]]
    prefix: bytes = b""
    body: str = "7BIT"
    smtputf8: bool = False
    ret: str | None = None
    envid: str | None = None
    mt_priority: int | None = None


class Stage(StrEnum):
    """How far a dialogue had come; what was said then is the answer to that command."""

    OURS = "ours"  # nothing was asked: we know by ourselves that it can't be done
    GREETING = "greeting"
    EHLO = "EHLO"
    STARTTLS = "STARTTLS"
    AUTH = "AUTH"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    CONTENT = "end of data"
    RSET = "RSET"
    QUIT = "QUIT"


@dataclass(frozen=True, slots=True)
class Answer:
    """The host's last word on one recipient; of Stage.OURS it is our own.

    `enhanced` is empty where the host gave none. `text` is on one line and cut, fit for a log.
    `relayed`: taken by a host that won't tell of success, though asked to (RFC 3461 §5.2.2).
    """

    code: int
    enhanced: str
    text: str
    stage: Stage
    relayed: bool = False

    def __str__(self) -> str:
        """Write it on one line, as a log shows it."""
        return " ".join(part for part in (str(self.code), self.enhanced, self.text) if part)


class Failing(StrEnum):
    """What ended a connection before there was an answer."""

    CONNECT = "connect"  # there never was one
    GREETING = "greeting"  # turned away, by another code than 220 or at EHLO
    TLS = "tls"  # none to be had, or its handshake or certificate failed
    AUTH = "auth"  # none to be had that we may use, or refused
    TIMEOUT = "timeout"
    LOST = "lost"
    PROTOCOL = "protocol"  # the host says what has no meaning there


@dataclass(frozen=True, slots=True)
class ConnectionFailed:
    """Why there is no answer for a recipient. `text` is our word on it, fit for a log.

    `reply` is the host's word if that was the reason. `after_dot`: all of the content had been
    sent, so the host may have taken the message, and to repeat it may double it. `answered`
    False: not one reply came to this parcel, so on a connection that was kept a new one is worth
    an attempt at once. `pipelined`: several commands were under way in one go, which a host that
    lies about PIPELINING doesn't survive; try it without.
    """

    kind: Failing
    stage: Stage
    text: str
    reply: Answer | None = None
    after_dot: bool = False
    answered: bool = False
    pipelined: bool = False

    def __str__(self) -> str:
        """Write it on one line, as a log shows it."""
        return f"{self.text}: {self.reply}" if self.reply is not None else self.text


# What comes back for each recipient of a parcel, in their order
Delivered = tuple[Answer | ConnectionFailed, ...]
