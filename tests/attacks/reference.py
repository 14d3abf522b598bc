"""What a content means, read octet by octet: slow, plain, and nothing of the server's own in it."""

from __future__ import annotations

CR, LF, DOT, NUL = 0x0D, 0x0A, 0x2E, 0x00


def read_data(octets: bytes) -> tuple[bytes, bytes]:
    """Return the content behind DATA and what stands behind its end (RFC 5321 §4.5.2).

    Raises EOFError if the end has not come.
    """
    content, line = bytearray(), bytearray()
    for at, octet in enumerate(octets, start=1):
        line.append(octet)
        if len(line) < 2 or (line[-2], line[-1]) != (CR, LF):
            continue
        if line[0] == DOT:
            del line[0]
            if len(line) == 2:
                return bytes(content), octets[at:]
        content += line
        line.clear()
    raise EOFError


def is_fit(content: bytes) -> bool:
    """Tell whether CR and LF come in pairs only, and NUL not at all (RFC 5321 §2.3.8, §4.1.1.4)."""
    before = -1
    for octet in content:
        if octet == NUL or (octet == LF) != (before == CR):
            return False
        before = octet
    return before != CR


def mended(content: bytes) -> bytes:
    """Return content with a pair for every CR and every LF, and without NUL."""
    found, before = bytearray(), -1
    for octet in content:
        if octet == CR or (octet == LF and before != CR):
            found += b"\r\n"
        elif octet not in (LF, NUL):
            found.append(octet)
        before = octet
    return bytes(found)


def stuffed(content: bytes) -> bytes:
    """Write content as a client sends it behind DATA, its end included; it ends with CR LF."""
    found, begins = bytearray(), True
    before = -1
    for octet in content:
        if begins and octet == DOT:
            found.append(DOT)
        found.append(octet)
        begins = before == CR and octet == LF
        before = octet
    return bytes(found) + b".\r\n"
