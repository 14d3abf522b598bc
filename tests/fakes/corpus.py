"""A hundred messages of many kinds, made by hand so that each octet is known."""

from __future__ import annotations

import base64
import quopri
import random
from collections.abc import Iterator
from dataclasses import dataclass

CHARSETS = ("windows-1251", "koi8-r", "cp866", "utf-8")
WORD = "счёт"
INVOICE = f"Оплатите {WORD} номер 17 за июльские поставки"
WEATHER = "Погода на завтра в Вологде"
BODY = "Здравствуйте!\r\nВо вложении документы за прошлый месяц, просим оплатить до пятницы.\r\n"


@dataclass(frozen=True)
class Sample:
    """A content in CRLF form; `invoice`: its decoded subject holds WORD."""

    name: str
    content: bytes
    invoice: bool = False


def message(*fields: str | bytes, body: bytes = b"Hello.\r\n") -> bytes:
    """Join header fields, an empty line and a body."""
    head = [field.encode() if isinstance(field, str) else field for field in fields]
    return b"\r\n".join([*head, b"", b""]) + body


def multipart(kind: str, boundary: str, *parts: bytes, closed: bool = True) -> bytes:
    """Write a multipart entity: its Content-Type field, an empty line, and its parts."""
    mark = b"--" + boundary.encode()
    head = f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n'.encode()
    inside = b"".join(mark + b"\r\n" + part + b"\r\n" for part in parts)
    return head + inside + (mark + b"--\r\n" if closed else b"")


def samples() -> tuple[Sample, ...]:
    """Make them all, in a fixed order; the only large one is 25 MiB before its encoding."""
    made = (*russian(), *structures(), *fields(), *bodies(), *sizes())
    names = {sample.name for sample in made}
    if len(made) != 100 or len(names) != 100:
        raise AssertionError(f"{len(made)} samples, {len(names)} names")
    return made


def _word(text: str, charset: str, encoding: str) -> str:
    """Write one encoded word (RFC 2047 §2)."""
    raw = text.encode(charset)
    if encoding == "B":
        return f"=?{charset}?B?{base64.b64encode(raw).decode()}?="
    return f"=?{charset}?Q?{''.join(f'={octet:02X}' for octet in raw)}?="


def _folded_words(text: str, charset: str) -> str:
    """Cut a text into encoded words on lines of their own, one for each word and its space."""
    head, *rest = text.split(" ")
    pieces = [head, *(f" {piece}" for piece in rest)]
    return "\r\n ".join(_word(piece, charset, "B") for piece in pieces)


def russian() -> Iterator[Sample]:
    """Russian subjects and bodies in four charsets, declared and not, raw and encoded: 36."""
    for charset in CHARSETS:
        subject, body = INVOICE.encode(charset), BODY.encode(charset)
        declared = f"Content-Type: text/plain; charset={charset}"
        eight = "Content-Transfer-Encoding: 8bit"
        a, raw = "From: a@example.net", b"Subject: " + subject
        yield Sample(f"{charset} raw, undeclared", message(a, raw, body=body), invoice=True)
        yield Sample(
            f"{charset} raw, declared", message(a, raw, declared, eight, body=body), invoice=True
        )
        for encoding in "BQ":
            words = f"Subject: {_word(INVOICE, charset, encoding)}"
            yield Sample(
                f"{charset} encoded word {encoding}",
                message(a, words, declared, eight, body=body),
                invoice=True,
            )
        yield Sample(
            f"{charset} encoded words folded",
            message(a, f"Subject: {_folded_words(INVOICE, charset)}", declared, eight, body=body),
            invoice=True,
        )
        yield Sample(
            f"{charset} raw, upper case",
            message(a, b"Subject: " + INVOICE.upper().encode(charset), body=body),
            invoice=True,
        )
        yield Sample(
            f"{charset} quoted-printable body, other subject",
            message(
                a,
                f"Subject: {_word(WEATHER, charset, 'Q')}",
                declared,
                "Content-Transfer-Encoding: quoted-printable",
                body=quopri.encodestring(body.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n"),
            ),
        )
        yield Sample(
            f"{charset} base64 body, other subject",
            message(
                a,
                b"Subject: " + WEATHER.encode(charset),
                declared,
                "Content-Transfer-Encoding: base64",
                body=_base64(body),
            ),
        )
        name = "".join(f"%{octet:02X}" for octet in "счёт.pdf".encode(charset))
        yield Sample(
            f"{charset} attachment name by RFC 2231",
            b"From: a@example.net\r\nSubject: pdf\r\n"
            + multipart(
                "mixed",
                "b",
                message(declared, body=body),
                message(
                    "Content-Type: application/pdf",
                    f"Content-Disposition: attachment;\r\n filename*={charset}''{name}",
                    "Content-Transfer-Encoding: base64",
                    body=_base64(b"%PDF-1.4 " * 40),
                ),
            ),
        )


def _base64(data: bytes) -> bytes:
    return base64.encodebytes(data).replace(b"\n", b"\r\n")


def _nested(depth: int) -> bytes:
    inner = message("Content-Type: text/plain", body=b"deep\r\n")
    for level in range(depth):
        inner = multipart("mixed", f"level-{level}", inner)
    return inner


def structures() -> Iterator[Sample]:
    """MIME in good and in bad order: 22."""
    head = b"From: a@example.net\r\nSubject: parts\r\nMIME-Version: 1.0\r\n"
    text = message("Content-Type: text/plain", body=b"text\r\n")
    page = message("Content-Type: text/html", body=b"<p>page</p>\r\n")
    other = head + message("Content-Type: text/plain", body=b"another message\r\n")
    kinds = {
        "mixed": multipart("mixed", "b", text, page),
        "alternative": multipart("alternative", "b", text, page),
        "related": multipart("related", "b", page, text),
        "digest": multipart("digest", "b", b"\r\n" + other, b"\r\n" + other),
        "alternative within mixed": multipart(
            "mixed", "out", multipart("alternative", "in", text, page), text
        ),
        "message within message": multipart(
            "mixed", "b", b"Content-Type: message/rfc822\r\n\r\n" + other
        ),
        "report": multipart(
            'report; report-type="delivery-status"',
            "b",
            text,
            message("Content-Type: message/delivery-status", body=b"Action: failed\r\n"),
        ),
        "signed": multipart(
            'signed; protocol="application/pgp-signature"',
            "b",
            text,
            message("Content-Type: application/pgp-signature", body=b"-----BEGIN PGP\r\n"),
        ),
        "calendar": multipart(
            "mixed", "b", message("Content-Type: text/calendar", body=b"BEGIN:VCALENDAR\r\n")
        ),
        "many parts": multipart("mixed", "b", *[text] * 300),
        "nested 5": _nested(5),
        "nested 30": _nested(30),
        "nested 120": _nested(120),
        "no closing boundary": multipart("mixed", "b", text, page, closed=False),
        "no parts": multipart("mixed", "b"),
        "empty part": multipart("mixed", "b", b""),
        "boundary never used": b'Content-Type: multipart/mixed; boundary="x"\r\n\r\nplain\r\n',
        "no boundary named": b"Content-Type: multipart/mixed\r\n\r\n--b\r\n\r\ntext\r\n--b--\r\n",
        "boundary with odd signs": multipart("mixed", "=_a'()+_,-./:=?b", text),
        "preamble": multipart("mixed", "b", text).replace(b"\r\n\r\n", b"\r\n\r\nbefore\r\n", 1),
        "broken base64": message(
            "Content-Transfer-Encoding: base64", body=b"%%% not base64 %%%\r\n"
        ),
        "unknown charset": message("Content-Type: text/plain; charset=x-none"),
    }
    for name, entity in kinds.items():
        yield Sample(name, head + entity)


def fields() -> Iterator[Sample]:
    """Header sections, ordinary and odd: 20."""
    a = "From: a@example.net"
    kinds = {
        "no subject": message(a),
        "empty subject": message(a, "Subject:"),
        "blank subject": message(a, "Subject:   \t"),
        "subject twice": message(a, "Subject: one", "Subject: two"),
        "subject folded long": message(a, "Subject: " + "\r\n ".join(["word"] * 200)),
        "references long": message(
            a, "References:" + "".join(f"\r\n\t<{number}@example.net>" for number in range(300))
        ),
        "recipients many": message(
            a, "To: " + ",\r\n ".join(f"user{number}@example.net" for number in range(800))
        ),
        "fields many": message(a, *[f"X-Field-{number}: {number}" for number in range(600)]),
        "header section 200 KiB": message(
            a, *[f"X-Filler-{number}: {'x' * 900}" for number in range(220)]
        ),
        "received thirty times": message(
            *[f"Received: from h{n}.example.net; Mon, 1 Jan 2024 00:00:00 +0000" for n in range(30)]
        ),
        "field of 990 octets": message(a, "X-Long: " + "y" * 982),
        "space before the colon": message(a, "Subject : odd"),
        "line without a colon": message(a, "this is no field", "Subject: after it"),
        "field without a name": message(a, ": nameless"),
        "starts folded": b" folded first line\r\n" + message(a),
        "starts as an mbox": b"From a@example.net Mon Jan  1 00:00:00 2024\r\n" + message(a),
        "UTF-8 addresses": message("From: Иван <иван@пример.рф>", "To: info@example.org"),
        "8-bit rubbish in fields": message(a, b"X-Odd: \xff\xfe\x80\x81"),
        "control signs in a field": message(a, b"X-Odd: \x01\x1b[31m\x7f"),
        "broken encoded words": message(a, "Subject: =?utf-8?B?!!!?= =?none?Q?=ZZ?= =?utf-8?Q"),
    }
    for name, content in kinds.items():
        yield Sample(name, content)


def bodies() -> Iterator[Sample]:
    """Bodies that a careless server would change: 14."""
    a = "From: a@example.net"
    octets = bytes(octet for octet in range(1, 256) if octet not in b"\r\n")
    kinds = {
        "dots alone": b".\r\n..\r\n...\r\n.\r\n",
        "dots in front": b".hidden\r\n..twice\r\n.\tx\r\n. \r\n",
        "dot last": b"text\r\n.\r\n",
        "commands in the body": b"text\r\n.x\r\nMAIL FROM:<>\r\nRCPT TO:<x@y>\r\nDATA\r\n",
        "all octets": octets + b"\r\n",
        "invalid UTF-8": b"\xc3\x28 \xe2\x82 \xf0\x9f\r\n",
        "latin-1": "Grüße, señor\r\n".encode("latin-1"),
        "empty lines": b"\r\n" * 500,
        "trailing blanks": b"text   \r\n\t\r\n   \r\n",
        "from lines": b"From here\r\n>From there\r\n",
        "lines of 998": (b"z" * 998 + b"\r\n") * 5,
        "line of 2000": b"z" * 2000 + b"\r\n",
        "uuencoded": b"begin 644 a.txt\r\n#0V%T\r\n`\r\nend\r\n",
        "form feed and vertical tab": b"a\x0cb\x0bc\x85d\r\n",
    }
    for name, body in kinds.items():
        yield Sample(name, message(a, "Subject: body", body=body))


def sizes() -> Iterator[Sample]:
    """Nothing, almost nothing, the edges of the inline threshold, and much: 8."""
    chance = random.Random(25)
    head = message("From: a@example.net", "Subject: size", body=b"")
    yield Sample("empty", b"")
    yield Sample("empty line only", b"\r\n")
    yield Sample("headers only", b"From: a@example.net\r\nSubject: only\r\n")
    yield Sample("no headers", b"\r\nA body that no field stands before.\r\n")
    for size in (64 * 1024 - 1, 64 * 1024, 64 * 1024 + 1):
        yield Sample(f"{size} octets", _exactly(head, size))
    attachment = message(
        'Content-Type: application/octet-stream; name="big.bin"',
        "Content-Transfer-Encoding: base64",
        body=_base64(chance.randbytes(25 * 1024 * 1024)),
    )
    yield Sample(
        "attachment of 25 MiB",
        b"From: a@example.net\r\nSubject: big\r\n" + multipart("mixed", "b", attachment),
    )


def _exactly(head: bytes, size: int) -> bytes:
    """Fill up to `size` octets with lines of 64."""
    body = (b"f" * 62 + b"\r\n") * (size // 64 + 1)
    room = size - len(head)
    body = body[: room - 2]
    # A cut between CR and LF would leave a bare CR behind.
    return head + (body[:-1] + b"f" if body.endswith(b"\r") else body) + b"\r\n"
