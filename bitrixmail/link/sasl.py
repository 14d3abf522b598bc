"""SASL mechanisms that carry a name and a password, server side, sans I/O (RFC 4422, RFC 4616)."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Protocol

Names = tuple[bytes, bytes]


class Mechanism(Protocol):
    """One exchange. Ask for a `challenge`, `answer` it, until a name and a password come out."""

    @property
    def challenge(self) -> bytes:
        """What is asked next, before base64."""

    def answer(self, response: bytes) -> Names | None:
        """Take a response; return name and password, or None to be asked again.

        Raise ValueError for a response that the mechanism does not know.
        """


class Plain:
    """PLAIN (RFC 4616). Nobody acts for somebody else: the first name is the second, or empty."""

    challenge = b""

    def answer(self, response: bytes) -> Names | None:
        """See Mechanism."""
        authorization, name, password = response.split(b"\0")
        if authorization not in {b"", name} or not name:
            raise ValueError("acting for somebody else")
        return name, password


class Login:
    """LOGIN: the name, then the password. Never a standard, and still what some programs speak."""

    def __init__(self) -> None:
        self._name: bytes | None = None

    @property
    def challenge(self) -> bytes:
        """See Mechanism."""
        return b"Username:" if self._name is None else b"Password:"

    def answer(self, response: bytes) -> Names | None:
        """See Mechanism."""
        if self._name is not None:
            return self._name, response
        self._name = response
        return None


MECHANISMS: Mapping[bytes, Callable[[], Mechanism]] = {b"PLAIN": Plain, b"LOGIN": Login}


def decoded(line: bytes) -> bytes:
    """Read the base64 of a line. Raise ValueError."""
    return base64.b64decode(line, validate=True)
