"""Framing and grammar: what a stranger's octets are taken for before anything is decided."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from zlib import crc32

from bitrixmail.mime.domains import to_ascii
from bitrixmail.model.errors import PermanentError
from bitrixmail.model.text import printable
from bitrixmail.smtp.content import ContentRules, Inspector
from bitrixmail.smtp.grammar import MAX_PATH_OCTETS, Path, forward_path, reverse_path
from bitrixmail.smtp.parameters import recipient_parameters, sender_parameters
from bitrixmail.smtp.wire import Chunk, Wire
from bitrixmail.wire.dots import DotStuffer
from bitrixmail.wire.lines import Line, LineBuffer
from tests.fuzz.target import Target, size_class
from tests.fuzz.wire_model import Demands, Model, Seen, SeenContent, SeenLine, order

_MAX_COMMAND = 40
_DEMANDS = tuple(
    Demands(size, line, normalize)
    for normalize in (False, True)
    for size, line in ((0, 0), (60, 0), (0, 20), (60, 20))
)


def cuts(stream: bytes, salt: int) -> list[bytes]:
    """Cut a stream into pieces, by its own octets, so that the same is cut the same."""
    state = crc32(stream, salt) | 1
    pieces, at = list[bytes](), 0
    while at < len(stream):
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        size = 1 + (state >> 8) % (3 if state & 64 else 24)
        pieces.append(stream[at : at + size])
        at += size
    return pieces


class _Obeying:
    """Uses a wire as a session does. Made for one stream, ends with it."""

    def __init__(self, demands: Demands) -> None:
        self.wire = Wire(_MAX_COMMAND)
        self._rules = ContentRules(
            demands.max_size_octets, demands.max_line_octets, normalize=demands.normalize
        )
        self._inspector: Inspector | None = None
        self._wanted = False
        self._last = False
        self._gathered = b""
        self.seen: list[Seen] = []

    def feed(self, pieces: list[bytes]) -> list[Seen]:
        wire = self.wire
        for piece in pieces:
            wire.feed(piece)
            while (event := wire.next()) is not None:
                if isinstance(event, Line):
                    self._line(event)
                elif isinstance(event, Chunk):
                    self._gathered += event.octets
                else:
                    self._end(event.name)
        if wire.in_content:
            self.seen.append(SeenContent(None, ""))
        return self.seen

    def _line(self, line: Line) -> None:
        self.seen.append(SeenLine(line.octets, line.fault.name if line.fault else ""))
        kind, size, self._last = order(line.octets) if line.fault is None else ("", 0, False)
        self._wanted = kind != "X"
        if kind == "D":
            # chunks that never had their last one are forgotten
            self._inspector, self._gathered = Inspector(self._rules), b""
            self.wire.begin_data(self._inspector)
        elif kind == "B":
            self._inspector = self._inspector or Inspector(self._rules)
            self.wire.begin_chunk(size, self._inspector)
        elif kind == "X":
            self.wire.begin_chunk(size, None)

    def _end(self, name: str) -> None:
        inspector = self._inspector
        if not (self._wanted and self._last) or inspector is None:
            self.seen.append(SeenContent(b"", name))
            return
        octets = self._gathered + inspector.finish()
        self.seen.append(SeenContent(None if inspector.fault is not None else octets, name))
        self._inspector, self._gathered = None, b""


def _framing(given: bytes) -> Hashable:
    demands, stream = _DEMANDS[given[0] % len(_DEMANDS)] if given else _DEMANDS[0], given[1:]
    expected = Model(stream, _MAX_COMMAND, demands).read()
    for salt in (0, 1):
        seen = _Obeying(demands).feed(cuts(stream, salt))
        assert seen == expected, f"{seen} is not {expected}"
    return tuple(
        each.fault
        if isinstance(each, SeenLine)
        else (each.ended, each.octets is not None and size_class(len(each.octets)) // 2)
        for each in expected[:5]
    )


def framing() -> Target:
    """SMTP's framing: cut anywhere it must see what the model sees in the whole stream."""
    return Target(
        "framing",
        _framing,
        seeds=(
            b"\0EHLO x\r\nDATA\r\nSubject: x\r\n\r\n..\r\n.\r\nQUIT\r\n",
            b"\1BDAT 9\r\nSubject: BDAT 5 LAST\r\nx\r\n.\rNOOP\r\n",
            b"\4DATA\r\n.\r\nXDAT 4\r\nabcdDATA\r\n\n.\n\r.\r\r\n.\r\n",
            b"\4DATA\r\na\r\0\nb\n.\nc\n.\r\nd\r.\re\r\n.\nf\r\n.\rg\n.\rh\r\n.\r\n",
            b"\0DATA\r\n\r\r\n.\r\r\n\r\n\0.\r\n\r\n.\0\r\n\r\n..\r\n\r\n. \r\n\r\n.\r\n",
            b"\2NOOP \0\r\nRSET\nNOOP\r\n" + b"x" * 41 + b"\r\nDATA\r\na\rb\nc\0d\r\n.\r\n",
        ),
        words=(
            b"\r\n", b"\r", b"\n", b".", b"..", b"\r\n.\r\n", b"\r\n.", b"\n.\r\n", b"\r\n.\n", b"\n.\n",
            b"\r.\r", b"\r\n.\r", b"\r\r\n", b"\0", b"x", b"x" * 19, b"x" * 38, b"DATA\r\n", b"BDAT 5\r\n",
            b"BDAT 0\r\n", b"BDAT 7 LAST\r\n", b"XDAT 3\r\n", b"BDAT 0 LAST\r\n", b"BDAT 2 LAST\r\n",
            b"NOOP\r\n", b"\x85", b"\xe2\x80\xa8",
        ),
        max_octets=160,
    )  # fmt: skip


def _lines(stream: bytes) -> Hashable:
    most = 12
    expected = Model(stream.replace(b"DAT", b"DAD"), most, _DEMANDS[0]).read()
    stream = stream.replace(b"DAT", b"DAD")
    buffer, seen = LineBuffer(most), list[Seen]()
    held = 0
    for piece in cuts(stream, 2):
        buffer.feed(piece)
        while (line := buffer.next()) is not None:
            seen.append(SeenLine(line.octets, line.fault.name if line.fault else ""))
        held = max(held, buffer.pending)
    assert seen == expected, f"{seen} is not {expected}"
    assert held <= most, f"{held} octets of an unfinished line are kept"
    stuffer = DotStuffer()
    stuffed = b"".join([stuffer.feed(piece) for piece in cuts(stream, 3)]) + stuffer.finish()
    _assert_stuffed(stream, stuffed)
    return tuple(each.fault for each in expected[:5] if isinstance(each, SeenLine))


def _assert_stuffed(stream: bytes, stuffed: bytes) -> None:
    """What is said of a message must be read as it was, by one who takes dots away."""
    assert stuffed.endswith(b"\r\n.\r\n") or stuffed == b".\r\n"
    lines = (b"\r\n" + stuffed)[: -len(b".\r\n")].split(b"\r\n")
    assert b"." not in lines, "the end stands amid the message"
    plain = b"\r\n".join([line.removeprefix(b".") for line in lines])[2:]
    assert plain == (stream if stream.endswith(b"\r\n") or not stream else stream + b"\r\n")


def lines() -> Target:
    """Lines of any door, and the dots of what POP3 says."""
    return Target(
        "lines",
        _lines,
        seeds=(b"STAT\r\nLIST\r\n", b".\r\n..\r\n.x\r\n", b"x" * 30 + b"\r\n\nNOOP\r\n"),
        words=(b"\r\n", b"\r", b"\n", b".", b"\r\n.", b"\0", b"x" * 9, b"x" * 11, b"NOOP\r\n", b"\x85"),
        max_octets=120,
    )  # fmt: skip


_ALLOWED_CODES = frozenset((501, 503, 504, 550, 552, 553, 555))
_TEXT_END = re.compile(rb"[\r\n]")


def _code(error: PermanentError) -> int:
    assert error.reply.code in _ALLOWED_CODES, error.reply
    return error.reply.code


def _read(read: Callable[[bytes], Path], argument: bytes) -> Path | int:
    try:
        return read(argument)
    except PermanentError as error:
        return _code(error)


def _grammar(given: bytes) -> Hashable:
    # a line has no line end in it; everything else may stand there
    argument = _TEXT_END.sub(b"", given)
    did: list[Hashable] = []
    for read, keyword in ((forward_path, b"TO:"), (reverse_path, b"FROM:")):
        found = _read(read, keyword + argument)
        # the quick way for ordinary paths and the grammar agree; a blank leads around the former
        assert _read(read, keyword + b" " + argument.lstrip(b" ")) == _read(
            read, keyword + argument.lstrip(b" ")
        )
        if isinstance(found, Path):
            did.append(_path_holds(found, read, keyword))
        else:
            did.append(found)
    text = argument.decode("utf-8", "replace")
    did += [_parameters(recipient_parameters, text), _parameters(_for_sender, text)]
    return tuple(did)


def _path_holds(found: Path, read: Callable[[bytes], Path], keyword: bytes) -> Hashable:
    """Check that what was taken for one address is one, however it is written down again."""
    parameters = (
        _parameters(recipient_parameters, found.parameters),
        _parameters(_for_sender, found.parameters),
    )
    if found.address is None:
        assert keyword == b"FROM:"
        return ("<>", parameters)
    written = str(found.address)
    assert printable(written, 2 * MAX_PATH_OCTETS) == written
    domain = found.address.domain
    assert domain.isascii()
    if domain and not domain.startswith("["):
        assert to_ascii(domain) == domain
    again = _read(read, keyword + f"<{written}>".encode())
    # A-labels may be longer than the letters they stand for, and then no path any more
    assert isinstance(again, Path) or len(written.encode()) > MAX_PATH_OCTETS - 2, again
    if isinstance(again, Path):
        assert again.address == found.address
    return (domain[:1] == "[", domain == "", '"' in written, found.utf8, parameters)


def _for_sender(text: str) -> object:
    return sender_parameters(text, 1000)


def _parameters(read: Callable[[str], object], text: str) -> Hashable:
    try:
        return type(read(text)).__name__ + str(size_class(len(text)))
    except PermanentError as error:
        return _code(error)


def grammar() -> Target:
    """The arguments of MAIL and RCPT."""
    return Target(
        "grammar",
        _grammar,
        seeds=(
            b"<info@example.org>", b"<>", b"<a.b+c@mx.example.org> SIZE=100 BODY=8BITMIME SMTPUTF8",
            b"<@a.example,@b.example:c@d.example>", b'<"a b\\"c"@example.org>', b"<postmaster>",
            b"<x@[192.0.2.1]>", b"<x@[IPv6:2001:db8::1]>", b"<x@[tag:content]>",
            "<инфо@пример.рф> SMTPUTF8".encode(), b"<a@b.example> NOTIFY=SUCCESS,DELAY",
            b"<a@b.example> ORCPT=rfc822;a+2Bb@c.example", b"RET=HDRS ENVID=a+20b AUTH=<>",
            b"ORCPT=utf-8;\\x{43F}@example.org NOTIFY=NEVER",
        ),
        words=(
            b"<", b">", b"@", b'"', b"\\", b":", b",", b".", b" ", b"[", b"]", b"a", b"b.c", b"example.org",
            "п".encode(), b"\0", b"IPv6:", b"::1", b"::ffff:1.2.3.4", b"%eth0", b"192.0.2.1", b"postmaster", b"%",
            b"!", b"=", b"SIZE=", b"BODY=7BIT", b"SMTPUTF8", b"RET=FULL", b"ENVID=", b"AUTH=", b"NOTIFY=", b"NEVER",
            b"ORCPT=", b"utf-8;", b"rfc822;", b"+2B", b"\\x{", b"}", b"xn--", b"xn--p1ai", b"\xe2\x80\xa8",
            b"a" * 64, b"b" * 63, "é".encode(), "ß".encode(), "。".encode(), "\u200d".encode(), b"\xf0\x9f\x92\xa9",
        ),
        max_octets=300,
    )  # fmt: skip
