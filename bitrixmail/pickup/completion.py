"""What a program of this machine leaves out of a message, added; what nobody else may see, removed.

RFC 6409 §8 names what may be added: Date, Message-ID, From. Pure; raises HeadError.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.utils import format_datetime, quote

from bitrixmail.mime.headers import MAX_SECTION_OCTETS
from bitrixmail.model.address import Address
from bitrixmail.model.text import printable

_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:")
_BEFORE = re.compile(rb">?From ")
# A lone CR would start a line for some, and a NUL end one: neither adds a field or a recipient.
_STRAY = re.compile(rb"[\r\x00]+")
_BLIND = (b"bcc", b"resent-bcc")
_TO = (b"to", b"cc", b"bcc")
_RESENT_TO = (b"resent-to", b"resent-cc", b"resent-bcc")


class HeadError(ValueError):
    """A header section that can't be used, with a sentence for people."""


@dataclass(frozen=True, slots=True)
class Head:
    """The fields as they came, each with its small-letter name, and where the body starts.

    The octets of a field are its lines, unfolded nowhere, CRLF behind each.
    """

    fields: tuple[tuple[bytes, bytes], ...]
    end: int

    def values(self, *names: bytes) -> list[bytes]:
        """Return the unfolded values of all fields of these names."""
        return [
            octets.partition(b":")[2].replace(b"\r\n", b"").strip()
            for name, octets in self.fields
            if name in names
        ]

    def recipients(self) -> list[bytes]:
        """Return the values of the fields that name recipients.

        Of a message that is sent on these are the Resent ones alone (RFC 5322 §3.6.6).
        """
        return self.values(*_RESENT_TO) or self.values(*_TO)


def read_head(octets: bytes) -> Head:
    """Read the header section at the start of what came, with line ends of any kind.

    It ends before the first line that is none of its own: an empty one may be missing. A line
    "From …" before it is passed over, as mailboxes of the mbox kind have it.
    """
    fields: list[tuple[bytes, list[bytes]]] = []
    position = 0
    for line, behind in _lines(octets):
        if not line:
            position = behind
            break
        started = _FIELD.match(line)
        if started is not None:
            fields.append((started[1].lower(), [line]))
        elif line.startswith((b" ", b"\t")) and fields:
            if line.strip():
                fields[-1][1].append(line)
        elif position or not _BEFORE.match(line):
            break
        position = behind
    if position > MAX_SECTION_OCTETS:
        raise HeadError(f"has a header section of more than {MAX_SECTION_OCTETS} octets")
    return Head(
        tuple((name, b"".join(line + b"\r\n" for line in lines)) for name, lines in fields),
        position,
    )


def _lines(octets: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield lines without their ends, and the offset behind each."""
    position = 0
    while position < len(octets):
        end = octets.find(b"\n", position)
        behind = len(octets) if end < 0 else end + 1
        line = octets[position:behind].rstrip(b"\r\n")
        yield (_STRAY.sub(b" ", line) if b"\r" in line or b"\x00" in line else line), behind
        position = behind
        if position > MAX_SECTION_OCTETS:
            return


def complete(head: Head, author: Address, name: str, at: datetime, message_id: str) -> bytes:
    """Return the header section to send, with the empty line that ends it.

    `author` and his full `name` are for a From field, `at` and `message_id` (without brackets) for
    Date and Message-ID; what is there already stays as it is.
    """
    present = {field for field, _ in head.fields}
    kept = [octets for field, octets in head.fields if field not in _BLIND]
    if b"date" not in present:
        kept.append(f"Date: {format_datetime(at)}\r\n".encode())
    if b"from" not in present:
        kept.append(f"From: {_mailbox(author, name)}\r\n".encode())
    if b"message-id" not in present:
        kept.append(f"Message-ID: <{message_id}>\r\n".encode())
    kept.append(b"\r\n")
    return b"".join(kept)


def _mailbox(author: Address, name: str) -> str:
    """Write a name-addr (RFC 5322 §3.4), a name of other letters as encoded words."""
    shown = printable(" ".join(name.split()), 120)
    if not shown:
        return str(author)
    if shown.isascii():
        return f'"{quote(shown)}" <{author}>'
    words = Header(shown, "utf-8", header_name="From").encode(linesep="\r\n")
    return f"{words}\r\n <{author}>"
