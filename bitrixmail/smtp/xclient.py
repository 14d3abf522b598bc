"""XCLIENT: what a trusted proxy says of the client for whom it speaks.

Pure. Raises PermanentError with the reply to give. The extension is Postfix's own, described in
its `XCLIENT_README`; values are xtext (RFC 3461 §4).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address

from bitrixmail.model.client import Client
from bitrixmail.model.errors import PermanentError
from bitrixmail.smtp.parameters import xtext
from bitrixmail.smtp.replies import XCLIENT_SYNTAX

_ATTRIBUTE = re.compile(r"([A-Za-z]+)=([!-~]{1,255})")
_PORT = re.compile(r"[0-9]{1,5}")
_UNAVAILABLE, _FAILED = "[UNAVAILABLE]", "[TEMPUNAVAIL]"
_IPV6 = "IPV6:"


@dataclass(frozen=True, slots=True)
class Claims:
    """What was said of a client so far; None: nothing, or that it is not known."""

    address: str | None = None
    port: int | None = None
    helo: str | None = None
    esmtp: bool | None = None

    def of(self, proxy: Client, now: Client) -> Client:
        """Return the client of a session that begins anew: nobody said hello, unless claimed.

        What isn't known of it is the proxy's own: an unknown client has no right more than that.
        """
        known = self.address is not None
        return replace(
            now,
            address=self.address if self.address is not None else proxy.address,
            port=(self.port or 0) if known else proxy.port,
            helo=self.helo or "",
            esmtp=bool(self.helo and self.esmtp),
        )


def joined(claims: Claims, argument: bytes) -> Claims:
    """Add the attributes of one command, of which there may be several (a line has 512 octets).

    NAME, LOGIN, DESTADDR and DESTPORT are read and make no difference: nothing here asks for a
    client's host name, and nobody logs in here.
    """
    try:
        words = argument.decode("ascii").split()
        found = [match.groups() for match in map(_ATTRIBUTE.fullmatch, words) if match]
        changes: dict[str, object] = {}
        seen = [name.upper() for name, _ in found]
        if not words or len(found) < len(words) or len(set(seen)) < len(seen):
            raise PermanentError(XCLIENT_SYNTAX)
        for name, (_, encoded) in zip(seen, found, strict=True):
            field, read = _ATTRIBUTES[name]
            value = xtext(encoded)
            missing = value.upper() == _UNAVAILABLE
            taken = None if missing else read(value)
            if field:
                changes[field] = taken
    except (ValueError, KeyError):
        raise PermanentError(XCLIENT_SYNTAX) from None
    return replace(claims, **changes)  # type: ignore[arg-type] # each reader gives its field's type


def _name(value: str) -> str | None:
    return None if value.upper() == _FAILED else value


def _address(value: str) -> str:
    if value[: len(_IPV6)].upper() != _IPV6:
        return str(IPv4Address(value))
    found = IPv6Address(value[len(_IPV6) :])
    if found.scope_id is not None:
        raise ValueError(value)
    return str(found.ipv4_mapped or found)


def _port(value: str) -> int:
    if not _PORT.fullmatch(value) or int(value) > 65535:
        raise ValueError(value)
    return int(value)


def _protocol(value: str) -> bool:
    return {"SMTP": False, "ESMTP": True}[value.upper()]


# Attribute -> the field of Claims that it sets, if any, and what reads its value
_ATTRIBUTES: dict[str, tuple[str, Callable[[str], object]]] = {
    "NAME": ("", _name),
    "ADDR": ("address", _address),
    "PORT": ("port", _port),
    "PROTO": ("esmtp", _protocol),
    "HELO": ("helo", str),
    "LOGIN": ("", str),
    "DESTADDR": ("", _address),
    "DESTPORT": ("", _port),
}
ANNOUNCED = " ".join(("XCLIENT", *_ATTRIBUTES))
