"""What a message says of the ticket it belongs to, and of who wrote it. Pure, never raises."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from bitrixmail.mime.addresses import parse_addresses
from bitrixmail.mime.domains import to_ascii
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.mime.ticket_addresses import token_of
from bitrixmail.model.address import Address
from bitrixmail.model.ticket import Token

_MESSAGE_ID = re.compile(rb"<[!-;=?-~\x80-\xff]{1,500}>")
_MOST_REFERENCES = 100
_MOST_ADDRESSES = 100


class Author(NamedTuple):
    """Who says to have written a message, as `Address.key`; empty if that is no address.

    `sole`: he is the only one that any From field names.
    """

    address: str
    sole: bool


def author_of(headers: HeaderSection, field: str = "from") -> Author:
    """Return the first address of a field, From or Reply-To; if it has none, that of From."""
    fields = headers.all(field)
    found = [
        each.address
        for value in fields
        for each in parse_addresses(value, headers.decode, _MOST_ADDRESSES, strict=True)
    ]
    if not found and field != "from":
        return author_of(headers)
    key = key_of(found[0]) if found else ""
    return Author(key, sole=len(found) == 1 == len(fields) and bool(key))


def key_of(written: str) -> str:
    """Return the `Address.key` of an address as it stands in a field; empty if it is none."""
    address = Address.of(written.strip())
    try:
        return Address(address.local_part, to_ascii(address.domain)).key
    except ValueError:
        return ""


def message_id_of(headers: HeaderSection) -> str:
    """Return the Message-ID with its brackets; empty if it has none, or several."""
    found = [each for value in headers.all("message-id") for each in _ids(value)]
    return found[0] if len(found) == 1 else ""


def references_of(headers: HeaderSection) -> tuple[str, ...]:
    """Return the Message-IDs that a message answers, the nearest first (RFC 5322 §3.6.4)."""
    parents = [each for value in headers.all("in-reply-to") for each in _ids(value)]
    above = [each for value in headers.all("references") for each in _ids(value)]
    found = dict.fromkeys((*parents, *reversed(above[-_MOST_REFERENCES:])))
    return tuple(found)[:_MOST_REFERENCES]


def tokens_of(headers: HeaderSection) -> tuple[Token, ...]:
    """Return the tokens of the reply addresses to which a message says it goes, each once."""
    return tuple(dict.fromkeys(_tokens(headers)))


def _tokens(headers: HeaderSection) -> Iterator[Token]:
    for name in ("to", "cc"):
        for value in headers.all(name):
            if b"+" not in value:
                continue
            for each in parse_addresses(value, headers.decode, _MOST_ADDRESSES):
                token = token_of(Address.of(each.address).detail)
                if token is not None:
                    yield token


def _ids(value: bytes) -> list[str]:
    return [found.decode("utf-8", "replace") for found in _MESSAGE_ID.findall(value)]
