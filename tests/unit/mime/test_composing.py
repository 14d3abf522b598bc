"""Messages written from their parts: readable by others, with no field but those given."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitrixmail.mime.composing import File, Person, Sheet, compose
from bitrixmail.mime.headers import HeaderSection

SHEET = Sheet(
    author=Person("Магазин «Ромашка»", "shop@example.org"),
    to=(Person("", "a@b.example"), Person('Eva "Q", Esq.', "eva@b.example")),
    subject="Заказ № 17",
    text="Спасибо.\n",
    html="<p>Спасибо.</p>",
    at=datetime(2026, 3, 1, 9, tzinfo=UTC),
    message_id="<Z1@mx.example.org>",
)
FIELDS = {"from", "to", "subject", "date", "message-id", "mime-version", "content-type"}


def test_others_read_what_was_given() -> None:
    files = (
        File("счёт.pdf", "application/pdf", b"%PDF\x00\r\n"),
        File("logo.png", "image/png", b"png", "logo@shop"),
        File("x", "message/rfc822", b"From: a\r\n\r\n"),
    )
    octets = compose(replace(SHEET, files=files, fields={"List-Unsubscribe": "<mailto:a@b>"}))
    assert octets.isascii()
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", octets)
    read = message_from_bytes(octets, policy=default)
    assert str(read["subject"]) == "Заказ № 17"
    assert read["from"].addresses[0].display_name == "Магазин «Ромашка»"
    assert [each.addr_spec for each in read["to"].addresses] == ["a@b.example", "eva@b.example"]
    bodies = [read.get_body((kind,)) for kind in ("plain", "html")]
    texts = [None if body is None else body.get_content() for body in bodies]
    assert texts == ["Спасибо.\r\n", "<p>Спасибо.</p>\r\n"]
    names = {part.get_filename(): part.get_content_type() for part in read.walk()}
    assert names["счёт.pdf"] == "application/pdf"
    assert names["logo.png"] == "image/png"
    assert names["x"] == "application/octet-stream"


@pytest.mark.parametrize(
    "wrong",
    [
        replace(SHEET, subject="a\r\nBcc: x@y.example"),
        replace(SHEET, subject="a\0"),
        replace(SHEET, author=Person("a\nb", "shop@example.org")),
        replace(SHEET, fields={"Bcc": "x@y.example"}),
        replace(SHEET, fields={"X-A: b\r\nBcc": "x"}),
        replace(SHEET, fields={"X-A": "b\u2028c"}),
        replace(SHEET, fields={"Content-Type": "text/html"}),
        replace(SHEET, files=(File("a\nb", "text/plain", b""),)),
    ],
)
def test_what_could_add_a_field_is_refused(wrong: Sheet) -> None:
    with pytest.raises(ValueError, match=r"leave it out|no name of a field|can't be given"):
        compose(wrong)


@given(st.text(max_size=200), st.text(max_size=300), st.text(max_size=80))
def test_no_text_adds_a_field(subject: str, text: str, name: str) -> None:
    sheet = replace(SHEET, subject=subject, text=text, author=Person(name, "shop@example.org"))
    try:
        octets = compose(sheet)
    except ValueError:
        return
    names = {name.decode().lower() for name, _ in HeaderSection.parse(octets).fields()}
    assert names - {"content-transfer-encoding"} == FIELDS
