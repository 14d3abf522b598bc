"""Reply addresses of tickets, signed: an answer that comes to one belongs to its ticket.

`support+t1042.0123456789abcdef@example.org` is an address of the mailbox `support` with a detail
(RFC 5233) that holds the number and a MAC over desk, number and ticket. Pure. Letters' case does
not matter, since hosts on the way may change it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence

from bitrixmail.model.address import Address
from bitrixmail.model.ticket import Ticket, Token

MIN_KEY_OCTETS = 16
_MAC_OCTETS = 10
_DETAIL = re.compile(r"t([0-9]{1,9})\.([a-z2-7]{16})", re.ASCII)
# RFC 5321 §4.5.3.1.1
_MAX_LOCAL_PART_OCTETS = 64


class ReplyAddresses:
    """Makes and checks them. Made by compose, lives as long as the server.

    The first of `keys` signs; those behind it, former ones, are still believed.
    """

    __slots__ = ("_keys",)

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys or any(len(key) < MIN_KEY_OCTETS for key in keys):
            raise ValueError(f"reply addresses are signed by keys of {MIN_KEY_OCTETS} octets")
        self._keys = tuple(keys)

    def make(self, ticket: Ticket) -> str:
        """Return the reply address of a ticket; empty if its desk's name is too long for one."""
        desk = Address.of(ticket.desk)
        local_part = f"{desk.local_part}+t{ticket.number}.{_mac(self._keys[0], ticket)}"
        # Of a name with a plus sign nobody could tell where the detail begins
        if "+" in desk.local_part or len(local_part.encode()) > _MAX_LOCAL_PART_OCTETS:
            return ""
        return str(Address(local_part, desk.domain))

    def fits(self, token: Token, ticket: Ticket) -> bool:
        """Tell whether this server made a token for this ticket."""
        # All keys are tried, so that the time tells nothing of which one fits
        known = [hmac.compare_digest(token.proof, _mac(key, ticket)) for key in self._keys]
        return token.number == ticket.number and any(known)


def token_of(detail: str) -> Token | None:
    """Read what stands behind the plus sign of an address; None if that is no token."""
    found = _DETAIL.fullmatch(detail.lower())
    return Token(int(found[1]), found[2]) if found else None


def _mac(key: bytes, ticket: Ticket) -> str:
    """Sign: HMAC-SHA256 cut to 80 bits, as 16 letters and digits."""
    octets = f"ticket\0{ticket.desk}\0{ticket.number}\0{ticket.id}".encode()
    digest = hmac.new(key, octets, hashlib.sha256).digest()[:_MAC_OCTETS]
    return base64.b32encode(digest).decode("ascii").lower()
