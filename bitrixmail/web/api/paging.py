"""Lists in pages: a cursor says behind what the next page begins; nobody else reads it."""

from __future__ import annotations

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bitrixmail.model.errors import Fault
from bitrixmail.web.api.operation import Sliced
from bitrixmail.web.api.problem import ProblemError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MOST_DIGITS = 18
_HIGHEST = 10**_MOST_DIGITS


def cursor_of(key: str) -> str:
    """Write a cursor."""
    return urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def key_in(cursor: str) -> str:
    """Read a cursor; empty for none. Raises ProblemError."""
    if not cursor:
        return ""
    try:
        octets = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        key = json.loads(octets)
    except (ValueError, binascii.Error, RecursionError):
        key = None
    if not isinstance(key, str) or not key:
        fault = Fault("query.cursor", "is none of ours", "take `next` of the page before as it is")
        raise ProblemError(422, "What was sent can't be used.", [fault])
    return key


def sliced(found: Sequence[Any], key: Callable[[Any], str], after: str, limit: int) -> Sliced:
    """Cut a page out of a list, which goes by its keys: what stands behind that key.

    The item of it may be gone meanwhile, and others come: nothing is told twice or left out.
    """
    ordered = sorted(found, key=key)
    start = bisect_right(ordered, after, key=key)
    items = tuple(ordered[start : start + limit])
    more = len(ordered) > start + limit
    return Sliced(items, key(items[-1]) if more else None)


def rising(number: int) -> str:
    """Return a number as a key of which the least comes first."""
    return f"{number:0{_MOST_DIGITS}}"


def falling(number: int) -> str:
    """Return a number as a key of which the greatest comes first."""
    return rising(_HIGHEST - 1 - number)


def microseconds(at: datetime) -> int:
    """Return a moment as a number, for keys."""
    return (at - _EPOCH) // _MICROSECOND


def mark_of(at: datetime, *numbers: int) -> str:
    """Return as a key where something stands in a list that goes by time, then by a number."""
    return "-".join(map(str, (microseconds(at), *numbers)))


def mark_in(cursor: str, count: int) -> tuple[datetime, tuple[int, ...]] | None:
    """Read that with so many numbers behind the time; None for no cursor. Raises ProblemError."""
    key = key_in(cursor)
    if not key:
        return None
    parts = key.split("-")
    if len(parts) != count + 1 or not all(map(_is_number, parts)):
        raise _of_another()
    try:
        return _EPOCH + int(parts[0]) * _MICROSECOND, tuple(map(int, parts[1:]))
    except OverflowError:
        raise _of_another() from None


def number_in(cursor: str) -> int:
    """Read a cursor that holds a number, 0 for none. Raises ProblemError."""
    key = key_in(cursor)
    if not key:
        return 0
    if not _is_number(key):
        raise _of_another()
    return int(key)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS


def _of_another() -> ProblemError:
    fault = Fault("query.cursor", "is of another list", "begin without one")
    return ProblemError(422, "What was sent can't be used.", [fault])
