"""Header fields of a request as text, whatever octets they hold."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

from twisted.web.server import Request

_MOST = 1000
_NONE = SplitResult("", "", "", "", "")


def field(request: Request, name: str) -> str:
    """Return the last field of a name, at most 1,000 letters of it; empty: there is none."""
    values: Sequence[bytes] = request.requestHeaders.getRawHeaders(name.encode(), [b""])
    return values[-1].decode("utf-8", "replace")[:_MOST]


def address(text: str) -> SplitResult:
    """Take an address apart; what is none has no parts."""
    try:
        return urlsplit(text)
    except ValueError:  # brackets that are no IPv6 address
        return _NONE
