"""What the bounces of `bounces/` say: whom they concern, what became of it, and why."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from bitrixmail.model.dsn import Action, Nature, Reason

FOLDER = Path(__file__).parent / "bounces"
ANNA = "anna@example.net"
_SOFT, _HARD = Nature.SOFT, Nature.HARD


class Told(NamedTuple):
    """One bounce; `standard`: by RFC 3464. `returned`: the message comes back with it."""

    action: Action
    status: str
    nature: Nature
    reason: Reason
    address: str = ANNA
    standard: bool = True
    returned: bool = True


BOUNCES = {
    "blocklisted": Told(Action.FAILED, "5.7.1", _SOFT, Reason.REPUTATION),
    "dmarc": Told(Action.FAILED, "5.7.26", _SOFT, Reason.AUTHENTICATION),
    "domino-not-listed": Told(
        Action.FAILED, "", _HARD, Reason.UNKNOWN_USER, standard=False, returned=False
    ),
    "exchange-text": Told(
        Action.FAILED, "", _HARD, Reason.UNKNOWN_USER, standard=False, returned=False
    ),
    "exchange-unknown-user": Told(Action.FAILED, "5.1.10", _HARD, Reason.UNKNOWN_USER),
    "exim-delayed": Told(
        Action.DELAYED, "4.2.0", _SOFT, Reason.GREYLISTED, standard=False, returned=False
    ),
    "exim-mailbox-full": Told(Action.FAILED, "5.0.0", _SOFT, Reason.MAILBOX_FULL),
    "exim-unknown-user": Told(Action.FAILED, "", _HARD, Reason.UNKNOWN_USER, standard=False),
    "gmail-no-such-address": Told(Action.FAILED, "5.1.1", _HARD, Reason.UNKNOWN_USER),
    "gmail-rate": Told(Action.DELAYED, "4.7.28", _SOFT, Reason.RATE_LIMITED),
    "gmail-spam": Told(Action.FAILED, "5.7.1", _SOFT, Reason.SPAM),
    "greylisted-delay": Told(Action.DELAYED, "4.2.0", _SOFT, Reason.GREYLISTED),
    "internationalised": Told(
        Action.FAILED, "5.1.1", _HARD, Reason.UNKNOWN_USER, "анна@пример.example"
    ),
    "loop": Told(Action.FAILED, "5.4.6", _SOFT, Reason.LOOP),
    "mailru-invalid-mailbox": Told(
        Action.FAILED, "", _HARD, Reason.UNKNOWN_USER, "anna@mail.example", standard=False
    ),
    "mailru-mailbox-full-ru": Told(
        Action.FAILED, "", _SOFT, Reason.MAILBOX_FULL, "anna@mail.example", standard=False
    ),
    "null-mx": Told(Action.FAILED, "5.1.0", _HARD, Reason.TAKES_NO_MAIL),
    "odd-report": Told(Action.FAILED, "5.1.1", _HARD, Reason.UNKNOWN_USER),
    "one-of-two": Told(
        Action.FAILED, "5.2.1", _HARD, Reason.DISABLED, "forwarded@elsewhere.example"
    ),
    "postfix-delayed": Told(Action.DELAYED, "4.4.1", _SOFT, Reason.TIMEOUT),
    "postfix-text-mailbox-full": Told(
        Action.FAILED, "5.2.2", _SOFT, Reason.MAILBOX_FULL, standard=False
    ),
    "postfix-unknown-user": Told(Action.FAILED, "5.1.1", _HARD, Reason.UNKNOWN_USER),
    "qmail-no-mailbox": Told(Action.FAILED, "5.1.1", _HARD, Reason.UNKNOWN_USER, standard=False),
    "qmail-queue-too-long": Told(
        Action.FAILED, "4.4.1", _SOFT, Reason.UNREACHABLE, standard=False
    ),
    "sendmail-host-unknown": Told(
        Action.FAILED, "5.1.2", _HARD, Reason.NO_SUCH_DOMAIN, "anna@nowhere.example.net"
    ),
    "success": Told(Action.DELIVERED, "2.1.5", Nature.UNDETERMINED, Reason.UNDETERMINED),
    "too-large": Told(Action.FAILED, "5.3.4", _SOFT, Reason.TOO_LARGE),
    "yandex-spam": Told(Action.FAILED, "5.7.1", _SOFT, Reason.SPAM),
    "yandex-unknown-ru": Told(
        Action.FAILED, "", _HARD, Reason.UNKNOWN_USER, "anna@ya.example", standard=False,
        returned=False,
    ),
}  # fmt: skip
OTHERS = (
    "not-newsletter", "not-question", "not-read-receipt", "not-vacation", "not-vacation-of-a-host",
    "not-vacation-ru",
)  # fmt: skip


def octets(name: str) -> bytes:
    """Return a message of the corpus with CRLF at line ends, as it comes by SMTP."""
    return (FOLDER / f"{name}.eml").read_bytes().replace(b"\n", b"\r\n")
