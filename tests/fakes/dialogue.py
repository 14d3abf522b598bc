"""A client that says a line and waits for its answer, over a real socket."""

from __future__ import annotations

import socket
from contextlib import suppress
from types import TracebackType
from typing import Self


class Dialogue:
    """One connection that is greeted with `greeting`. Made by a test; use `with`."""

    def __init__(self, port: int, greeting: str) -> None:
        self._link = socket.create_connection(("127.0.0.1", port), timeout=20)
        said = self._answer("\r\n")
        assert said.startswith(greeting), said

    def say(self, line: str, end: str = "\r\n") -> str:
        """Send a line and return its answer, up to `end`; empty if the server has hung up."""
        self._link.sendall(line.encode() + b"\r\n")
        return self._answer(end)

    def _answer(self, end: str) -> str:
        octets = b""
        while not (octets.endswith(end.encode()) and _whole(octets)):
            try:
                piece = self._link.recv(65536)
            except ConnectionResetError:
                piece = b""
            if not piece:
                break
            octets += piece
        return octets.decode()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close, and wait until the server has done so too: then it has counted us out."""
        with self._link, suppress(OSError):
            self._link.shutdown(socket.SHUT_WR)
            while self._link.recv(65536):
                pass


def _whole(octets: bytes) -> bool:
    """Tell whether the last line ends a reply: of SMTP's, those with a hyphen do not."""
    return octets.rstrip(b"\r\n").rpartition(b"\r\n")[2][3:4] != b"-"
