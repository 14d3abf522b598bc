"""Files from elsewhere: mbox, and dumps of the old mail module."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from datetime import UTC, datetime

from bitrixmail.admin.bitrix_dump import read_dump
from bitrixmail.admin.bitrix_rules import Fate, carry_over
from bitrixmail.mime.line_ends import with_crlf, with_lf
from bitrixmail.mime.mbox import QUOTINGS, from_line, quoted, spans, unquoted
from bitrixmail.model.errors import InputError
from bitrixmail.model.text import printable
from bitrixmail.rules.engine import rule_faults
from tests.fuzz.target import Target, size_class
from tests.fuzz.wire_targets import cuts

MAX_FAULT = 2000


def assert_told(error: InputError) -> Hashable:
    """Check that each fault is a sentence for people, on one line and not endless."""
    assert error.faults
    for fault in error.faults:
        text = str(fault)
        assert len(text) <= MAX_FAULT, f"{len(text)} characters"
        assert printable(text, len(text)) == text, f"{text!r} is not fit for a terminal"
        assert fault.what
    return tuple(fault.what[:24] for fault in error.faults[:2])


def _mbox(given: bytes) -> Hashable:
    quoting = QUOTINGS[given[0] % len(QUOTINGS)] if given else QUOTINGS[0]
    octets = given[1:]

    def read(offset: int, length: int) -> bytes:
        assert offset >= 0, "read before the beginning"
        return octets[offset : offset + length]

    try:
        found = list(spans(read, "a.mbox"))
    except InputError as error:
        return assert_told(error)
    at = 0
    for span in found:
        assert at <= span.offset < span.start <= span.end <= len(octets), span
        at = span.end
        if span.date is not None:
            assert span.date.tzinfo is not None
            from_line(span.sender or "", span.date).decode("utf-8", "strict")
    _assert_quoting(octets, quoting)
    return (
        size_class(len(found)),
        tuple(
            (span.sender is None, span.date is None, size_class(span.end - span.start) // 2)
            for span in found[:3]
        ),
    )


def _joined(pieces: Iterable[bytes]) -> bytes:
    return b"".join(pieces)


def _assert_quoting(octets: bytes, quoting: str) -> None:
    """What is written is read again, and cuts do not matter; a new mbox holds one message."""
    whole, cut = [octets] if octets else [], cuts(octets, 5)
    written = _joined(quoted(whole))
    assert written == _joined(quoted(cut))
    assert _joined(unquoted(whole, quoting)) == _joined(unquoted(cut, quoting))
    assert _joined(unquoted([written], "mboxrd")) == octets
    assert _joined(with_crlf(whole)) == _joined(with_crlf(cut))
    assert _joined(with_lf(whole)) == _joined(with_lf(cut))
    line = from_line("a@example.org", datetime(2024, 1, 1, tzinfo=UTC))
    file = line + _joined(with_lf([written])) + b"\n"

    def read(offset: int, length: int) -> bytes:
        return file[offset : offset + length]

    assert len(list(spans(read, "a.mbox"))) == 1


_TWO = (
    b"\0From a@example.org Mon Jan  1 10:00:00 2024\nSubject: x\n\n>From here\n\n"
    b"From b@example.org Tue Jan  2 10:00:00 2024 +0300\nSubject: y\n\ny\n"
)


def mbox() -> Target:
    """Files in mbox form."""
    return Target(
        "mbox",
        _mbox,
        seeds=(
            _TWO,
            b"\1From MAILER-DAEMON\nSubject: x\n\nx\n\nFrom y\nSubject: z\n\n",
            b"\2\r\n\r\nFrom - Mon Jan 01 10:00:00 2024\r\n\r\n>>From x\r\n",
        ),
        words=(
            b"\n", b"\r\n", b"\n\n", b"From ", b"\nFrom ", b"\n\nFrom ", b">From ", b"\n>>From ", b"a@example.org", b"-",
            b"Mon Jan  1 10:00:00 2024", b"Tue, 2 Jan 2024 10:00:00 +0300", b"Sun Dec 31 99:99 99999", b"x: y\n",
            b"1234@xxx", b"MAILER-DAEMON", b"From", b"\0", b"\xff", b"\r", b"Mon 10:00", b" -9999", b"+9999999999", b"EST",
        ),
        max_octets=400,
    )  # fmt: skip


def _dump(given: bytes) -> Hashable:
    first, _, second = given.partition(b"\x1d")
    files = [("a.csv", first)] + ([("b.json", second)] if second else [])
    try:
        found = read_dump(files)
    except InputError as error:
        return assert_told(error)
    carried = carry_over(found, {"1": "info@example.org", "2": "example.net"})
    assert len(carried.fates) == len(found.filters)
    names = [name for name, _, _ in carried.fates]
    assert len(set(names)) == len(names), "two rules of one name"
    for rule in carried.rules:
        assert not list(rule_faults(rule)), "a rule that can't be used was carried over"
    for remark in carried.remarks:
        assert printable(remark.what, len(remark.what)) == remark.what, remark.what
    return tuple(
        (rule.active, len(rule.actions), len(getattr(rule.condition, "parts", ())))
        for rule in carried.rules[:2]
    ), tuple(fate is Fate.LEFT for _, _, fate in carried.fates[:3])


_FILTERS = (
    b"ID;MAILBOX_ID;NAME;SORT;ACTIVE;WHEN_MAIL_RECEIVED;WHEN_MANUALLY_RUN;SPAM_RATING;SPAM_RATING_TYPE;"
    b"MESSAGE_SIZE;MESSAGE_SIZE_TYPE;MESSAGE_SIZE_UNIT;ACTION_STOP_EXEC;ACTION_DELETE_MESSAGE;ACTION_READ;"
    b"ACTION_SPAM;ACTION_TYPE;ACTION_VARS;ACTION_PHP;PARENT_FILTER_ID\n"
    b"1;1;Invoices;500;Y;Y;Y;;;100;>;k;Y;N;Y;N;;;;\n2;2;Spam;100;Y;Y;N;50;>;;;;N;Y;N;Y;;;echo 1;1\n"
)
_CONDITIONS = (
    b'ID;FILTER_ID;TYPE;STRINGS;COMPARE_TYPE\n1;1;SUBJECT;"invoice\nbill";CONTAIN\n'
    b"2;1;SENDER;/x@y/i;REGEXP\n3;2;ALL;casino;NOT_CONTAIN\n"
)
_JSON = (
    b'{"b_mail_filter": [{"ID": 1, "MAILBOX_ID": "1", "NAME": "x", "WHEN_MAIL_RECEIVED": true, "ACTIVE": "Y",'
    b' "ACTION_READ": "Y"}], "b_mail_filter_cond": [{"ID": 1, "FILTER_ID": 1, "TYPE": "BODY", "STRINGS": "a",'
    b' "COMPARE_TYPE": "EQUAL"}], "b_mail_mailbox": [{"ID": 1, "SERVER_TYPE": "smtp", "LOGIN": "i@example.org"}]}'
)


def dump() -> Target:
    """Tables of the old mail module, and the rules made of them."""
    return Target(
        "dump",
        _dump,
        seeds=(_FILTERS + b"\x1d" + _CONDITIONS, _JSON, b"\xef\xbb\xbf" + _JSON),
        words=(
            b";", b",", b"\t", b'"', b"\n", b"\r\n", b"\\N", b"NULL", b"\x1d", b"{", b"}", b"[", b"]", b":", b"1", b"-1",
            b"99999999999999999999", b"1e999", b"NaN", b"true", b"null", b"\\u0000", b"\\ud800", b"SUBJECT", b"SENDER",
            b"BODY", b"HEADER", b"ALL", b"ATTACHMENT", b"CONTAIN", b"NOT_CONTAIN", b"EQUAL", b"NOT_EQUAL", b"REGEXP",
            b"/x/i", b"#(#u", b"/(?<a>x)/", b"/[[:alpha:]]/", b"/\\p{Lu}/", b"~(~", b"Y", b"N", b"ID", b"NAME", b"STRINGS",
            b'"data"', b'"name"', b"b_mail_filter", b"b_mail_filter_cond", b"\xcf\xf0\xe8", "пр".encode(), b"\0",
            b"\xe2\x80\xa8", "²".encode(), b"MESSAGE_SIZE", b"PARENT_FILTER_ID", b"<", b">", b"k", b"m", b"4000000000000",
        ),
        max_octets=1100,
    )  # fmt: skip
