"""Delivery status notifications: what one says, and what was read from one (RFC 3464)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Action(StrEnum):
    """What became of a message for one recipient (RFC 3464 §2.3.3)."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    RELAYED = "relayed"
    EXPANDED = "expanded"


class Nature(StrEnum):
    """What a failure says of the address."""

    HARD = "hard"  # nothing will reach it: it need not be tried again
    SOFT = "soft"  # it may well be good: not this message, or not at this time
    UNDETERMINED = "undetermined"


class Reason(StrEnum):
    """Why a message did not reach a recipient, in the words of listings and of the mail log."""

    UNKNOWN_USER = "unknown user"
    DISABLED = "mailbox disabled"
    MOVED = "address changed"
    BAD_ADDRESS = "bad address"
    NO_SUCH_DOMAIN = "no such domain"
    TAKES_NO_MAIL = "domain takes no mail"
    MAILBOX_FULL = "mailbox full"
    SPAM = "taken for spam"
    REPUTATION = "sending host blocked"
    AUTHENTICATION = "sender not authenticated"
    SENDER = "sender refused"
    POLICY = "refused by policy"
    CONTENT = "content refused"
    TOO_LARGE = "too large"
    GREYLISTED = "greylisted"
    RATE_LIMITED = "too much at once"
    RELAYING = "relaying denied"
    ROUTING = "no route"
    LOOP = "mail loop"
    DNS = "DNS failure"
    UNREACHABLE = "host not reached"
    TIMEOUT = "time-out"
    TLS = "TLS failure"
    PROTOCOL = "protocol error"
    SYSTEM = "trouble at the host"
    EXPIRED = "expired"
    GIVEN_UP = "given up by hand"
    UNDETERMINED = "undetermined"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a failure is taken. Made by `outbound.reasons.judging`."""

    nature: Nature
    reason: Reason


@dataclass(frozen=True, slots=True)
class Reported:
    """What a notice of ours says of one recipient.

    `status` is an enhanced status code; `original` the ORCPT as it was given, decoded
    ("rfc822;info@example.org"). `host` and `reply` are the other side's name and last word, a
    reply of SMTP, both empty if none was reached; then `explanation` says why, in our words.
    """

    recipient: str
    action: Action
    status: str
    reason: Reason = Reason.UNDETERMINED
    original: str = ""
    host: str = ""
    reply: str = ""
    explanation: str = ""
    last_attempt: datetime | None = None
    retry_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """All that a notice to the sender of a message is made of; see `mime.dsn.compose`.

    `message_id` is its own, with angle brackets; `author` is the address it comes from.
    `envelope_id` and `ret` are the ENVID and RET that came with the message (RFC 3461), if any.
    `original` holds the first octets of the message, at least its header section, and
    `size_octets` counts all of it. `smtputf8`: the message needed it. `eight_bit`: every host on
    the notice's way takes octets beyond ASCII (RFC 6152).
    """

    hostname: str
    author: str
    sender: str
    message_id: str
    at: datetime
    arrival: datetime
    queue_id: str
    recipients: tuple[Reported, ...]
    original: bytes
    size_octets: int
    envelope_id: str = ""
    ret: str | None = None
    smtputf8: bool = False
    eight_bit: bool = False


@dataclass(frozen=True, slots=True)
class Returned:
    """What a bounce says of one recipient; remote text, quoted nowhere without care.

    `address` is whom the host that reports tried last, `original` whom we had named, empty if it
    does not say. `status` is an enhanced status code or empty, `diagnostic` one line.
    """

    address: str
    action: Action
    status: str = ""
    diagnostic: str = ""
    original: str = ""
    host: str = ""


@dataclass(frozen=True, slots=True)
class Bounce:
    """A report on a message of ours, as it was read. Nobody vouches for a word of it.

    `standard`: it keeps to RFC 3464. `message_id`, `envelope_id` and `queue_id` name the message
    that is reported on; each is empty if it isn't told. `text` is the part for people, cut.
    """

    recipients: tuple[Returned, ...]
    standard: bool
    reporting_host: str = ""
    message_id: str = ""
    envelope_id: str = ""
    queue_id: str = ""
    text: str = ""
