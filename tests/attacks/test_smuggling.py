"""Every sequence that some server takes for the end of data, at every place where input is cut.

Two segments: every place. Three: every pair of places of a short content. And octet by octet. The
same in chunks of BDAT, cut by the client into chunks and by the net into segments.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.attacks.reference import is_fit, mended, read_data, stuffed
from tests.attacks.sessions import HELLO, SECOND, Seen, attack, door_for_attacks, replies
from tests.dialogs.dialog import MemoryConnection
from tests.dialogs.test_end_of_data import FIT, UNFIT

VARIANTS = [
    *UNFIT,
    *FIT,
    b"\r\r.\r\r",
    b"\n\r\n.\n",
    b"\r\n.\n\r\n",
    b"\r\n\n.\r\n",
    b"\r\n.\n.\r\n ",
    b"\r\n\r.\r\n",
    b"\r\n.\r \n",
    b"\r\n .\r\n",
    b"\x85.\r\n",
    b"\xe2\x80\xa8.\r\n",
    b"\xe2\x80\xa9.\xe2\x80\xa9",
    b"\r\n.\xe2\x80\xa9\r\n",
    b"\x1c.\x1d.\x1e.\r",
    b"\r\n.\xff\r\n",
    b"\x0d\x8a.\x8d\x0a",
    b"\0\r\n\0.\0\r\n\0",
]
MODES = pytest.mark.parametrize("normalize", [False, True], ids=["refused", "mended"])


def expected(octets: bytes, *, normalize: bool) -> Seen:
    """Return what the reference says of one content with its end, and nothing behind it."""
    content, rest = read_data(octets)
    assert rest == b""
    return judged(content, normalize=normalize)


def judged(content: bytes, *, normalize: bool) -> Seen:
    if is_fit(content):
        return Seen.accepted(content)
    return Seen.accepted(mended(content)) if normalize else Seen.refused("550 5.6.0")


def in_two(octets: bytes) -> Iterator[tuple[bytes, ...]]:
    for at in range(1, len(octets)):
        yield octets[:at], octets[at:]


def in_three(octets: bytes) -> Iterator[tuple[bytes, ...]]:
    for first in range(1, len(octets)):
        for second in range(first + 1, len(octets)):
            yield octets[:first], octets[first:second], octets[second:]


def octet_by_octet(octets: bytes) -> tuple[bytes, ...]:
    return tuple(octets[at : at + 1] for at in range(len(octets)))


@MODES
def test_no_variant_ends_data_in_two_segments_or_octets(normalize: bool) -> None:
    door = door_for_attacks(normalize=normalize)
    for variant in VARIANTS:
        hidden = b"NOOP\r\nQUIT\r\n" if normalize else SECOND
        octets = b"first" + variant + hidden + b".\r\n"
        meant = expected(octets, normalize=normalize)
        for pieces in ((octets,), octet_by_octet(octets)):
            assert attack(door, pieces, thorough=True) == meant, (variant, pieces)
        for pieces in in_two(octets):
            assert attack(door, pieces) == meant, (variant, pieces)


@MODES
def test_no_variant_ends_data_in_three_segments(normalize: bool) -> None:
    door = door_for_attacks(normalize=normalize)
    for variant in VARIANTS:
        octets = variant + b"\r\n.\r\n"
        meant = expected(octets, normalize=normalize)
        for pieces in in_three(octets):
            assert attack(door, pieces) == meant, (variant, pieces)


@MODES
def test_the_first_octets_may_be_anything(normalize: bool) -> None:
    door = door_for_attacks(normalize=normalize)
    for first in (b"..", b"...", b".x", b".\n", b".\r", b"\n", b"\r", b"\0", b"\0."):
        octets = first + b"\r\n" + SECOND + b".\r\n"
        meant = expected(octets, normalize=normalize)
        for pieces in ((octets,), octet_by_octet(octets), *in_two(octets)):
            assert attack(door, pieces) == meant, (first, pieces)


@pytest.mark.parametrize("content", [b"", b"first\r\n", b"a\r\n.b\r\n..\r\n", b"\r\n\r\n"])
def test_the_true_end_is_one_however_it_is_cut(content: bytes) -> None:
    """Also `\\r` as the last octet before a pause, then `\\n.\\r\\n`."""
    door = door_for_attacks()
    octets = stuffed(content)
    for pieces in ((octets,), octet_by_octet(octets), *in_two(octets), *in_three(octets)):
        assert attack(door, pieces) == Seen.accepted(content), pieces


def test_what_stands_behind_the_true_end_is_commands() -> None:
    """Or nothing above would show anything: a second message in the open is one."""
    door = door_for_attacks()
    octets = b"first\r\n.\r\n" + SECOND + b".\r\n"
    for pieces in ((octets,), octet_by_octet(octets), *in_two(octets)):
        seen = attack(door, pieces)
        assert seen == Seen(["250", "250", "250", "354", "250"], [b"first\r\n", b"smuggled\r\n"], 2)


@MODES
def test_nothing_ends_a_chunk_but_its_size(normalize: bool) -> None:
    door = door_for_attacks(normalize=normalize)
    for variant in (b"\r\n.\r\n", *VARIANTS):
        content = b"a" + variant + b"RSET\r\n"
        octets = b"BDAT %d LAST\r\n" % len(content) + content
        meant = judged(content, normalize=normalize)
        for pieces in ((octets,), octet_by_octet(octets), *in_two(octets)):
            assert attack(door, pieces, data=False) == meant, (variant, pieces)


@MODES
def test_no_cut_of_content_into_chunks_makes_an_end(normalize: bool) -> None:
    door = door_for_attacks(normalize=normalize)
    for variant in (b"\r\n.\r\n", *VARIANTS):
        content = b"a" + variant + b"NOOP\r\n"
        meant = judged(content, normalize=normalize)
        for first, second in in_two(content):
            octets = b"BDAT %d\r\n%bBDAT %d LAST\r\n%b" % (len(first), first, len(second), second)
            for pieces in ((octets,), octet_by_octet(octets)):
                seen = attack(door, pieces, data=False)
                # a fault that is known already is told at the first chunk; nothing is kept then
                assert seen.kept == meant.kept, (first, second)
                assert seen.opened == 1
                assert len(seen.codes) == 2
                assert (seen.codes[1] == "250") == bool(meant.kept), (first, second)


COMMANDS = b"\r\n" + SECOND + b".\r\n"


@pytest.mark.parametrize("length", [2048, 2049, 4096, 17000])
def test_commands_behind_a_line_that_is_too_long_are_content(length: int) -> None:
    door = door_for_attacks(max_line_octets=2048)
    for filling in (b"x", b"x.", b".", b" ", b"\t."):
        octets = (filling * length)[:length] + COMMANDS
        for at in (*range(2040, 2056), *range(length - 4, len(octets))):
            pieces = octets[:at], octets[at:]
            assert attack(door, pieces) == Seen.refused("550 5.6.0"), (filling, at)


def test_commands_behind_the_largest_size_are_content() -> None:
    door = door_for_attacks(max_size_octets=100)
    octets = b"x" * 60 + b"\r\n" + b"y" * 60 + COMMANDS
    for pieces in ((octets,), octet_by_octet(octets), *in_two(octets)):
        assert attack(door, pieces) == Seen.refused("552 5.3.4"), pieces
    content = b"x" * 60 + COMMANDS
    chunk = b"BDAT %d LAST\r\n" % len(content) + content
    for pieces in ((chunk,), octet_by_octet(chunk), *in_two(chunk)):
        assert attack(door, pieces, data=False) == Seen.refused("552 5.3.4"), pieces


EDGES = [size + more for size in (998, 1000, 2048, 4096, 16384, 65536) for more in (-1, 0, 1)]


@pytest.mark.parametrize(
    "behind",
    [b".\r\n", b".\n", b"\r\n..\r\n", b"\r\n.x\r\n", b"\r\n. \r\n", b"\n.\r\n", b"\r.\r\n"],
    ids=repr,
)
def test_a_dot_at_the_edge_of_a_buffer_is_no_end(behind: bytes) -> None:
    """Lines of the sizes that buffers have, cut where one would be full, one before and behind."""
    unbounded, bounded = door_for_attacks(max_line_octets=0), door_for_attacks(max_line_octets=2048)
    most = bounded.factory.limits.max_line_octets
    for length in EDGES:
        octets = b"x" * length + behind + SECOND + b".\r\n"
        meant = in_bounds = expected(octets, normalize=False)
        if max(map(len, octets.split(b"\n"))) + 1 > most:
            in_bounds = Seen.refused("550 5.6.0")
        for at in range(length - 2, length + len(behind) + 3):
            pieces = (octets[:at], octets[at:])
            assert attack(unbounded, pieces) == meant, (length, at)
            assert attack(bounded, pieces) == in_bounds, (length, at)
        in_reads = tuple(octets[at : at + length] for at in range(0, len(octets), length))
        assert attack(unbounded, in_reads) == meant, length


def test_no_variant_in_a_command_begins_another() -> None:
    """In a line of commands: its sender gets an error, and nothing in it is obeyed."""
    door = door_for_attacks()
    for variant in VARIANTS:
        within = variant.replace(b"\r\n", b"\r \n")
        octets = b"NOOP x" + within + b"MAIL FROM:<smuggled@client.example>\r\n"
        for pieces in ((octets,), octet_by_octet(octets), *in_two(octets)):
            connection = MemoryConnection(door.factory)
            connection.send(HELLO)
            connection.transport.clear()
            for piece in pieces:
                connection.send(piece)
            codes = replies(connection)
            assert set(codes) <= {"250", "500 5.5.2"}, (pieces, codes)
            assert not door.gate.opened, pieces
            connection.send(b"RSET\r\n")
            assert replies(connection) == ["250"]
            connection.abort()
