"""CR LF . CR LF ends DATA and nothing else does, however it is cut (RFC 5321 §4.1.1.4, §2.3.8).

What stands between a would-be end and the true one looks like a second message. None may come of
it, and the client and the door must mean the same by every reply.
"""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest

from tests.dialogs.dialog import Cut, MemoryConnection, cut_anywhere, cut_by, whole
from tests.fakes.door import Door

HELLO = (
    b"EHLO client.example\r\nMAIL FROM:<a@client.example>\r\nRCPT TO:<info@example.org>\r\nDATA\r\n"
)
SECOND = (
    b"MAIL FROM:<smuggled@client.example>\r\nRCPT TO:<info@example.org>\r\nDATA\r\nsmuggled\r\n"
)
# With CR or LF alone or NUL in them: what they are in has no right to be kept
UNFIT = [
    b"\n.\n",
    b"\n.\r",
    b"\n.\r\n",
    b"\r.\r",
    b"\r.\n",
    b"\r.\r\n",
    b"\r\n.\n",
    b"\r\n.\r",
    b"\r\n.\r\r\n",
    b"\r\r\n.\r\r\n",
    b"\r\n\0.\r\n",
    b"\r\n.\0\r\n",
    b"\r\n.\r\0\n",
    b"\n\n.\n\n",
    b"\n\r.\n\r",
]
# Content like any other, and how it is kept
FIT = {
    b"\r\n..\r\n": b"\r\n.\r\n",
    b"\r\n...\r\n": b"\r\n..\r\n",
    b"\r\n. \r\n": b"\r\n \r\n",
    b"\r\n.\t\r\n": b"\r\n\t\r\n",
    b"\r\n.\x0b\r\n": b"\r\n\x0b\r\n",
    b"\x0b.\x0b": b"\x0b.\x0b",
    b"\r\n.\x0c\r\n": b"\r\n\x0c\r\n",
    b"\x0c.\x0c": b"\x0c.\x0c",
    b"\r\n.\x85\r\n": b"\r\n\x85\r\n",
    b"\x85.\x85": b"\x85.\x85",
    b"\xe2\x80\xa8.\xe2\x80\xa8": b"\xe2\x80\xa8.\xe2\x80\xa8",
    b"\r\n.\xe2\x80\xa8": b"\r\n\xe2\x80\xa8",
    b" .\r\n": b" .\r\n",
    b"\r\n .\r\n": b"\r\n .\r\n",
}
CUTS = {"whole": whole, "octets": cut_by(1), "pairs": cut_by(2)} | {
    f"seed{seed}": cut_anywhere(seed) for seed in range(3)
}


def pause_at(at: int) -> Cut:
    return lambda octets: (octets[:at], octets[at:])


def codes(door: Door, octets: bytes, cut: Cut = whole, hello: bytes = HELLO) -> list[str]:
    """Send a session's content and what follows it; return the codes of the replies to that."""
    connection = MemoryConnection(door.factory)
    connection.send(hello)
    connection.transport.clear()
    for piece in cut(octets):
        connection.send(piece)
    replies = connection.transport.value().decode().splitlines()
    connection.abort()
    return [reply[:9] if reply.startswith("550") else reply[:3] for reply in replies]


def first_with(variant: bytes) -> bytes:
    return b"first" + variant + SECOND + b".\r\nNOOP\r\nQUIT\r\n"


@pytest.mark.parametrize("variant", UNFIT, ids=repr)
def test_no_other_end_is_one(variant: bytes) -> None:
    for name, cut in CUTS.items():
        door = Door()
        assert codes(door, first_with(variant), cut) == ["550 5.6.0", "250", "221"], name
        assert door.gate.messages == []
        assert len(door.gate.opened) == 1


@pytest.mark.parametrize("variant", UNFIT, ids=repr)
def test_no_other_end_is_one_where_line_ends_are_mended(variant: bytes) -> None:
    kept = set()
    for cut in CUTS.values():
        door = Door()
        door.factory.limits = replace(
            door.factory.limits, normalize_networks=(ip_network("0.0.0.0/0"),)
        )
        assert codes(door, first_with(variant), cut) == ["250", "250", "221"]
        (message,) = door.gate.messages
        kept.add(message.content)
    (content,) = kept
    assert content.endswith(b"\r\nDATA\r\nsmuggled\r\n")
    assert content.count(b"\r") == content.count(b"\n") == content.count(b"\r\n")
    assert b"\0" not in content


@pytest.mark.parametrize("variant", FIT, ids=repr)
def test_what_only_looks_like_an_end_is_content(variant: bytes) -> None:
    for name, cut in CUTS.items():
        door = Door()
        assert codes(door, first_with(variant), cut) == ["250", "250", "221"], name
        (message,) = door.gate.messages
        assert message.content == b"first" + FIT[variant] + SECOND


@pytest.mark.parametrize("variant", [*UNFIT, *FIT], ids=repr)
def test_a_pause_at_any_octet_changes_nothing(variant: bytes) -> None:
    octets = first_with(variant)
    expected = codes(Door(), octets)
    for at in range(1, len(octets)):
        assert codes(Door(), octets, pause_at(at)) == expected, at


@pytest.mark.parametrize("variant", [b"\r\n.\r\n", *UNFIT, *FIT], ids=repr)
def test_nothing_ends_a_chunk_but_its_size(variant: bytes) -> None:
    content = b"first" + variant + SECOND
    octets = b"BDAT %d LAST\r\n" % len(content) + content + b"NOOP\r\nQUIT\r\n"
    for cut in CUTS.values():
        door = Door()
        found = codes(door, octets, cut, hello=HELLO.removesuffix(b"DATA\r\n"))
        assert found == ["550 5.6.0" if variant in UNFIT else "250", "250", "221"]
        kept = [message.content for message in door.gate.messages]
        assert kept == ([] if variant in UNFIT else [content])


@pytest.mark.parametrize(
    ("before", "first"),
    [(b"\r\n", "250"), (b"\r\r\n", "550 5.6.0"), (b"\n\r\n", "550 5.6.0")],
    ids=repr,
)
def test_the_end_is_one_whatever_stands_before_it(before: bytes, first: str) -> None:
    for name, cut in CUTS.items():
        door = Door()
        found = codes(door, first_with(before + b".\r\n"), cut)
        assert found == [first, "250", "250", "354", "250", "250", "221"], name
        assert door.gate.messages[-1].content == b"smuggled\r\n"


@pytest.mark.parametrize(
    ("octets", "content"),
    [
        (b".\r\n", b""),
        (b"..\r\n.\r\n", b".\r\n"),
        (b".x\r\n.\r\n", b"x\r\n"),
        (b"\r\n.\r\n", b"\r\n"),
    ],
    ids=repr,
)
def test_the_first_octet_begins_a_line(octets: bytes, content: bytes) -> None:
    for name, cut in CUTS.items():
        door = Door()
        assert codes(door, octets + b"QUIT\r\n", cut) == ["250", "221"], name
        (message,) = door.gate.messages
        assert message.content == content


@pytest.mark.parametrize("behind", [b".\r\n", b"\r\n..\r\n", b"\r\n.x\r\n", b".\n"], ids=repr)
@pytest.mark.parametrize(
    "length", [997, 998, 1000, 2045, 2046, 2047, 2048, 4096, 4097, 16384, 16385, 65536, 65537]
)
def test_a_dot_at_the_edge_of_a_buffer_is_no_end(length: int, behind: bytes) -> None:
    line = b"x" * length
    octets = line + behind + SECOND + b".\r\nNOOP\r\nQUIT\r\n"
    door = Door()
    door.factory.limits = replace(door.factory.limits, max_line_octets=2048)
    found = codes(door, octets, pause_at(length))
    most = len(line + behind.partition(b"\r\n")[0]) + 2
    fits = most <= door.factory.limits.max_line_octets and behind != b".\n"
    assert found == ["250" if fits else "550 5.6.0", "250", "221"]
    assert len(door.gate.messages) == fits
    assert len(door.gate.opened) == 1
