"""What is demanded of content: line ends, lines, size."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from bitrixmail.smtp.content import ContentFault, ContentRules, Inspector

FREE = ContentRules(0, 0)
MENDING = ContentRules(0, 0, normalize=True)


def seen(rules: ContentRules, chunks: Iterable[bytes]) -> tuple[bytes, ContentFault | None]:
    """Return what is handed on of a content, and its fault."""
    inspector = Inspector(rules)
    octets = b"".join([inspector.take(chunk) for chunk in chunks]) + inspector.finish()
    return octets, inspector.fault


def octet_by_octet(content: bytes) -> list[bytes]:
    return [content[at : at + 1] for at in range(len(content))]


@pytest.mark.parametrize(
    "content", [b"", b"\r\n", b"a\r\nb\r\n", b"\r\n\r\n", b"\x01\x0b\x0c\x1b\x7f\x80\xff\r\n"]
)
def test_lines_that_end_by_crlf_pass(content: bytes) -> None:
    for rules in (FREE, MENDING):
        assert seen(rules, [content]) == (content, None)
        assert seen(rules, octet_by_octet(content)) == (content, None)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"a\nb\r\n", ContentFault.BARE_LINE_END),
        (b"a\rb\r\n", ContentFault.BARE_LINE_END),
        (b"a\n\r\n", ContentFault.BARE_LINE_END),
        (b"a\r\r\n", ContentFault.BARE_LINE_END),
        (b"a\n\rb\r\n", ContentFault.BARE_LINE_END),
        (b"a\r", ContentFault.BARE_LINE_END),
        (b"a\n", ContentFault.BARE_LINE_END),
        (b"a\0b\r\n", ContentFault.NUL),
        (b"\0", ContentFault.NUL),
    ],
)
def test_a_fault_is_found_at_any_cut(content: bytes, fault: ContentFault) -> None:
    for at in range(len(content) + 1):
        assert seen(FREE, [content[:at], content[at:]])[1] is fault
    assert seen(FREE, octet_by_octet(content))[1] is fault


@pytest.mark.parametrize(
    ("content", "mended"),
    [
        (b"a\nb\r\n", b"a\r\nb\r\n"),
        (b"a\rb\r\n", b"a\r\nb\r\n"),
        (b"a\r\r\n", b"a\r\n\r\n"),
        (b"a\n\r\n", b"a\r\n\r\n"),
        (b"a\n\rb\r\n", b"a\r\n\r\nb\r\n"),
        (b"a\0b\r\n", b"ab\r\n"),
        (b"a\r\0\nb\r\n", b"a\r\n\r\nb\r\n"),
        (b"a\r\n\0.\r\n", b"a\r\n.\r\n"),
        (b"a\r", b"a\r\n"),
        (b"a\n", b"a\r\n"),
        (b"\0", b""),
    ],
)
def test_what_is_mended_is_mended_alike_at_any_cut(content: bytes, mended: bytes) -> None:
    for at in range(len(content) + 1):
        assert seen(MENDING, [content[:at], content[at:]]) == (mended, None)
    assert seen(MENDING, octet_by_octet(content)) == (mended, None)


def test_a_last_line_without_an_end_gets_one() -> None:
    assert seen(FREE, [b"a\r\nb"]) == (b"a\r\nb\r\n", None)
    assert seen(FREE, octet_by_octet(b"a\r\nb")) == (b"a\r\nb\r\n", None)
    assert seen(FREE, [b"a\r", b"\n"]) == (b"a\r\n", None)


@pytest.mark.parametrize(("octets", "fault"), [(8, None), (9, ContentFault.LONG_LINE)])
def test_a_line_is_counted_with_its_end(octets: int, fault: ContentFault | None) -> None:
    content = b"ab\r\n" + b"x" * (octets - 2) + b"\r\ncd\r\n"
    rules = ContentRules(0, 8)
    for at in range(len(content) + 1):
        assert seen(rules, [content[:at], content[at:]])[1] is fault
    assert seen(rules, octet_by_octet(content))[1] is fault


def test_a_line_that_does_not_end_is_noticed_before_it_ends() -> None:
    inspector = Inspector(ContentRules(0, 8))
    for _ in range(8):
        inspector.take(b"x")
    assert inspector.fault is None
    inspector.take(b"x")
    assert inspector.fault is ContentFault.LONG_LINE


@pytest.mark.parametrize(("octets", "fault"), [(100, None), (101, ContentFault.OVERSIZE)])
def test_a_size_is_counted_in_crlf_form(octets: int, fault: ContentFault | None) -> None:
    content = b"x\r\n" * 32 + b"y" * (octets - 98) + b"\r\n"
    assert len(content) == octets
    rules = ContentRules(100, 0)
    assert seen(rules, [content])[1] is fault
    assert seen(rules, octet_by_octet(content))[1] is fault
    bare = content.replace(b"\r\n", b"\n")
    assert seen(ContentRules(100, 0, normalize=True), [bare])[1] is fault


def test_behind_a_fault_nothing_is_handed_on() -> None:
    inspector = Inspector(FREE)
    assert inspector.take(b"a\r\n") == b"a\r\n"
    assert inspector.take(b"\n") == b""
    assert inspector.take(b"b\r\n" * 1000) == b""
    assert inspector.finish() == b""


def test_no_fault_is_forgiven_for_a_later_one() -> None:
    for fault in (b"\0", b"\n"):
        inspector = Inspector(ContentRules(10, 5))
        inspector.take(fault)
        first = inspector.fault
        inspector.take(b"x" * 100)
        assert inspector.fault is first
