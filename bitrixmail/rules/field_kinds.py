"""Where the texts of a field come from, by its name."""

from __future__ import annotations

from enum import Enum
from functools import lru_cache

from bitrixmail.rules.fields import (
    ADDRESS_FIELDS,
    SPAM_FIELDS,
    STANDING_FIELDS,
    address_part,
    check_name,
    foreign_name,
    header_name,
)

_OF_MAILBOX = frozenset({"recipient", "envelope_recipient"})


class FieldKind(Enum):
    """Where the texts of a field come from."""

    HEADER = "a header field"
    ADDRESSES = "addresses"
    OF_MAILBOX = "addresses, which differ between the mailboxes of one message"
    STANDING = "how the message stands now"
    FOREIGN = "what an extension says"
    TESTIFIED = "what checks found, for each mailbox"
    OTHER = "whatever else"


@lru_cache(maxsize=4096)  # the fields that rules name, again for each message
def kind_of(field: str) -> tuple[FieldKind, str, str]:
    """Tell of which kind a field is; then its name among those of that kind, and its part."""
    if field in STANDING_FIELDS:
        return FieldKind.STANDING, field, ""
    if field in SPAM_FIELDS or check_name(field) is not None:
        return FieldKind.TESTIFIED, field, ""
    base, part = address_part(field)
    if base in ADDRESS_FIELDS:
        return FieldKind.OF_MAILBOX if base in _OF_MAILBOX else FieldKind.ADDRESSES, base, part
    foreign = foreign_name(field)
    if foreign is not None:
        return FieldKind.FOREIGN, foreign, ""
    name = field if field == "subject" else header_name(field)
    return (FieldKind.OTHER, field, "") if name is None else (FieldKind.HEADER, name, "")
