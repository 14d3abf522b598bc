"""Senders of mail that is passed on: addresses of ours that lead a bounce back to the first sender.

The Sender Rewriting Scheme (M. Wong's draft of 2003, draft-mengwong-sender-rewrite). Mail of
`ann@shop.example` leaves as `SRS0=hash=day=shop.example=ann@example.org`, and what another host
has rewritten already as `SRS1=hash=its.host=…`, which names that host and not everybody on the way.
Pure. Letters' case does not count in hash and day, for hosts on the way may change it.
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
# RFC 5321 §4.5.3.1.1
MAX_LOCAL_OCTETS = 64
_MAC_OCTETS = 5
_DAYS = 1024
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Clocks of two hosts of ours may differ, and days begin at midnight
_AHEAD_DAYS = 1
_FIRST = re.compile(r"srs0=([a-z2-7]{8})=([a-z2-7]{2})=([^=\s]+)=(.+)", re.IGNORECASE | re.DOTALL)
_SECOND = re.compile(r"srs1=([a-z2-7]{8})=([^=\s]+)=(.+)", re.IGNORECASE | re.DOTALL)
# Those of other hosts: their hashes are as long as they like
_OTHERS_FIRST = re.compile(r"srs0([=+-].+=.+=.+=.+)", re.IGNORECASE | re.DOTALL)
_OTHERS_SECOND = re.compile(
    r"srs1[=+-][^=]+=([^=\s]+)=([=+-].+=.+=.+=.+)", re.IGNORECASE | re.DOTALL
)


def is_rewritten(local_part: str) -> bool:
    """Tell whether a local-part looks like one of these, whoever made it."""
    return local_part[:4].lower() in ("srs0", "srs1") and local_part[4:5] in ("=", "+", "-")


class SRS:
    """Makes and reads such senders. Made when first needed, lives as long as the process.

    The first of `keys` signs; those behind it, former ones, are still believed. A bounce is
    expected within `lifetime`, which is below the 1024 days that can be told apart.
    """

    __slots__ = ("_keys", "_lifetime")

    def __init__(self, keys: Sequence[bytes], lifetime: timedelta = timedelta(days=30)) -> None:
        if not keys or any(len(key) < MIN_KEY_OCTETS for key in keys):
            raise ValueError(f"senders are signed by keys of {MIN_KEY_OCTETS} octets or more")
        self._keys = tuple(keys)
        self._lifetime = lifetime

    def rewritten(self, sender: Address, domain: str, at: datetime) -> Address | None:
        """Return the sender under `domain`, one of ours; None if it would be too long."""
        local = self._local(sender, at)
        if len(local.encode("utf-8", "replace")) > MAX_LOCAL_OCTETS:
            return None
        return Address(local, domain)

    def _local(self, sender: Address, at: datetime) -> str:
        # Of a chain only the first host and the last are named (section 2.5 of the draft)
        found = _OTHERS_SECOND.fullmatch(sender.local_part)
        if found is not None:
            return self._second(found[1], found[2])
        found = _OTHERS_FIRST.fullmatch(sender.local_part)
        if found is not None:
            return self._second(sender.domain, found[1])
        day = _written((at - _EPOCH).days)
        mac = _mac(self._keys[0], "srs0", day, sender.domain, sender.local_part)
        return f"SRS0={mac}={day}={sender.domain}={sender.local_part}"

    def _second(self, host: str, rest: str) -> str:
        return f"SRS1={_mac(self._keys[0], 'srs1', host, rest)}={host}={rest}"

    def original(self, address: Address, at: datetime) -> Address | None:
        """Return for whom a sender of ours was made; None if it is forged or too old.

        Of one that another host has rewritten before: the address it had there.
        """
        found = _FIRST.fullmatch(address.local_part)
        if found is not None:
            mac, day, domain, local = found.groups()
            known = self._known(mac, "srs0", day, domain, local)
            return Address(local, domain.lower()) if known and self._fresh(day, at) else None
        found = _SECOND.fullmatch(address.local_part)
        if found is not None and self._known(found[1], "srs1", found[2], found[3]):
            return Address(f"SRS0{found[3]}", found[2].lower())
        return None

    def _known(self, given: str, *stated: str) -> bool:
        # All keys are tried, so that the time tells nothing of which one fits
        known = [hmac.compare_digest(given.lower(), _mac(key, *stated)) for key in self._keys]
        return any(known)

    def _fresh(self, day: str, at: datetime) -> bool:
        age = ((at - _EPOCH).days - _read(day)) % _DAYS
        return age <= self._lifetime.days + 1 or age >= _DAYS - _AHEAD_DAYS


def _written(days: int) -> str:
    """Write the day of a moment with two letters, which come again after 1024 days."""
    high, low = divmod(days % _DAYS, len(_LETTERS))
    return _LETTERS[high] + _LETTERS[low]


def _read(day: str) -> int:
    high, low = map(_LETTERS.index, day.lower())
    return high * len(_LETTERS) + low


def _mac(key: bytes, *stated: str) -> str:
    """Sign: HMAC-SHA256 cut to 40 bits, as 8 letters and digits."""
    octets = "\0".join(("forwarded", *stated)).lower().encode("utf-8", "replace")
    digest = hmac.new(key, octets, hashlib.sha256).digest()[:_MAC_OCTETS]
    return base64.b32encode(digest).decode("ascii").lower()
