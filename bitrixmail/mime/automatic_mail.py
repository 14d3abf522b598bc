"""Messages that this server writes by itself: answers (RFC 3834 §3) and short notices.

Pure: from plain values to the octets of a message, CRLF at line ends. No text of others can add a
field or a recipient; what is too long is cut.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from html import escape

from bitrixmail.mime.dsn_fields import date, encoded_words, field, one_line
from bitrixmail.mime.headers import HeaderSection

# What says that a message tells of another one, so that none is told of in turn
NOTICE_FIELD = "X-Bitrixmail-Notice"
# What says that a program answers; Exchange, for one, answers what the second asks it not to
ANSWERED = b"Auto-Submitted: auto-replied\r\nX-Auto-Response-Suppress: All\r\n"
_TOLD = (
    f"Auto-Submitted: auto-generated\r\n{NOTICE_FIELD}: yes\r\nX-Auto-Response-Suppress: All\r\n"
).encode()
_MESSAGE_ID = re.compile(rb"<[!-;=?-~]{1,300}>")
_MOST_REFERENCES = 20
_MAX_SUBJECT = 300
_ATOM = re.compile(r"[A-Za-z0-9 !#$%&'*+/=?^_`{|}~-]*")


@dataclass(frozen=True, slots=True)
class Written:
    """What such a message says. `author` is who it is from, perhaps with a name before it.

    `about` is the header section of what is answered, or told of. `html` is the same text again.
    """

    author: tuple[str, str]
    recipient: str
    subject: str
    text: str
    html: str
    message_id: str
    at: datetime
    about: HeaderSection
    answers: bool


def compose_automatic(written: Written) -> bytes:
    """Write the message; it ends in a line end."""
    name, address = written.author
    kind, body = _body(written)
    return b"".join(
        (
            field("From", _mailbox(one_line(name, 200), one_line(address, 300)), utf8=False)
            if address.isascii()
            else field("From", f"<{one_line(address, 300)}>", utf8=True),
            field("To", f"<{one_line(written.recipient, 500)}>", utf8=True),
            field("Subject", one_line(written.subject, _MAX_SUBJECT)),
            field("Date", date(written.at)),
            field("Message-ID", one_line(written.message_id, 300)),
            *(_threading(written.about) if written.answers else ()),
            ANSWERED if written.answers else _TOLD,
            b"MIME-Version: 1.0\r\n",
            kind,
            body,
        )
    )


def _mailbox(name: str, address: str) -> str:
    if not name:
        return f"<{address}>"
    if not name.isascii():
        return f"{' '.join(encoded_words(name))} <{address}>"
    if not _ATOM.fullmatch(name):
        name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{name} <{address}>"


def _threading(about: HeaderSection) -> tuple[bytes, ...]:
    """Write In-Reply-To and References (RFC 5322 §3.6.4)."""
    found = _MESSAGE_ID.fullmatch(about.first("message-id") or b"")
    if found is None:
        return ()
    before = _MESSAGE_ID.findall((about.first("references") or b"")[:8000])
    named = list(dict.fromkeys([*before[-_MOST_REFERENCES:], found[0]]))
    return (
        b"In-Reply-To:\r\n " + found[0] + b"\r\n",
        b"References:\r\n " + b"\r\n ".join(named) + b"\r\n",
    )


def _body(written: Written) -> tuple[bytes, bytes]:
    plain = text_part(b"text/plain", written.text)
    if not written.html:
        return b"", plain
    html = text_part(b"text/html", written.html)
    boundary = b"both-" + hashlib.sha256(plain + html).hexdigest()[:32].encode()
    cut = b"--" + boundary
    kind = b'Content-Type: multipart/alternative;\r\n boundary="' + boundary + b'"\r\n\r\n'
    parts = (cut + b"\r\n" + part + b"\r\n" for part in (plain, html))
    return kind, b"".join(parts) + cut + b"--\r\n"


def text_part(kind: bytes, text: str) -> bytes:
    """Write a text with the fields that say of what kind it is, all octets below 128."""
    lines = re.split(r"\r\n|\r|\n", text.replace("\0", "").rstrip("\r\n"))
    octets = ("\r\n".join(lines) + "\r\n").encode("utf-8", "replace")
    return (
        b"Content-Type: " + kind + b"; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    ) + binascii.b2a_qp(octets, istext=True)


def in_html(value: str) -> str:
    """Write a text so that it says nothing to a browser but itself."""
    return escape(value)
