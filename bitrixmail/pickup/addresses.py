"""Addresses as programs give them: in arguments and in To, Cc, Bcc. Pure; raises AddressError."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address

from bitrixmail.mime.addresses import MAX_ADDRESSES, parse_addresses
from bitrixmail.mime.domains import to_ascii
from bitrixmail.model.address import Address
from bitrixmail.model.text import printable

# RFC 5321 §4.5.3.1.1, §4.5.3.1.3: a path has at most 256 octets, two of them its brackets.
_MAX_LOCAL_OCTETS, _MAX_OCTETS = 64, 254
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u00a1-\U0010ffff]+"
_SPEC = re.compile(
    rf"""(?: (?P<dots>{_ATOM}(?:\.{_ATOM})*)
           | "(?P<quoted>(?:[ !\#-\[\]-~\u00a1-\U0010ffff]|\\[ -~])*)" )
         (?: @(?P<domain>\[[!-Z^-~]+\]|[^\s\[\]<>()",;:@\\]+) )?""",
    re.VERBOSE,
)
_QUOTED_PAIR = re.compile(r"\\(.)")


class AddressError(ValueError):
    """What was given is no address; `given` is what, made fit for a log."""

    def __init__(self, given: str) -> None:
        self.given = printable(given, 120)
        super().__init__(f'"{self.given}" is no address')


def addresses_in(
    value: bytes, origin: str, limit: int = MAX_ADDRESSES
) -> Iterator[Address | AddressError]:
    """Read the addresses of an unfolded value, those of groups too; `origin`: see `address_of`.

    One that is none is handed out as an error, so that it costs the others nothing; so are several
    without a comma between them, as of a program that has lost a line end: who was meant?
    """
    for name, spec in parse_addresses(value, _decode, limit, strict=True):
        try:
            # A name alone is a user of this machine: "root"
            yield address_of(spec or name, origin)
        except AddressError as error:
            yield error


def address_of(text: str, origin: str) -> Address:
    """Read one addr-spec (RFC 5321 §4.1.2); one without a domain gets `origin`."""
    match = _SPEC.fullmatch(text)
    if match is None or not len(text.encode("utf-8", "replace")) <= _MAX_OCTETS:
        raise AddressError(text)
    local_part, quoted, domain = match.group("dots", "quoted", "domain")
    if local_part is None:
        local_part = _QUOTED_PAIR.sub(r"\1", quoted)
    if len(local_part.encode()) > _MAX_LOCAL_OCTETS or printable(local_part) != local_part:
        raise AddressError(text)
    try:
        return Address(local_part, _domain(domain) if domain else origin)
    except ValueError:
        raise AddressError(text) from None


def sender_of(given: bytes, origin: str) -> Address | None:
    """Read what was given as the sender; nothing and `<>` are the null sender."""
    text = given.strip()
    if text in (b"", b"<>"):
        return None
    found = [*addresses_in(text, origin, 2)]
    if len(found) != 1 or isinstance(found[0], AddressError):
        raise AddressError(_decode(text))
    return found[0]


def _domain(text: str) -> str:
    """Return a domain as A-labels, or an address literal in canonical form; raises ValueError."""
    if not text.startswith("["):
        return to_ascii(text)
    inside = text[1:-1]
    if inside.lower().startswith("ipv6:"):
        return f"[IPv6:{IPv6Address(inside[5:].partition('%')[0])}]"
    return f"[{IPv4Address(inside)}]"


def _decode(octets: bytes) -> str:
    """Decode an address: UTF-8 (RFC 6531 §3.3); encoded words mean nothing in one (RFC 2047 §5)."""
    return octets.decode("utf-8", "replace")
