"""A message in which every field of the rule language has something to say, and one without."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

from bitrixmail.mime.headers import HeaderSection
from bitrixmail.rules.facts import Facts, Standing
from tests.corpus.russian import encoded_base64

PDF = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\n" + b"x" * 3000
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"
TEXT = (
    "Здравствуйте, уважаемый Пётр Сергеевич!\r\n"
    "Высылаем вам счёт на\r\n  оплату, он во вложении.\r\n"
    "С уважением, Иван Петров\r\n"
)
# A Tuesday, 15:30 in Moscow.
RECEIVED = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)


def attachment(name: str, declared: str, octets: bytes) -> bytes:
    encoded = base64.encodebytes(octets).replace(b"\n", b"\r\n")
    return (
        f"Content-Type: {declared}\r\nContent-Transfer-Encoding: base64\r\n"
        f"Content-Disposition: attachment; filename*=utf-8''{quoted(name)}\r\n\r\n"
    ).encode() + encoded


def quoted(name: str) -> str:
    return "".join(f"%{octet:02X}" for octet in name.encode())


def mixed(head: bytes, *parts: bytes) -> bytes:
    """Put parts together under a head, which ends with its last field."""
    body = b"".join(b"--=-cut\r\n" + part + b"\r\n" for part in parts)
    kind = b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="=-cut"\r\n\r\n'
    return head + kind + body + b"--=-cut--\r\n"


def text_part(text: str, charset: str = "utf-8", subtype: str = "plain") -> bytes:
    head = f"Content-Type: text/{subtype}; charset={charset}\r\nContent-Transfer-Encoding: 8bit"
    return head.encode() + b"\r\n\r\n" + text.encode(charset)


def full() -> bytes:
    head = b"\r\n".join(
        (
            b"From: " + encoded_base64("Петров Иван", "koi8-r") + b" <Ivan@romashka.example>",
            b"Reply-To: Office <office@xn--e1afmkfd.xn--p1ai>",
            b"To: Info Desk <info@example.org>, second@example.com",
            b"Cc: Third One <third@example.net>",
            b"Subject: " + encoded_base64("Счёт №17 Invoice", "windows-1251"),
            b"Date: Tue, 24 Nov 2026 15:25:00 +0300",
            b"List-Id: News of the day <news.example.net>",
            b"X-Priority: 1 (Highest)",
            b"X-Spam: no",
            b"X-Spam: Yes, a bit",
            b"",
        )
    )
    return mixed(
        head,
        text_part(TEXT),
        attachment("Счёт 17.pdf", "application/octet-stream", PDF),
        attachment("logo.png", "image/png", PNG),
    )


def facts_of(
    octets: bytes,
    *,
    sender: str = "bounce@romashka.example",
    recipients: tuple[str, ...] = ("sales@xn--e1afmkfd.xn--p1ai",),
    received: datetime | None = RECEIVED,
    now: datetime | None = None,
    timezone: str = "UTC",
    standing: Standing | None = None,
) -> Facts:
    """Return the facts of a message for the mailbox box@example.org."""
    facts = Facts(
        HeaderSection.parse(octets),
        sender,
        len(octets),
        octets=octets,
        received=received,
        now=now,
        timezone=timezone,
    )
    return facts.for_mailbox("box@example.org", *recipients, standing=standing)
