"""Files of the kind that Word, Excel and installers were kept in until 2007."""

from __future__ import annotations

import struct


def compound(*streams: str, class_id: bytes = bytes(16), sector: int = 40) -> bytes:
    """Build the first octets and the directory of a compound file, as Word and MSI have them."""
    head = bytearray(512)
    head[:8] = bytes.fromhex("d0cf11e0a1b11ae1")
    struct.pack_into("<H", head, 30, 9)
    struct.pack_into("<I", head, 48, sector)
    directory = b""
    for name in ("Root Entry", *streams):
        entry = bytearray(128)
        encoded = name.encode("utf-16-le")
        entry[: len(encoded)] = encoded
        if name == "Root Entry":
            entry[80:96] = class_id
        directory += entry
    return bytes(head) + bytes(512 * sector) + directory
