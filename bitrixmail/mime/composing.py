"""A message written from its parts, as programs hand it in to be sent (RFC 5322, RFC 2045).

Pure. Fields hold one line of text each, whatever is in it: nobody adds a field or a recipient.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address as Author
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime

_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff\u2028\u2029]")
_NAME = re.compile(r"[!-9;-~]{1,76}")
# What is written here, or says where it came from: nobody else's to give
_OURS = frozenset(
    {"from", "to", "cc", "bcc", "subject", "date", "message-id", "reply-to", "mime-version"}
    | {"sender", "received", "return-path", "delivered-to", "authentication-results"}
    | {"dkim-signature"}
)
_SEVEN = SMTP.clone(cte_type="7bit")
_EIGHT = SMTPUTF8.clone(cte_type="7bit")
_KIND = re.compile(r"([a-z0-9][a-z0-9.+_-]{0,60})/([a-z0-9][a-z0-9.+_-]{0,60})")


@dataclass(frozen=True, slots=True)
class Person:
    """A name, perhaps empty, and an address whose domain is in A-labels."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class File:
    """An attached file; with `content_id` the HTML may show it (`cid:`)."""

    name: str
    content_type: str
    octets: bytes
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a message says. `html` alone is enough, so is `text`; both are the same twice."""

    author: Person
    to: Sequence[Person]
    subject: str
    text: str
    html: str
    at: datetime
    message_id: str
    copies: Sequence[Person] = ()
    reply_to: Sequence[Person] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    files: Sequence[File] = ()


def compose(sheet: Sheet) -> bytes:
    """Write the message, CRLF at line ends. Raises ValueError with a sentence for people."""
    people = (sheet.author, *sheet.to, *sheet.copies, *sheet.reply_to)
    plain = all(person.address.isascii() for person in people)
    message = EmailMessage(policy=_SEVEN if plain else _EIGHT)
    message["From"] = _written([sheet.author], "from")
    if sheet.to:
        message["To"] = _written(sheet.to, "to")
    if sheet.copies:
        message["Cc"] = _written(sheet.copies, "cc")
    if sheet.reply_to:
        message["Reply-To"] = _written(sheet.reply_to, "reply_to")
    message["Subject"] = line(sheet.subject, "subject")
    message["Date"] = format_datetime(sheet.at)
    message["Message-ID"] = sheet.message_id
    for name, value in sheet.fields.items():
        message[_field_name(name)] = line(value, f"headers.{name[:80]}")
    _fill(message, sheet)
    octets = message.as_bytes()
    if b"\0" in octets:
        raise ValueError("the text has a NUL character: leave it out")
    return octets


def line(text: str, where: str) -> str:
    """Return a text that fits on a line of a header section. Raises ValueError."""
    if _CONTROL.search(text):
        raise ValueError(f"{where} has a line end or a control character: leave it out")
    return text


def _written(people: Sequence[Person], where: str) -> tuple[Author, ...]:
    return tuple(
        Author(line(person.name, where), addr_spec=line(person.address, where)) for person in people
    )


def _field_name(name: str) -> str:
    folded = name.lower()
    if not _NAME.fullmatch(name):
        raise ValueError(f"headers: {name[:80]!r} is no name of a field: letters and hyphens")
    if folded in _OURS or folded.startswith(("content-", "resent-")):
        raise ValueError(f"headers: {name} can't be given here: leave it out")
    return name


def _fill(message: EmailMessage, sheet: Sheet) -> None:
    text, html = sheet.text.replace("\0", ""), sheet.html.replace("\0", "")
    if text or not html:
        message.set_content(text, cte=_encoding(text))
        if html:
            message.add_alternative(html, subtype="html", cte=_encoding(html))
    else:
        message.set_content(html, subtype="html", cte=_encoding(html))
    shown = [file for file in sheet.files if file.content_id]
    if shown and html:
        body = message.get_body(("html",))
        for file in shown:
            kind, subtype = _kind(file)
            if body is not None:
                body.add_related(
                    file.octets,
                    kind,
                    subtype,
                    cid=f"<{line(file.content_id, 'content_id')}>",
                    filename=line(file.name, "attachments.name"),
                    disposition="inline",
                )
    for file in sheet.files:
        if not (file.content_id and html):
            kind, subtype = _kind(file)
            name = line(file.name, "attachments.name")
            message.add_attachment(file.octets, kind, subtype, filename=name)


def _encoding(text: str) -> str:
    """Return how a text goes over lines of seven bits: readable as far as it can be."""
    return "quoted-printable" if text.isascii() else "base64"


def _kind(file: File) -> tuple[str, str]:
    found = _KIND.fullmatch(file.content_type.strip().lower())
    if found is None or found[1] in {"multipart", "message"}:
        # What a message within it would be encoded as is not ours to choose (RFC 2045 §6.4)
        return "application", "octet-stream"
    return found[1], found[2]
