"""The mbox form of many messages in one file (RFC 4155), read and written piece by piece.

A message begins with a From_ line. Lines of its text that look like one are quoted by `>`: in the
mboxrd form also those quoted already, which can be undone exactly; in mboxo those alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import mktime_tz, parsedate_tz

from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.text import printable

# Reads octets of the file: offset, length; fewer only at the end.
Read = Callable[[int, int], bytes]

QUOTINGS = ("mboxrd", "mboxo", "none")
_BLOCK = 1024 * 1024
_MARK = b"\nFrom "
_MAX_LINE = 1000
_HELD = 64 * 1024
_DATED = re.compile(
    rb"From (?:(.*?)[ \t]+)??"
    rb"((?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),?[ \t].*\d{1,2}:\d{2}.*)",
    re.IGNORECASE,
)
_UNDATED = re.compile(rb"From[ \t]*(\S*)[ \t]*")
_FIELD = re.compile(rb"[!-9;-~]+[ \t]*:")
_QUOTED = {
    "mboxrd": re.compile(rb"^>(>*From )", re.MULTILINE),
    "mboxo": re.compile(rb"^>(From )", re.MULTILINE),
}
_TO_QUOTE = re.compile(rb"^(>*From )", re.MULTILINE)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Span:
    """One message of the file: what its From_ line says, and where it stands.

    `offset` is that of the From_ line; the message goes from `start` to `end`. `sender` is empty
    for the null sender, None if it is not said; `date` is None if it can't be read.
    """

    offset: int
    sender: str | None
    date: datetime | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Line:
    """A From_ line. Made while a file is gone through."""

    offset: int
    end: int
    sender: str | None
    date: datetime | None
    dated: bool


def spans(read: Read, where: str) -> Iterator[Span]:
    """Go through the messages of a file, in their order, in one pass over it.

    `where` names the file in faults. Raises InputError if it does not begin as an mbox.
    """
    begin = _first(read)
    if begin is None:
        return
    line = _line(read, begin)
    if line is None:
        shown = printable(read(begin, 40).decode("utf-8", "replace"), 40)
        raise InputError(
            Fault(
                f"{where}: octet {begin}",
                f'is no mbox: it should begin with "From ", not with "{shown}"',
                "give an mbox file; a single message goes into a folder new of a Maildir",
            )
        )
    for next_line in _lines_behind(read, line):
        yield _span(read, line, next_line.offset)
        line = next_line
    yield _span(read, line, _end(read, line.end))


def _first(read: Read) -> int | None:
    """Return the offset of the first octet that is no line end; None for a file without any."""
    offset = 0
    while block := read(offset, _BLOCK):
        rest = block.lstrip(b"\r\n")
        if rest:
            return offset + len(block) - len(rest)
        offset += len(block)
    return None


def _end(read: Read, offset: int) -> int:
    while block := read(offset, _BLOCK):
        offset += len(block)
    return offset


def _lines_behind(read: Read, first: _Line) -> Iterator[_Line]:
    """Find the From_ lines behind the first one."""
    # One octet before: a From_ line may follow at once on an empty message.
    offset, tail = first.end - 1, b""
    while block := read(offset, _BLOCK):
        text = tail + block
        base = offset - len(tail)
        at = text.find(_MARK)
        while at >= 0:
            line = _line(read, base + at + 1)
            if line is not None and (line.dated or (not first.dated and _alone(read, line))):
                yield line
            at = text.find(_MARK, at + 1)
        offset += len(block)
        tail = text[-(len(_MARK) - 1) :]


def _line(read: Read, offset: int) -> _Line | None:
    """Read a From_ line; None if the line is none."""
    octets, lf, _ = read(offset, _MAX_LINE).partition(b"\n")
    end = offset + len(octets) + len(lf)
    text = octets.rstrip(b"\r")
    found = _DATED.fullmatch(text)
    if found is not None:
        return _Line(offset, end, _sender(found[1] or b""), _date(found[2]), dated=True)
    bare = _UNDATED.fullmatch(text)
    if bare is None or not text.startswith(b"From"):
        return None
    return _Line(offset, end, _sender(bare[1]), None, dated=False)


def _alone(read: Read, line: _Line) -> bool:
    """Tell whether a line without a date begins a message: empty line before, field behind."""
    before = read(line.offset - 3, 3)
    return before.endswith((b"\n\n", b"\n\r\n")) and bool(_FIELD.match(read(line.end, 100)))


def _sender(octets: bytes) -> str | None:
    sender = octets.decode("utf-8", "replace").strip().removeprefix("<").removesuffix(">")
    # Google's archives have a number there, at a domain "xxx".
    known = "@" in sender and not sender.endswith("@xxx") and printable(sender, 1000) == sender
    return sender if known else "" if sender == "MAILER-DAEMON" else None


def _date(octets: bytes) -> datetime | None:
    """Read a date as `asctime` writes it, in UTC (RFC 4155) unless it names a zone."""
    try:
        parsed = parsedate_tz(octets.decode("ascii", "replace"))
        return None if parsed is None else datetime.fromtimestamp(_utc(parsed), UTC)
    except (ValueError, OverflowError, IndexError, TypeError, OSError):
        return None


def _utc(parsed: tuple[int, int, int, int, int, int, int, int, int, int | None]) -> int:
    return mktime_tz((*parsed[:9], parsed[9] or 0))


def _span(read: Read, line: _Line, end: int) -> Span:
    """Make a span; the empty line before the next From_ line is no part of the message."""
    last = read(max(line.end, end - 4), min(4, end - line.end))
    for ending in (b"\r\n\r\n", b"\n\n"):
        if last.endswith(ending):
            end -= len(ending) // 2
            break
    else:
        if last in (b"\n", b"\r\n"):  # nothing but the empty line
            end = line.end
    return Span(line.offset, line.sender, line.date, line.end, end)


def octets_of(read: Read, span: Span) -> Iterator[bytes]:
    """Read a message in pieces, as it stands in the file."""
    offset = span.start
    while offset < span.end:
        piece = read(offset, min(_BLOCK, span.end - offset))
        if not piece:
            return  # the file was cut meanwhile
        yield piece
        offset += len(piece)


def unquoted(pieces: Iterable[bytes], quoting: str) -> Iterator[bytes]:
    """Take the `>` away before quoted From_ lines; `quoting` is one of QUOTINGS."""
    pattern = _QUOTED.get(quoting)
    return iter(pieces) if pattern is None else _by_lines(pieces, pattern, rb"\1")


def quoted(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Quote what looks like a From_ line, the mboxrd way."""
    return _by_lines(pieces, _TO_QUOTE, rb">\1")


def _by_lines(pieces: Iterable[bytes], pattern: re.Pattern[bytes], new: bytes) -> Iterator[bytes]:
    """Replace at the starts of lines, which pieces may cut anywhere."""
    held = b""
    inside = False  # whether what is held begins within a line
    for piece in pieces:
        text = held + piece
        cut = text.rfind(b"\n") + 1
        if not cut and len(text) < _HELD:
            held = text
            continue
        # No line is known to be complete, but it is far longer than what may be replaced.
        cut = cut or len(text)
        yield _replaced(text[:cut], pattern, new, inside=inside)
        inside = text[cut - 1 : cut] != b"\n"
        held = text[cut:]
    if held:
        yield _replaced(held, pattern, new, inside=inside)


def _replaced(text: bytes, pattern: re.Pattern[bytes], new: bytes, *, inside: bool) -> bytes:
    start = text.find(b"\n") + 1 if inside else 0
    if inside and not start:
        return text
    return text[:start] + pattern.sub(new, text[start:])


def from_line(sender: str, received: datetime) -> bytes:
    """Write a From_ line with its LF; the date is in UTC, as `asctime` has it."""
    at = received.astimezone(UTC)
    date = (
        f"{_DAYS[at.weekday()]} {_MONTHS[at.month - 1]} {at.day:2} "
        f"{at.hour:02}:{at.minute:02}:{at.second:02} {at.year}"
    )
    known = sender and printable(sender, 1000) == sender and not any(map(str.isspace, sender))
    return f"From {sender if known else 'MAILER-DAEMON'} {date}\n".encode()
