"""Return paths that name the message, signed: to what did that bounce come, and is it one of ours.

Variable envelope return paths: `b+fw8-a1b2c3-0123456789abcdef@example.org` holds the day, the name
of a job or message, and a MAC over both and the domain. Pure. Letters' case does not matter, since
hosts on the way may change it; the local-part keeps below 64 octets (RFC 5321 §4.5.3.1.1).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from bitrixmail.model.address import Address

MIN_KEY_OCTETS = 16
_MAC_OCTETS = 10
_MAX_NAME = 24
PREFIX = "b+"
_NAME = re.compile(r"[0-9a-z]{1,24}")
_SHAPE = re.compile(r"[0-9a-z]{1,4}-[0-9a-z]{1,24}-[a-z2-7]{16}")
_PREFIX = re.compile(r"[a-z0-9._+-]{1,12}")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Clocks of two hosts of ours may differ, and days begin at midnight
_AHEAD_DAYS = 1


class ReturnPaths:
    """Makes and reads return paths. Made by compose, lives as long as the server.

    The first of `keys` signs; those behind it, former ones, are still believed. A bounce is
    expected within `lifetime`: as long as the other side may keep on trying.
    """

    __slots__ = ("_keys", "_lifetime", "_prefix")

    def __init__(
        self,
        keys: Sequence[bytes],
        *,
        prefix: str = PREFIX,
        lifetime: timedelta = timedelta(days=30),
    ) -> None:
        if not keys or any(len(key) < MIN_KEY_OCTETS for key in keys):
            raise ValueError(f"return paths are signed by keys of {MIN_KEY_OCTETS} octets or more")
        if not _PREFIX.fullmatch(prefix):
            raise ValueError("a return path begins with up to 12 small letters, digits and . _ + -")
        self._keys = tuple(keys)
        self._prefix = prefix
        self._lifetime = lifetime

    def make(self, name: str, domain: str, at: datetime) -> Address:
        """Return the sender under which something goes out; `name` is a job's or a queue id.

        Raises ValueError for a name of other than 1 to 24 letters and digits.
        """
        name = name.lower()
        if not _NAME.fullmatch(name):
            raise ValueError(f"a return path names letters and digits, {_MAX_NAME} at most")
        domain = domain.lower()
        stated = f"{_number((at - _EPOCH).days)}-{name}"
        mac = _mac(self._keys[0], self._prefix, stated, domain)
        return Address(f"{self._prefix}{stated}-{mac}", domain)

    def read(self, address: Address, at: datetime) -> str | None:
        """Return the name in a return path, in small letters; None if it is none of ours.

        None too if it is older than its lifetime, or of a day to come.
        """
        if not is_shaped(address.local_part, self._prefix):
            return None
        local, domain = address.local_part.lower(), address.domain.lower()
        day, name, given = local.removeprefix(self._prefix).split("-")
        # All keys are tried, so that the time tells nothing of which one fits
        known = [
            hmac.compare_digest(given, _mac(key, self._prefix, f"{day}-{name}", domain))
            for key in self._keys
        ]
        age = (at - _EPOCH).days - int(day, 36)
        fresh = -_AHEAD_DAYS <= age <= self._lifetime.days + 1
        return name if any(known) and fresh else None


def is_shaped(local_part: str, prefix: str = PREFIX) -> bool:
    """Tell whether a local-part looks like a return path, whoever made it."""
    local = local_part.lower()
    return local.startswith(prefix) and bool(_SHAPE.fullmatch(local, len(prefix)))


def _number(value: int) -> str:
    digits = ""
    while value:
        value, rest = divmod(value, 36)
        digits = _DIGITS[rest] + digits
    return digits or "0"


def _mac(key: bytes, prefix: str, stated: str, domain: str) -> str:
    """Sign: HMAC-SHA256 cut to 80 bits, as 16 letters and digits."""
    octets = f"return path\0{prefix}\0{stated}\0{domain}".encode()
    digest = hmac.new(key, octets, hashlib.sha256).digest()[:_MAC_OCTETS]
    return base64.b32encode(digest).decode("ascii").lower()
