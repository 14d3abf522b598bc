"""Values of the model as columns hold them, and back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from bitrixmail.model.address import fold_local_part

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_us(moment: datetime) -> int:
    """Return microseconds since 1970, exactly."""
    return (moment - _EPOCH) // _MICROSECOND


def from_us(number: int) -> datetime:
    """Return the moment that many microseconds after 1970."""
    return _EPOCH + timedelta(microseconds=number)


def to_words(words: Iterable[str]) -> str:
    """Write flags or tags, sorted, one a line: neither has a line end in it."""
    return "\n".join(sorted(word.replace("\n", " ") for word in words))


def from_words(text: str) -> frozenset[str]:
    """Read flags or tags."""
    return frozenset(text.split("\n")) if text else frozenset()


def to_lines(addresses: Iterable[str]) -> str:
    """Write addresses in their order, one a line: none has a line end in it."""
    return storable("\n".join(addresses))


def from_lines(text: str) -> tuple[str, ...]:
    """Read addresses."""
    return tuple(text.split("\n"))


def storable(text: str) -> str:
    """Return a text that UTF-8 can hold: lone surrogates and NUL become question marks.

    A remote text must never make the writer fail, for it would fail each time again.
    """
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "?").encode("utf-8", "replace").decode()


def to_key(address: str) -> str:
    """Return the form of an address under which it is found, see `Address.key`."""
    local_part, at, domain = address.rpartition("@")
    return fold_local_part(local_part) + at + domain.lower() if at else fold_local_part(address)
