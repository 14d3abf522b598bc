"""What header fields say beyond their text: the identity of a list, how urgent a message is."""

from __future__ import annotations

import re

from bitrixmail.mime.headers import HeaderSection

_LIST_ID = re.compile(r"<\s*([^<>\s]{1,255})\s*>\s*$")
_NUMBER = re.compile(r"\s*([1-5])\b", re.ASCII)
_BY_NUMBER = {"1": "high", "2": "high", "3": "normal", "4": "low", "5": "low"}
_BY_WORD = {
    "high": "high",
    "highest": "high",
    "urgent": "high",
    "normal": "normal",
    "low": "low",
    "lowest": "low",
    "non-urgent": "low",
}
_PRIORITY_FIELDS = ("x-priority", "importance", "priority", "x-msmail-priority")
_PRIORITY_KEYS = frozenset(name.encode() for name in _PRIORITY_FIELDS)


def list_ids(headers: HeaderSection) -> tuple[str, ...]:
    """Return the identity of each mailing list bare, then each List-Id field as it is."""
    fields = headers.texts("list-id")
    found = (_LIST_ID.search(text) for text in fields)
    return tuple(dict.fromkeys((*(each[1] for each in found if each), *fields)))


def priority_of(headers: HeaderSection) -> str:
    """Return `high`, `normal` or `low`, by the first field that says it; else `normal`."""
    if _PRIORITY_KEYS.isdisjoint(headers.present):
        return "normal"
    for name in _PRIORITY_FIELDS:
        text = headers.text(name)
        number = _NUMBER.match(text)
        found = _BY_NUMBER[number[1]] if number else _BY_WORD.get(text.strip().lower())
        if found:
            return found
    return "normal"


def all_fields(headers: HeaderSection) -> tuple[str, ...]:
    """Return every field as `Name: text`, decoded, in their order."""
    return tuple(
        f"{name.decode('ascii', 'replace')}: {headers.decode(value)}"
        for name, value in headers.fields()
    )
