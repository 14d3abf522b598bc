"""Octets given to the kernel at once, which spares two turns of the reactor."""

from __future__ import annotations

from typing import Any


def left_over(transport: Any, octets: bytes) -> bytes:
    """Write what the kernel takes; return the rest, for the transport's own `write`.

    Only on a bare TCP connection, and only as long as nothing was ever left over: behind octets
    that wait in the transport, later ones must wait too.
    """
    try:
        sent = transport.socket.send(octets)
    except OSError:  # full, or gone, which the transport will find out
        return octets
    return octets[sent:]
