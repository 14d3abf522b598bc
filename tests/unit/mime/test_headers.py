from __future__ import annotations

from base64 import b64encode

import pytest

from bitrixmail.mime.headers import MAX_FIELDS, HeaderSection
from tests.corpus.russian import NAME, SUBJECT, messages

HEAD = b"A: 1\r\nb : 2\r\nA:3\r\n\t4\r\n  5\r\nC:\r\n\r\nD: body\r\n"


def test_every_occurrence_is_kept_in_order() -> None:
    headers = HeaderSection.parse(HEAD)
    assert headers.all("a") == [b"1", b"3\t4  5"]
    assert headers.first("B") == b"2"
    assert headers.count("A") == 2
    assert next(iter(headers.fields())) == (b"A", b"1")


def test_an_empty_field_is_there_and_a_missing_one_is_not() -> None:
    headers = HeaderSection.parse(HEAD)
    assert headers.first("c") == b""
    assert headers.first("x") is None
    assert headers.text("x") == ""
    assert headers.texts("x") == ()


def test_the_body_is_not_looked_at() -> None:
    headers = HeaderSection.parse(HEAD)
    assert HEAD[headers.end :] == b"D: body\r\n"
    assert headers.first("d") is None


@pytest.mark.parametrize(
    ("head", "end"),
    [
        (b"", 0),
        (b"\r\nbody", 2),
        (b"\nbody", 1),
        (b"A: 1\r\n", 6),
        (b"A: 1", 4),
        (b"A: 1\n\nB: 2\r\n\r\n", 6),
        (b"A: 1\r\n\r\nB: 2\n\n", 8),
    ],
)
def test_where_the_section_ends(head: bytes, end: int) -> None:
    assert HeaderSection.parse(head).end == end


def test_lines_that_are_no_field_are_passed_over() -> None:
    headers = HeaderSection.parse(
        b" folded first\r\nFrom x@y Mon Jan 1\r\njunk\r\n: nameless\r\n\xffX: 8bit\r\nOk: yes\r\n\r\n"
    )
    assert headers.first("ok") == b"yes"
    assert len(headers) == 2


def test_the_number_of_fields_is_bounded() -> None:
    headers = HeaderSection.parse(b"Subject: first\r\n" + b"a:\r\n" * (MAX_FIELDS + 10))
    assert len(headers) == MAX_FIELDS
    assert headers.text("subject") == "first"


def test_control_characters_do_not_survive_decoding() -> None:
    headers = HeaderSection.parse(b"Subject: a\x00b\rc =?utf-8?Q?d=0D=0Ae?=\r\n\r\n")
    assert headers.text("subject") == "a b c d  e"


@pytest.mark.parametrize("name", sorted(messages()))
def test_a_russian_subject_is_read_however_it_is_written(name: str) -> None:
    headers = HeaderSection.parse(messages()[name])
    assert headers.text("subject") == SUBJECT
    if "split" not in name:
        assert headers.text("from") == f"{NAME} <ivan@romashka.example>"


def test_utf8_comes_before_the_declared_charset() -> None:
    head = b"Subject: " + "счёт".encode() + b"\r\nContent-Type: text/plain; charset=koi8-r\r\n\r\n"
    assert HeaderSection.parse(head).text("subject") == "счёт"


def test_the_declared_charset_comes_before_a_guess() -> None:
    head = b"Subject: \xe4\xe0\r\nContent-Type: text/plain; charset=iso-8859-7\r\n\r\n"
    assert HeaderSection.parse(head).text("subject") == "δΰ"


def test_a_short_field_is_guessed_with_the_help_of_the_others() -> None:
    head = "Subject: Я\r\nFrom: Бухгалтерия Петрова <a@b>\r\n\r\n".encode("koi8-r")
    assert HeaderSection.parse(head).text("subject") == "Я"


@pytest.mark.parametrize("charset", ["utf-8", "windows-1251", "koi8-r", "cp866"])
@pytest.mark.parametrize("label", ["us-ascii", "x-unknown"])
def test_a_label_that_says_nothing_is_not_believed(label: str, charset: str) -> None:
    word = b64encode("Счёт на оплату".encode(charset)).decode()
    section = HeaderSection.parse(f"Subject: =?{label}?B?{word}?=\r\n\r\n".encode())
    assert section.text("subject") == "Счёт на оплату"


@pytest.mark.parametrize("charset", ["windows-1251", "koi8-r", "cp866"])
@pytest.mark.parametrize("text", ["СЧЁТ 5", "СЧЕТ", "Счёт", "ЧЕК 12"])
def test_a_short_subject_nobody_declared_is_read(text: str, charset: str) -> None:
    head = b"From: a@example.net\r\nSubject: " + text.encode(charset) + b"\r\n\r\n"
    assert HeaderSection.parse(head).text("subject") == text
