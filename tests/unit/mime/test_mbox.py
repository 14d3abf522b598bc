from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bitrixmail.mime.line_ends import with_crlf, with_lf
from bitrixmail.mime.mbox import (
    Read,
    Span,
    from_line,
    octets_of,
    quoted,
    spans,
    unquoted,
)
from bitrixmail.model.errors import InputError

FIRST = b"From ann@example.net Mon May  4 03:02:01 2026\n"
SECOND = b"From MAILER-DAEMON Tue May  5 03:02:01 2026\n"


def reader(octets: bytes) -> Read:
    return lambda offset, length: octets[offset : offset + length]


def read(octets: bytes) -> list[tuple[str | None, bytes]]:
    found = reader(octets)
    return [(span.sender, b"".join(octets_of(found, span))) for span in spans(found, "old.mbox")]


def test_messages_their_senders_and_dates() -> None:
    octets = FIRST + b"Subject: 1\n\none\n\n" + SECOND + b"Subject: 2\n\ntwo\n\n"
    assert list(spans(reader(octets), "old.mbox")) == [
        Span(0, "ann@example.net", datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC), 46, 62),
        Span(63, "", datetime(2026, 5, 5, 3, 2, 1, tzinfo=UTC), 107, 123),
    ]
    assert read(octets) == [
        ("ann@example.net", b"Subject: 1\n\none\n"),
        ("", b"Subject: 2\n\ntwo\n"),
    ]


def test_lines_that_end_in_crlf() -> None:
    octets = (FIRST + b"Subject: 1\n\none\n\n" + SECOND + b"\ntwo\n").replace(b"\n", b"\r\n")
    assert read(octets) == [
        ("ann@example.net", b"Subject: 1\r\n\r\none\r\n"),
        ("", b"\r\ntwo\r\n"),
    ]


@pytest.mark.parametrize(
    ("line", "sender", "date"),
    [
        ("From ann@example.net Mon May  4 03:02:01 2026", "ann@example.net", "2026-05-04 03:02:01"),
        ("From - Mon May  4 03:02:01 2026", None, "2026-05-04 03:02:01"),
        ("From 17@xxx Mon May 04 03:02:01 +0300 2026", None, "2026-05-04 00:02:01"),
        (
            "From <a@b.example>  Mon, 4 May 2026 03:02:01 +0200",
            "a@b.example",
            "2026-05-04 01:02:01",
        ),
        ("From a@b.example Mon Sty 54 03:02:01 2026", "a@b.example", None),
        ("From a@b.example", "a@b.example", None),
        ("From ", None, None),
        ("From MAILER-DAEMON Mon May  4 03:02:01 2026", "", "2026-05-04 03:02:01"),
    ],
)
def test_ways_of_writing_the_first_line(line: str, sender: str | None, date: str | None) -> None:
    (span,) = spans(reader(line.encode() + b"\nSubject: 1\n\none\n"), "old.mbox")
    shown = None if span.date is None else span.date.strftime("%Y-%m-%d %H:%M:%S")
    assert (span.sender, shown) == (sender, date)


def test_text_that_only_looks_like_a_first_line() -> None:
    body = b"\nFrom the desk of Ann\n\nFrom here on\n"
    assert read(FIRST + body) == [("ann@example.net", body)]


def test_without_dates_an_empty_line_and_a_field_make_a_first_line() -> None:
    octets = b"From a@b.example\nA: 1\n\nFrom you\nFrom c@d.example\n\nFrom e@f.example\nA: 2\n\n"
    assert [sender for sender, _ in read(octets)] == ["a@b.example", "e@f.example"]


def test_a_message_without_an_octet() -> None:
    assert read(FIRST + SECOND + b"A: 1\n") == [("ann@example.net", b""), ("", b"A: 1\n")]
    assert read(FIRST + b"\n" + SECOND) == [("ann@example.net", b""), ("", b"")]


@pytest.mark.parametrize("octets", [b"", b"\n\r\n\n"])
def test_nothing_at_all(octets: bytes) -> None:
    assert read(octets) == []


def test_what_is_no_mbox_is_told_with_its_place() -> None:
    with pytest.raises(InputError) as caught:
        read(b"\n\nReceived: from x\n")
    (fault,) = caught.value.faults
    assert str(fault).startswith(
        'old.mbox: octet 2: is no mbox: it should begin with "From ", not with "Received: from x'
    )


def test_first_lines_are_found_wherever_blocks_end(monkeypatch: pytest.MonkeyPatch) -> None:
    octets = FIRST + b"A: 1\n\none\n\n" + SECOND + b"A: 2\n\ntwo\n\n" + FIRST + b"A: 3\n"
    expected = read(octets)
    assert len(expected) == 3
    for size in range(1, 60):
        monkeypatch.setattr("bitrixmail.mime.mbox._BLOCK", size)
        assert read(octets) == expected, size


def test_quoting_of_both_kinds() -> None:
    text = b"From a\n>From b\n>>From c\n> From d\nSubject: >From\n"
    assert b"".join(quoted([text])) == (b">From a\n>>From b\n>>>From c\n> From d\nSubject: >From\n")
    assert b"".join(unquoted([text], "mboxrd")) == (
        b"From a\nFrom b\n>From c\n> From d\nSubject: >From\n"
    )
    assert b"".join(unquoted([text], "mboxo")) == (
        b"From a\nFrom b\n>>From c\n> From d\nSubject: >From\n"
    )
    assert b"".join(unquoted([text], "none")) == text


@settings(max_examples=100)
@given(
    st.lists(st.sampled_from([b">", b"From ", b"x", b"\n", b"From", b" "]), max_size=40), st.data()
)
def test_quoting_is_undone_whatever_the_cuts(words: list[bytes], data: st.DataObject) -> None:
    text = b"".join(words)

    def cut(octets: bytes) -> list[bytes]:
        places = sorted(data.draw(st.sets(st.integers(0, len(octets)), max_size=5)))
        return [octets[a:b] for a, b in zip([0, *places], [*places, len(octets)], strict=True)]

    written = b"".join(quoted(cut(text)))
    assert written == b"".join(quoted([text]))
    assert not any(line.startswith(b"From ") for line in written.split(b"\n"))
    assert b"".join(unquoted(cut(written), "mboxrd")) == text


def test_a_line_without_end_is_not_gathered_and_quotes_nothing_within() -> None:
    pieces = [b"x" * 70_000, b">From y\n", b">From z\n"]
    assert b"".join(unquoted(pieces, "mboxrd")) == b"x" * 70_000 + b">From y\nFrom z\n"


def test_a_first_line_is_read_back() -> None:
    at = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
    assert from_line("ann@example.net", at) == FIRST
    assert from_line("", at).startswith(b"From MAILER-DAEMON Mon")
    assert from_line("a b@c.example", at).startswith(b"From MAILER-DAEMON Mon")


def test_line_ends() -> None:
    assert b"".join(with_crlf([b"a\r", b"\nb\r", b"c\n\r\nd"])) == b"a\r\nb\r\nc\r\n\r\nd\r\n"
    assert b"".join(with_crlf([b"a\r"])) == b"a\r\n"
    assert b"".join(with_crlf([b"", b""])) == b""
    assert b"".join(with_lf([b"a\r", b"\nb\rc\r"])) == b"a\nb\rc\r"
