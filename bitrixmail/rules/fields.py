"""The fields of the rule language: their names, and of which kind each is."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from bitrixmail.model.rule import Condition, Not, Test

# Fields of addresses, and the header fields each is read from (`sender` and `recipient` as the
# old mail module had them; `recipient` and the two of the envelope have more to them).
ADDRESS_FIELDS: dict[str, tuple[str, ...]] = {
    "sender": ("from", "reply-to"),
    "recipient": ("to", "cc"),
    "from": ("from",),
    "reply_to": ("reply-to",),
    "to": ("to",),
    "cc": ("cc",),
    "envelope_sender": (),
    "envelope_recipient": (),
}
ADDRESS_PARTS = ("address", "local_part", "domain", "name")
_HEADER_TEXTS = ("subject", "headers", "list_id")
_SOURCES = {"subject": "subject", "list_id": "list-id"}
# What needs the content; the header section alone is at hand without it.
_BODY_TEXTS = ("body", "message", "attachment_name", "attachment_type", "language", "charset")
_STANDING_TEXTS = ("folder", "tag", "flag", "read", "priority")
# What checks have found before the rules are asked, for each mailbox
_TESTIFIED_TEXTS = ("spam",)
NUMBER_FIELDS = ("size", "attachment_size", "attachment_count", "spam_score", "age")
TIME_FIELDS = ("date", "received", "time")
FIELDS = (
    *ADDRESS_FIELDS,
    *_HEADER_TEXTS,
    *_BODY_TEXTS,
    *_STANDING_TEXTS,
    *_TESTIFIED_TEXTS,
    "auth",
    *NUMBER_FIELDS,
    *TIME_FIELDS,
)
BODY_FIELDS = frozenset({*_BODY_TEXTS, "attachment_size", "attachment_count"})
"""The fields for which the content must be read."""
STANDING_FIELDS = frozenset(_STANDING_TEXTS)
"""The fields that actions of earlier rules may change; what they say is never kept."""
_FOREIGN = re.compile(r"python:([A-Za-z0-9_-]{1,40}\.[A-Za-z0-9_-]{1,60})")
_CHECK = re.compile(r"check:([A-Za-z0-9_-]{1,40}(?:\.[A-Za-z0-9_-]{1,60})?)")
CHECKS = ("senders", "bayes")
"""The checks of this program; those of extensions have a dot in their names."""
SPAM_FIELDS = frozenset({*_TESTIFIED_TEXTS, "spam_score"})
"""The fields that checks fill together; `check:NAME` is what one of them says."""
_HEADER = re.compile(r"header:([!-9;-~]{1,100})", re.IGNORECASE)


@lru_cache(maxsize=4096)  # the fields that rules name, again for each message
def header_name(field: str) -> str | None:
    """Return the name, lower-case, if `field` is `header:Name`; else None."""
    found = _HEADER.fullmatch(field)
    return found[1].lower() if found else None


@lru_cache(maxsize=4096)
def foreign_name(field: str) -> str | None:
    """Return the name of what an extension says, if `field` is `python:EXTENSION.NAME`."""
    found = _FOREIGN.fullmatch(field)
    return found[1] if found else None


@lru_cache(maxsize=4096)
def check_name(field: str) -> str | None:
    """Return the name of a check, if `field` is `check:NAME` or `check:EXTENSION.NAME`."""
    found = _CHECK.fullmatch(field)
    return found[1] if found else None


def is_number(field: str) -> bool:
    """Tell whether a field is one of numbers."""
    return field in NUMBER_FIELDS or check_name(field) is not None


@lru_cache(maxsize=4096)
def address_part(field: str) -> tuple[str, str]:
    """Split `from.domain` into field and part; the part is empty if the whole is meant.

    What is no field of addresses comes back as it is, without a part.
    """
    base, dot, part = field.partition(".")
    return (base, part) if dot and base in ADDRESS_FIELDS else (field, "")


def sources(field: str) -> tuple[bytes, ...]:
    """Return the header fields without which a field is empty; none if it has other sources."""
    base = address_part(field)[0]
    names: tuple[str, ...] = ()
    if base in ADDRESS_FIELDS:
        names = () if base == "recipient" else ADDRESS_FIELDS[base]
    elif field in _SOURCES:
        names = (_SOURCES[field],)
    else:
        name = header_name(field)
        names = () if name is None else (name,)
    return tuple(name.encode("ascii") for name in names)


def reads_body(condition: Condition) -> bool:
    """Tell whether a test within the condition needs the content of the message."""
    return _asks(condition, BODY_FIELDS.__contains__) or _asks(condition, _is_foreign)


def reads_spam(condition: Condition) -> bool:
    """Tell whether a test within the condition needs what checks have found."""
    return _asks(condition, _is_testified)


def _is_testified(field: str) -> bool:
    return field in SPAM_FIELDS or check_name(field) is not None


def _is_foreign(field: str) -> bool:
    return foreign_name(field) is not None


def _asks(condition: Condition, is_one: Callable[[str], bool]) -> bool:
    if isinstance(condition, Test):
        return is_one(condition.field)
    if isinstance(condition, Not):
        return _asks(condition.part, is_one)
    return any(_asks(part, is_one) for part in condition.parts)
