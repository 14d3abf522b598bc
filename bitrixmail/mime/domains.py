"""Domain names as the wire writes them: lower-case A-labels (RFC 5890, RFC 5321 §2.3.5)."""

from __future__ import annotations

import re

import idna

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")


def to_ascii(domain: str) -> str:
    """Return a domain name as lower-case A-labels, without the dot at its end.

    Raises ValueError with a sentence for people if it is not a domain name.
    """
    name = domain.removesuffix(".")
    if not name.isascii():
        try:
            name = idna.encode(name, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError) as error:
            raise ValueError(f"not a domain name: {error}") from None
    name = name.lower()
    if not 0 < len(name) <= 253 or not all(map(_LABEL.fullmatch, name.split("."))):
        raise ValueError("not a domain name")
    return name


def to_unicode(domain: str) -> str:
    """Return a domain name for people: A-labels turned back into letters where that works."""
    try:
        return idna.decode(domain)
    except (idna.IDNAError, UnicodeError):
        return domain
