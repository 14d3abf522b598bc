"""Cyrillic in every charset and place, said or not said; broken encodings; very long fields."""

from __future__ import annotations

import base64
import time

import pytest

from bitrixmail.model.rule import Test
from bitrixmail.rules.conditions import compile_condition, complaints
from bitrixmail.rules.facts import Facts
from tests.corpus.fields import attachment, facts_of, mixed, quoted, text_part
from tests.corpus.russian import CHARSETS, encoded_base64, encoded_quoted

SUBJECT = "Счёт на оплату №17 для вашей организации"
NAME = "Пётр Иванович Щукин"
TEXT = (
    "Уважаемый Сергей Петрович, добрый день!\r\n\r\n"
    "Высылаем вам счёт на оплату и договор, просим подтвердить получение.\r\n"
    "ЩЁЛКОВСКИЙ ЗАВОД, отдел продаж\r\n"
)


def holds(field: str, op: str, value: str, facts: Facts) -> bool:
    test = Test(field, op, (value,))
    assert not list(complaints(test))
    return compile_condition(test, 1, time.perf_counter).matches(facts, [])


def letter(charset: str, *, declared: bool) -> bytes:
    """Return a message whose every text is in one charset, 8-bit and undeclared or by the rules."""

    def encoded(text: str) -> str:
        # № is not in every charset, nor need it be.
        return text if charset in ("utf-8", "windows-1251", "cp866") else text.replace("№", "N")

    name, subject = encoded(NAME), encoded(SUBJECT)
    kind = f"; charset={charset}" if declared else ""
    head = b"\r\n".join(
        (
            b"From: " + (encoded_base64(name, charset) if declared else name.encode(charset))
            + b" <petr@example.net>",
            b"Subject: "
            + (encoded_quoted(subject, charset) if declared else subject.encode(charset)),
            b"MIME-Version: 1.0",
            b"Content-Type: text/plain" + kind.encode(),
            b"Content-Transfer-Encoding: 8bit",
        )
    )  # fmt: skip
    return head + b"\r\n\r\n" + encoded(TEXT).encode(charset)


@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize("charset", CHARSETS)
def test_cyrillic_is_found_in_any_charset(charset: str, declared: bool) -> None:
    facts = facts_of(letter(charset, declared=declared))
    for field, op, value in (
        ("subject", "contains", "СЧЁТ НА оплату"),
        ("subject", "starts_with", "счёт"),
        ("subject", "regex", r"\bдля\s+вашей\b"),
        ("from", "contains", "щукин"),
        ("from.name", "equals", "пётр иванович щукин"),
        ("body", "contains", "договор, ПРОСИМ подтвердить"),
        ("body", "contains", "щёлковский завод"),
        ("body", "regex", r"^щёлковский"),
        ("headers", "contains", "subject: счёт"),
        ("message", "contains", "отдел продаж"),
        ("message", "contains", "щукин"),
    ):
        assert holds(field, op, value, facts), field
    assert holds("body", "not_contains", "счета", facts)
    assert not holds("subject", "not_contains", "оплату", facts)


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("encoding", ["base64", "quoted-printable"])
def test_an_encoded_body_in_any_charset(charset: str, encoding: str) -> None:
    octets = TEXT.encode(charset)
    if encoding == "base64":
        written = base64.encodebytes(octets)
    else:
        written = b"=\r\n".join(
            b"".join(b"=%02X" % octet for octet in octets[at : at + 20])
            for at in range(0, len(octets), 20)
        )
    head = f"Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: {encoding}"
    facts = facts_of(head.encode() + b"\r\n\r\n" + written)
    assert holds("body", "contains", "счёт на оплату и ДОГОВОР", facts)
    assert holds("charset", "equals", charset, facts)


@pytest.mark.parametrize("charset", CHARSETS)
def test_the_name_of_an_attachment_in_any_charset(charset: str) -> None:
    octets = "Счёт щедрый.pdf".encode(charset)
    percent = "".join(f"%{octet:02X}" for octet in octets)
    names = (
        b'filename="' + encoded_base64("Счёт щедрый.pdf", charset) + b'"',
        f"filename*={charset}''{percent}".encode(),
        b'filename="' + octets + b'"',
    )
    for name in names:
        part = b"Content-Type: application/pdf\r\nContent-Disposition: attachment; " + name
        text = text_part("Здравствуйте, высылаем вам счёт", charset)
        facts = facts_of(mixed(b"Subject: x\r\n", text, part + b"\r\n\r\n%PDF-1.4\r\n"))
        assert holds("attachment_name", "contains", "СЧЁТ", facts), name
        assert holds("attachment_name", "ends_with", "щедрый.PDF", facts), name


@pytest.mark.parametrize(
    "octets",
    [
        b"Subject: =?utf-8?B?0KHRh9GR0YI!!?= tail\r\n\r\n\xff\xfe tail",
        b"Subject: =?utf-8?Q?=D0=A1=D1=87=D1 tail\r\n\r\n=D0=A1 tail",
        (
            b"Subject: =?nonsense?B?0KHRh9GR0YI=?= tail\r\nContent-Type: text/plain; charset=nonsense"
            b"\r\n\r\n\xd1\xf7 tail"
        ),
        (
            b"Subject: \xd1\xf7\xb8\xf2 \xff tail\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            b"IHRhaWw====garbage%%%"
        ),
        b"Subject: tail\xd0\r\nContent-Type: multipart/mixed; boundary=\r\n\r\n--\r\n\r\ntail",
        b"Subject: tail\x00\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\ntail",
        b"Subject: tail\r\nContent-Type: text/plain; charset=utf-16\r\n\r\n\x00t tail",
        b"Subject: tail",
        b"",
        bytes(range(256)) * 20,
    ],
)
def test_broken_encodings_are_judged_all_the_same(octets: bytes) -> None:
    """Whatever it is, each test has an answer, and the negative one is the opposite."""
    facts = facts_of(octets)
    for field in ("subject", "from.name", "headers", "body", "message", "attachment_name",
                  "attachment_type", "language", "charset", "list_id", "header:X"):  # fmt: skip
        for value in ("tail", "счёт"):
            found = holds(field, "contains", value, facts)
            assert holds(field, "not_contains", value, facts) is not found
            assert holds(field, "equals", value, facts) is not holds(
                field, "not_equals", value, facts
            )
    if b"Subject" in octets:
        assert holds("subject", "contains", "tail", facts)


def test_five_hundred_addresses() -> None:
    names = b",\r\n ".join(
        encoded_base64(f"Участник {n}", "windows-1251") + b" <n%d@example.net>" % n
        for n in range(500)
    )
    began = time.thread_time()
    facts = facts_of(b"To: " + names + b"\r\nCc: " + names + b"\r\n\r\n")
    for number in (0, 250, 499):
        address = f"n{number}@example.net"
        for field in ("to", "cc", "recipient", "to.address", "recipient.address"):
            assert holds(field, "equals", address, facts)
            assert not holds(field, "not_equals", address, facts)
            assert holds(field, "not_equals", f"x{address}", facts)
        assert holds("to.name", "equals", f"участник {number}", facts)
        assert holds("cc.local_part", "equals", f"n{number}", facts)
    assert holds("to.domain", "equals", "example.net", facts)
    assert len(facts.values("to.domain").texts) == 1
    assert len(facts.values("to.address").texts) == 500
    assert not holds("to", "contains", "n500@", facts)
    assert time.thread_time() - began < 2


def test_many_attachments_are_each_asked() -> None:
    parts = [attachment(f"Файл {n}.txt", "text/plain", b"x" * n) for n in range(1, 60)]
    facts = facts_of(mixed(b"Subject: x\r\n", text_part("Текст"), *parts))
    assert holds("attachment_count", "equals", "59", facts)
    assert holds("attachment_name", "equals", "файл 59.TXT", facts)
    assert holds("attachment_size", "equals", "59", facts)
    assert not holds("attachment_size", "greater", "59", facts)
    assert quoted("ё") == "%D1%91"
