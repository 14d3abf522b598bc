"""A host that never answers a call, not even to refuse it."""

from __future__ import annotations

import socket


class BlackHole:
    """Takes an address from its making until `close`. Made by a test or a benchmark."""

    def __init__(self, address: str, port: int) -> None:
        self._held = [socket.create_server((address, port), backlog=0)]
        # Its queue is full with these, so the kernel drops what else knocks
        for _ in range(2):
            knocking = socket.socket()
            knocking.setblocking(False)
            knocking.connect_ex((address, port))
            self._held.append(knocking)

    def close(self) -> None:
        """Give the address back; whoever still waits is refused."""
        for held in self._held:
            held.close()
