"""The header with which a proxy tells for whom it connects."""

from __future__ import annotations

import struct
from collections.abc import Hashable
from ipaddress import ip_address

from bitrixmail.link.proxy import HeaderError, HeaderReader, crc32c
from tests.fuzz.target import Target
from tests.fuzz.wire_targets import cuts

_SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
_V4 = bytes((192, 0, 2, 1, 198, 51, 100, 1)) + struct.pack("!HH", 4242, 25)
_V6 = bytes.fromhex("20010db8000000000000000000000001") * 2 + struct.pack("!HH", 4242, 25)
# So much may be held of a header that is not whole, beside what one read brought
_MAX_HELD = 16 * 1024


_Outcome = tuple[str, tuple[str, int] | None, bytes]


def _told(error: HeaderError) -> _Outcome:
    assert str(error).isprintable()
    return "fault", None, b""


def _outcome(pieces: list[bytes]) -> _Outcome:
    """Feed a header cut into pieces; return what came of it and what stands behind."""
    reader = HeaderReader()
    held = 0
    for number, piece in enumerate(pieces):
        held += len(piece)
        try:
            header = reader.take(piece)
        except HeaderError as error:
            return _told(error)
        if header is not None:
            return "header", header.peer, header.rest + b"".join(pieces[number + 1 :])
        assert held <= _MAX_HELD, "a header without end"
    return "more", None, b""


def _proxy(stream: bytes) -> Hashable:
    whole = _outcome([stream])
    assert _outcome(cuts(stream, 0)) == whole
    assert _outcome([stream[at : at + 1] for at in range(len(stream))]) == whole
    kind, peer, rest = whole
    assert stream.endswith(rest)
    if peer is not None:
        address, port = peer
        found = ip_address(address)
        assert str(found) == address
        assert 0 <= port < 65536
        _read_again(address, port, found.version)
    return kind, peer is not None, stream[:6] == b"PROXY ", bool(rest), stream[12:14]


def _read_again(address: str, port: int, version: int) -> None:
    """What was taken for a peer is written down and read as the same."""
    line = f"PROXY TCP{version} {address} {address} {port} {port}\r\n".encode()
    assert _outcome([line]) == ("header", (address, port), b"")


def _v2(command: int, kind: int, block: bytes) -> bytes:
    return _SIGNATURE + struct.pack("!BBH", command, kind, len(block)) + block


def _checked(block: bytes) -> bytes:
    zero = _v2(0x21, 0x11, block + b"\3\0\4" + bytes(4))
    return zero[:-4] + crc32c(zero).to_bytes(4)


def proxy() -> Target:
    """PROXY headers of versions 1 and 2."""
    return Target(
        "proxy",
        _proxy,
        seeds=(
            b"PROXY TCP4 192.0.2.1 198.51.100.1 4242 25\r\nEHLO x\r\n",
            b"PROXY TCP6 2001:db8::1 ::ffff:192.0.2.1 4242 25\r\n",
            b"PROXY UNKNOWN\r\n",
            b"PROXY UNKNOWN " + b"f" * 91 + b"\r\n",
            _v2(0x21, 0x11, _V4) + b"EHLO x\r\n",
            _v2(0x21, 0x21, _V6),
            _v2(0x20, 0, b""),
            _v2(0x21, 0x31, b"/run/x".ljust(216, b"\0")),
            _v2(0x21, 0x11, _V4 + b"\2\0\1x"),
            _checked(_V4),
        ),
        words=(
            _SIGNATURE, b"PROXY ", b"TCP4 ", b"TCP6 ", b"UNKNOWN", b"\r\n", b"\r", b"\n", b" ", b"192.0.2.1", b"2001:db8::1",
            b"::", b"::ffff:1.2.3.4", b"%eth0", b"65535", b"65536", b"0", b"00", b"\x21\x11\0\x0c", b"\x21\x21\0\x24", b"\x20\0\0\0",
            b"\x21\x11\xff\xff", b"\x31", b"\3\0\4", b"\3\0\3", b"\2\0\1x", b"\xff", b"\0", _V4, _V6, b"x" * 100, b"EHLO x\r\n",
        ),
        max_octets=330,
    )  # fmt: skip
