"""The keys that sign the mail of a domain, and which of them do so at a moment (RFC 6376).

A key is published first and signs later; the one before it signs until then, and its record stays
for a while, since what it signed is still under way. All by times: nothing has to run for it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

# When a key begins to sign though nobody has seen its record.
UNSEEN = timedelta(days=7)
# How long the record of a key stands that no longer signs: longer than mail waits in any queue.
KEPT = timedelta(days=30)


class Algorithm(StrEnum):
    """The kind of a key, as the tag k= of its record names it (RFC 6376 §3.6.1, RFC 8463 §4)."""

    RSA = "rsa"
    ED25519 = "ed25519"


class KeyState(StrEnum):
    """Where a key stands."""

    NEW = "new"  # to be published; signs later
    SIGNING = "signing"
    RETIRED = "retired"  # its record still stands
    GONE = "gone"  # its record may be removed


@dataclass(frozen=True, slots=True)
class DKIMKey:
    """One key. `private_key` is PEM and not shown; `public_key` base64, as its record has it.

    Signs from `active_from` to `active_until`, where they are given; never without the first.
    """

    domain: str
    selector: str
    algorithm: Algorithm
    public_key: str
    created: datetime
    active_from: datetime | None = None
    active_until: datetime | None = None
    private_key: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        """The name of its record, without a dot at its end (RFC 6376 §3.6.2.1)."""
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def record(self) -> str:
        """The text of its record."""
        return f"v=DKIM1; k={self.algorithm}; p={self.public_key}"

    def state(self, at: datetime) -> KeyState:
        """Tell where it stands at a moment."""
        if self.active_until is not None and self.active_until <= at:
            return KeyState.RETIRED if at < self.active_until + KEPT else KeyState.GONE
        if self.active_from is not None and self.active_from <= at:
            return KeyState.SIGNING
        return KeyState.NEW


def signing_keys(keys: Iterable[DKIMKey], at: datetime) -> tuple[DKIMKey, ...]:
    """Return the keys that sign at a moment.

    While nobody has seen the record of a new key, the one before it signs beside it: a receiver
    needs one signature that holds (RFC 6376 §4.2).
    """
    return tuple(key for key in keys if key.state(at) is KeyState.SIGNING)


def after_seen(
    keys: Iterable[DKIMKey], published: Collection[str], at: datetime
) -> tuple[DKIMKey, ...]:
    """Return the keys that change once the records of the selectors `published` were seen.

    Of each algorithm the newest of them signs from now on, and those older than it no longer.
    """
    changed: dict[str, DKIMKey] = {}
    alive = [key for key in keys if key.state(at) in (KeyState.NEW, KeyState.SIGNING)]
    for algorithm in Algorithm:
        ours = [key for key in alive if key.algorithm is algorithm]
        seen = [key for key in ours if key.selector in published]
        if not seen:
            continue
        newest = max(seen, key=lambda key: key.created)
        if newest.state(at) is KeyState.NEW:
            changed[newest.selector] = replace(newest, active_from=at)
        for key in ours:
            if key.created < newest.created:
                changed[key.selector] = replace(key, active_until=at)
    return tuple(changed.values())
