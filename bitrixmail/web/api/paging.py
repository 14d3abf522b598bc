"""Lists in pages: a cursor says behind what the next page begins; nobody else reads it."""

from __future__ import annotations

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Any

from bitrixmail.model.errors import Fault
from bitrixmail.web.api.operation import Sliced
from bitrixmail.web.api.problem import ProblemError


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
    """Cut a page out of a list: what stands behind the item of that key.

    If that is gone meanwhile, the page begins where it stood by its order.
    """
    start = 0
    if after:
        keys = [key(item) for item in found]
        if after in keys:
            start = keys.index(after) + 1
        else:
            start = next((place for place, each in enumerate(keys) if each > after), len(keys))
    items = tuple(found[start : start + limit])
    more = len(found) > start + limit
    return Sliced(items, key(items[-1]) if more else None)


def number_in(cursor: str) -> int:
    """Read a cursor that holds a number, 0 for none. Raises ProblemError."""
    key = key_in(cursor)
    if not key:
        return 0
    if not (key.isascii() and key.isdigit() and len(key) < 19):
        fault = Fault("query.cursor", "is of another list", "begin without one")
        raise ProblemError(422, "What was sent can't be used.", [fault])
    return int(key)
