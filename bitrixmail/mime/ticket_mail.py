"""Messages that a help desk sends: answers to a ticket, and the word that one was opened. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bitrixmail.mime.automatic_mail import ANSWERED, text_part
from bitrixmail.mime.dsn_fields import date, field, one_line
from bitrixmail.model.ticket import mark_of

_MOST_REFERENCES = 20
_SUBJECT = 200
_AGAIN = ("re:", "fw:", "fwd:", "отв:", "на:")


@dataclass(frozen=True, slots=True)
class DeskMail:
    """What is written. `desk`, `to` and `reply_to` are addresses, the last one perhaps empty.

    `subject` is the ticket's. `references` are Message-IDs with their brackets, the answered one
    last. `automatic`: a program says it, not a person.
    """

    desk: str
    to: str
    number: int
    subject: str
    text: str
    message_id: str
    at: datetime
    reply_to: str = ""
    references: Sequence[str] = ()
    automatic: bool = False


def compose(mail: DeskMail) -> bytes:
    """Write a message: header section and a text in UTF-8, all octets below 128 but in addresses.

    The answer to it comes to `reply_to`, and names the ticket in its subject and its References.
    """
    known = [each for each in mail.references if each.isascii()][-_MOST_REFERENCES:]
    lines = [
        field("From", f"<{one_line(mail.desk, 320)}>", utf8=True),
        field("To", f"<{one_line(mail.to, 320)}>", utf8=True),
        *([field("Reply-To", f"<{mail.reply_to}>", utf8=True)] if mail.reply_to else []),
        field("Subject", subject_of(mail.number, mail.subject)),
        field("Date", date(mail.at)),
        field("Message-ID", mail.message_id),
        *([field("In-Reply-To", known[-1])] if known else []),
        *([field("References", " ".join(known))] if known else []),
        *([ANSWERED] if mail.automatic else []),
        b"MIME-Version: 1.0\r\n",
        text_part(b"text/plain", mail.text),
    ]
    return b"".join(lines)


def subject_of(number: int, subject: str) -> str:
    """Return the subject of an answer: the number stands in it once, and once that it is one."""
    mark = mark_of(number)
    rest = one_line(subject.replace(mark, " "), _SUBJECT)
    while rest.lower().startswith(_AGAIN):
        rest = rest.partition(":")[2].strip()
    return f"Re: {mark} {rest}".rstrip()
