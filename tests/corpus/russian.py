"""Messages with a Russian subject in every way in which senders write one."""

from __future__ import annotations

import base64
import binascii

SUBJECT = "Счёт на оплату 17 от ООО Ромашка"
NAME = "Иван Петров"
CHARSETS = ("windows-1251", "koi8-r", "cp866", "utf-8", "iso-8859-5")


def encoded_base64(text: str, charset: str) -> bytes:
    encoded = base64.b64encode(text.encode(charset))
    return b"=?" + charset.encode() + b"?B?" + encoded + b"?="


def encoded_quoted(text: str, charset: str) -> bytes:
    octets = binascii.b2a_qp(text.encode(charset), header=True, istext=False)
    octets = octets.replace(b"=\n", b"").replace(b"?", b"=3F")
    return b"=?" + charset.encode() + b"?Q?" + octets + b"?="


def split_between_letters(text: str) -> bytes:
    """Cut UTF-8 after every 7th octet, as senders do that count octets and not letters."""
    octets = text.encode()
    words = [octets[at : at + 7] for at in range(0, len(octets), 7)]
    return b"\r\n ".join(b"=?utf-8?B?" + base64.b64encode(word) + b"?=" for word in words)


def message(subject: bytes, name: bytes, content_type: str) -> bytes:
    return (
        b"From: " + name + b" <ivan@romashka.example>\r\nTo: info@example.org\r\n"
        b"Subject: " + subject + b"\r\nContent-Type: " + content_type.encode() + b"\r\n\r\n.\r\n"
    )


def messages() -> dict[str, bytes]:
    """Return all of them, by a name that says how the subject is written."""
    found = {"utf-8 split between letters": message(split_between_letters(SUBJECT), b"I", "a/b")}
    for charset in CHARSETS:
        raw, name = SUBJECT.encode(charset), NAME.encode(charset)
        declared = f"text/plain; charset={charset}"
        found[f"{charset} base64"] = message(
            encoded_base64(SUBJECT, charset), encoded_base64(NAME, charset), declared
        )
        found[f"{charset} quoted"] = message(
            encoded_quoted(SUBJECT, charset), encoded_quoted(NAME, charset), declared
        )
        found[f"{charset} raw, declared for the body"] = message(raw, name, declared)
        found[f"{charset} raw, undeclared"] = message(raw, name, "multipart/mixed; boundary=b")
    return found
