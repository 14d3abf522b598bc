"""The PROXY header: what is one in which version, over any cuts, and what is none."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from itertools import pairwise

import pytest

from bitrixmail.link.proxy import Header, HeaderError, HeaderReader, crc32c

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
V4 = bytes([192, 0, 2, 1, 198, 51, 100, 1]) + struct.pack("!HH", 4242, 25)
V6 = bytes.fromhex("20010db8" + "0" * 23 + "1") * 2 + struct.pack("!HH", 4242, 25)


def v2(command: int, kind: int, block: bytes) -> bytes:
    return SIGNATURE + struct.pack("!BBH", command, kind, len(block)) + block


def tlv(tag: int, value: bytes) -> bytes:
    return struct.pack("!BH", tag, len(value)) + value


def with_checksum(kind: int, block: bytes, error: int = 0) -> bytes:
    """Write a header whose checksum stands between two other additions."""
    before, after = block + tlv(0x02, b"mx.example.org"), tlv(0x04, b"\0" * 3)
    zero = v2(0x21, kind, before + tlv(0x03, bytes(4)) + after)
    sum_ = (crc32c(zero) ^ error).to_bytes(4)
    return v2(0x21, kind, before + tlv(0x03, sum_) + after)


HEADERS = {
    b"PROXY TCP4 192.0.2.1 198.51.100.1 4242 25\r\n": ("192.0.2.1", 4242),
    b"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n": ("255.255.255.255", 65535),
    b"PROXY TCP4 192.0.2.1 198.51.100.1 0 25\r\n": ("192.0.2.1", 0),
    b"PROXY TCP6 2001:DB8:0::1 2001:db8::2 4242 25\r\n": ("2001:db8::1", 4242),
    b"PROXY TCP6 ::ffff:192.0.2.1 ::1 4242 25\r\n": ("192.0.2.1", 4242),
    b"PROXY UNKNOWN\r\n": None,
    b"PROXY UNKNOWN 192.0.2.1 198.51.100.1 4242 25\r\n": None,
    b"PROXY UNKNOWN " + b"ffff:" * 14 + b" " * 21 + b"\r\n": None,
    v2(0x21, 0x11, V4): ("192.0.2.1", 4242),
    v2(0x21, 0x21, V6): ("2001:db8::1", 4242),
    v2(0x21, 0x11, V4 + tlv(0xEE, b"x" * 300)): ("192.0.2.1", 4242),
    v2(0x21, 0x11, V4 + tlv(0xEE, b"")): ("192.0.2.1", 4242),
    with_checksum(0x11, V4): ("192.0.2.1", 4242),
    with_checksum(0x21, V6): ("2001:db8::1", 4242),
    v2(0x21, 0x31, b"/run/x".ljust(216, b"\0")): None,
    v2(0x21, 0x00, b""): None,
    v2(0x21, 0x00, b"anything"): None,
    v2(0x20, 0x00, b""): None,
    v2(0x20, 0x11, V4): None,
    v2(0x20, 0x7F, b"anything"): None,
}
FAULTY = [
    b"EHLO client.example\r\n",
    b"\x16\x03\x01",
    b"proxy TCP4 192.0.2.1 198.51.100.1 4242 25\r\n",
    b"PROXY  TCP4 192.0.2.1 198.51.100.1 4242 25\r\n",
    b"PROXY TCP4 192.0.2.1  198.51.100.1 4242 25\r\n",
    b"PROXY TCP4 192.0.2.1 198.51.100.1 4242 25 \r\n",
    b"PROXY TCP4 192.0.2.1 198.51.100.1 4242\r\n",
    b"PROXY TCP4 192.0.2.1 198.51.100.1 04242 25\r\n",
    b"PROXY TCP4 192.0.2.1 198.51.100.1 -1 25\r\n",
    b"PROXY TCP4 192.0.2.1 198.51.100.1 65536 25\r\n",
    b"PROXY TCP4 192.0.2.1 198.51.100.1 4242 99999\r\n",
    b"PROXY TCP4 192.0.2.256 198.51.100.1 4242 25\r\n",
    b"PROXY TCP4 192.0.2.01 198.51.100.1 4242 25\r\n",
    b"PROXY TCP4 192.0.2.1 bad 4242 25\r\n",
    b"PROXY TCP4 2001:db8::1 2001:db8::2 4242 25\r\n",
    b"PROXY TCP6 192.0.2.1 198.51.100.1 4242 25\r\n",
    b"PROXY TCP6 fe80::1%eth0 2001:db8::2 4242 25\r\n",
    b"PROXY TCP6 2001:db8:::1 2001:db8::2 4242 25\r\n",
    b"PROXY UDP4 192.0.2.1 198.51.100.1 4242 25\r\n",
    b"PROXY UNKNOWN\x1b[2J\r\n",
    b"PROXY UNKNOWN x\nEHLO client.example\r\n",
    b"PROXY UNKNOWNX\r\n",
    b"PROXY \r\n",
    b"PROXY UNKNOWN " + b"x" * 92 + b"\r\n",
    b"PROXY TCP4 " + b"1" * 97,
    SIGNATURE[:-1] + b"\r",
    v2(0x11, 0x11, V4),
    v2(0x31, 0x11, V4),
    v2(0x22, 0x11, V4),
    v2(0x21, 0x12, V4),
    v2(0x21, 0x22, V6),
    v2(0x21, 0x01, V4),
    v2(0x21, 0x41, V4),
    v2(0x21, 0x11, V4[:-1]),
    v2(0x21, 0x21, V4),
    v2(0x21, 0x31, b"/run/x"),
    v2(0x21, 0x11, V4 + b"\x01"),
    v2(0x21, 0x11, V4 + b"\x01\0\x02x"),
    v2(0x21, 0x11, V4 + tlv(0x03, b"")),
    v2(0x21, 0x11, V4 + tlv(0x03, b"\0" * 5)),
    with_checksum(0x11, V4, error=1),
    v2(0x21, 0x11, V4 + tlv(0xEE, b"x" * 20000))[:16],
]


def taken(*pieces: bytes) -> Header | None:
    """Feed pieces; only the last may bring the header."""
    reader = HeaderReader()
    for piece in pieces[:-1]:
        assert reader.take(piece) is None, piece
    return reader.take(pieces[-1])


def refused(octets: bytes, bounds: Iterable[int]) -> bool:
    """Feed octets cut at these places; tell whether one of the pieces was too much."""
    reader = HeaderReader()
    try:
        for begin, end in pairwise(bounds):
            assert reader.take(octets[begin:end]) is None
    except HeaderError:
        return True
    return False


@pytest.mark.parametrize("octets", HEADERS, ids=repr)
def test_a_header_names_the_client_over_any_cut(octets: bytes) -> None:
    expected = HEADERS[octets]
    # LOCAL, whatever stands behind it
    own = octets.startswith(b"\r\n\r\n\0\r\nQUIT\n\x20")
    assert taken(octets) == Header(expected, b"", own)
    assert taken(octets + b"EHLO x\r\n") == Header(expected, b"EHLO x\r\n", own)
    assert taken(octets + b"\r\nPROXY ") == Header(expected, b"\r\nPROXY ", own)
    for at in range(len(octets)):
        assert taken(octets[:at], octets[at:] + b"x") == Header(expected, b"x", own), at
    single = (octets[at : at + 1] for at in range(len(octets)))
    assert taken(*single) == Header(expected, b"", own)


@pytest.mark.parametrize("octets", FAULTY, ids=repr)
def test_what_is_no_header_is_refused_over_any_cut(octets: bytes) -> None:
    cuts = [(0, at, len(octets)) for at in range(1, len(octets))]
    for bounds in [(0, len(octets)), *cuts, range(len(octets) + 1)]:
        assert refused(octets, bounds), bounds


@pytest.mark.parametrize("octets", HEADERS, ids=repr)
def test_half_a_header_is_waited_for(octets: bytes) -> None:
    for at in range(len(octets)):
        assert taken(octets[:at]) is None


@pytest.mark.parametrize("octets", [b"E", b"PR0", b"\r\n\r\n\1", b"\n"])
def test_a_wrong_octet_is_seen_at_once(octets: bytes) -> None:
    with pytest.raises(HeaderError, match="no PROXY header"):
        taken(octets)


def test_the_checksum_is_that_of_castagnoli() -> None:
    """The check value that catalogues of checksums give."""
    assert crc32c(b"123456789") == 0xE3069283
