"""The header with which a proxy tells for whom it connects: PROXY protocol, versions 1 and 2.

Sans I/O. Octets in, in any cuts; out comes the peer that the proxy names. Raises HeaderError. The
protocol is HAProxy's own, published with it as `proxy-protocol.txt`; no RFC describes it.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

_V1, _V2 = b"PROXY ", b"\r\n\r\n\0\r\nQUIT\n"
# The longest line of version 1 with its CRLF (section 2.1)
_MAX_V1_OCTETS = 107
# Version 2 could have 64 KiB; all that is known to be sent is a client's certificate at most
_MAX_V2_OCTETS = 16 * 1024
_V2_FIXED_OCTETS = 16
_PORT = rb"(0|[1-9][0-9]{0,4})"
_LINE = re.compile(
    rb"PROXY (?:UNKNOWN(?: [ -~]*)?"
    rb"|TCP4 ([0-9.]+) ([0-9.]+) %b %b"
    rb"|TCP6 ([0-9A-Fa-f:.]+) ([0-9A-Fa-f:.]+) %b %b)" % ((_PORT,) * 4)
)
# Family and transport of version 2 (section 2.2) -> octets of the two addresses and ports
_TCP4, _TCP6, _UNIX = 0x11, 0x21, 0x31
_BLOCKS = {_TCP4: 12, _TCP6: 36, _UNIX: 216}
_LOCAL, _PROXY = 0x20, 0x21
_TLV_CRC32C = 0x03


class HeaderError(ValueError):
    """What came is no PROXY header; the text says why, without any octets of it."""


class Header(NamedTuple):
    """One header, read.

    `peer`: address and port of the client; None if the proxy speaks for itself (LOCAL, a health
    check) or does not know (UNKNOWN): then the connection's own peer holds. `rest`: what came
    behind the header already. `own`: it is LOCAL.
    """

    peer: tuple[str, int] | None
    rest: bytes
    own: bool = False


class HeaderReader:
    """Gathers one header. Made for a connection, thrown away behind its header.

    It holds what one read brought and the header's bound at most.
    """

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = b""

    def take(self, data: bytes) -> Header | None:
        """Add octets; return the header once it is whole. Raises HeaderError as soon as it can."""
        held = self._held = self._held + data
        if held.startswith(_V2):
            return _version_2(held)
        if held.startswith(_V1):
            return _version_1(held)
        if _V2.startswith(held) or _V1.startswith(held):
            return None
        raise HeaderError("no PROXY header")


def _version_1(held: bytes) -> Header | None:
    line, end, rest = held[:_MAX_V1_OCTETS].partition(b"\r\n")
    if not end:
        if len(held) >= _MAX_V1_OCTETS:
            raise HeaderError("PROXY header of version 1 longer than 107 octets")
        return None
    match = _LINE.fullmatch(line)
    if match is None:
        raise HeaderError("PROXY header of version 1 malformed")
    rest += held[_MAX_V1_OCTETS:]
    source, target, *ports = match.groups()[:4] if match[1] else match.groups()[4:]
    if source is None:
        return Header(None, rest)
    family = IPv4Address if match[1] else IPv6Address
    try:
        peer, _ = (_text(family(address.decode("ascii"))) for address in (source, target))
    except ValueError:
        raise HeaderError("PROXY header of version 1 with a bad address") from None
    source_port, target_port = map(int, ports)
    if max(source_port, target_port) > 65535:
        raise HeaderError("PROXY header of version 1 with a bad port")
    return Header((peer, source_port), rest)


def _version_2(held: bytes) -> Header | None:
    if len(held) < _V2_FIXED_OCTETS:
        return None
    command, kind, size = struct.unpack_from("!BBH", held, len(_V2))
    if command not in (_LOCAL, _PROXY):
        raise HeaderError("PROXY header of version 2 with an unknown version or command")
    end = _V2_FIXED_OCTETS + size
    if end > _MAX_V2_OCTETS:
        raise HeaderError(f"PROXY header of version 2 longer than {_MAX_V2_OCTETS} octets")
    if len(held) < end:
        return None
    peer = None
    # Of LOCAL and of an unspecified family everything behind is to be read past
    if command == _PROXY and kind:
        peer = _peer_of(held[:end], kind)
    return Header(peer, held[end:], own=command == _LOCAL)


def _peer_of(header: bytes, kind: int) -> tuple[str, int] | None:
    addresses = _BLOCKS.get(kind)
    if addresses is None:
        raise HeaderError("PROXY header of version 2 for something else than a stream")
    begin = _V2_FIXED_OCTETS
    if len(header) < begin + addresses:
        raise HeaderError("PROXY header of version 2 too short for its addresses")
    for tag, at, size in _additions(header, begin + addresses):
        if tag == _TLV_CRC32C:
            _check_crc32c(header, at, size)
    if kind == _TCP4:
        octets, port = struct.unpack_from("!4s4xH", header, begin)
        return _text(IPv4Address(octets)), port
    if kind == _TCP6:
        octets, port = struct.unpack_from("!16s16xH", header, begin)
        return _text(IPv6Address(octets)), port
    return None


def _text(address: IPv4Address | IPv6Address) -> str:
    """Write an address as everywhere here: a mapped one as the IPv4 that it is."""
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or address
    return str(address)


def _additions(header: bytes, at: int) -> Iterator[tuple[int, int, int]]:
    """Yield tag, place and size of each TLV (section 2.2)."""
    while at < len(header):
        if at + 3 > len(header):
            raise HeaderError("PROXY header of version 2 with a broken addition")
        tag, size = struct.unpack_from("!BH", header, at)
        at += 3
        if at + size > len(header):
            raise HeaderError("PROXY header of version 2 with a broken addition")
        yield tag, at, size
        at += size


def _check_crc32c(header: bytes, at: int, size: int) -> None:
    """Compare the checksum with that of the header in which it is zero (section 2.2.3)."""
    told = int.from_bytes(header[at : at + size])
    found = crc32c(header[:at] + bytes(size) + header[at + size :])
    if size != 4 or told != found:
        raise HeaderError("PROXY header of version 2 with a wrong checksum")


def crc32c(octets: bytes) -> int:
    """Return the CRC32c, that of Castagnoli's polynomial, of some octets."""
    crc = 0xFFFFFFFF
    for octet in octets:
        crc = _CRC32C[(crc ^ octet) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def _crc32c_of_octet(crc: int) -> int:
    for _bit in range(8):
        crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc


_CRC32C = tuple(map(_crc32c_of_octet, range(256)))
