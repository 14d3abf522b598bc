"""The pickup door, married with the gate: where its directory is and what holds for its mail."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from bitrixmail.app.receiving.reception import Reception
from bitrixmail.app.settings.tree import Settings
from bitrixmail.mime.domains import to_ascii
from bitrixmail.model.address import Address
from bitrixmail.pickup.bringing import PickupRules
from bitrixmail.pickup.door import PickupDoor
from bitrixmail.pickup.folder import PickupFolder
from bitrixmail.pickup.letter import Terms
from bitrixmail.pickup.rights import ANY
from bitrixmail.pickup.watch import watch_by
from bitrixmail.pipeline.allowances import Allowances, Spent

PICKUP = "pickup"
_MOST_RECIPIENTS = 500
_log = Logger()


def pickup_folder(settings: Settings) -> Path:
    """Return where programs of this machine put their mail."""
    return Path(settings.pickup.directory or settings.data_dir / PICKUP)


def pickup_of(
    settings: Settings, reception: Reception, reactor: Any, allowance: UserAllowance
) -> PickupDoor:
    """Make the door; nothing is read or made yet."""
    directory = reception.stores.directory

    async def is_own(domain: str) -> bool:
        return await directory.domain(domain) is not None

    return PickupDoor(
        folder=PickupFolder(pickup_folder(settings)),
        gate=reception.gate,
        is_own=is_own,
        threads=reception.threads,
        maillog=reception.maillog,
        clock=reactor,
        rules=rules_of(settings),
        watch=watch_by(reactor),
        allowance=allowance,
    )


class UserAllowance:
    """See Allowance. Made with the door, lives as long."""

    def __init__(self, settings: Settings, clock: IReactorTime) -> None:
        self._messages = Allowances(clock, "messages")
        self._recipients = Allowances(clock, "recipients")
        self.take(settings)

    def take(self, settings: Settings) -> None:
        """Obey these from now on; what was counted stays so."""
        pickup = settings.pickup
        self._counted = (
            (
                self._messages,
                (pickup.messages_per_minute, pickup.messages_per_hour, pickup.messages_per_day),
            ),
            (
                self._recipients,
                (
                    pickup.recipients_per_minute,
                    pickup.recipients_per_hour,
                    pickup.recipients_per_day,
                ),
            ),
        )

    def spent(self, user: str) -> Spent | None:
        """See Allowance."""
        found = [
            spent
            for counted, most in self._counted
            if (spent := counted.spent(user, most)) is not None
        ]
        return max(found, key=lambda spent: spent.until, default=None)

    def count(self, user: str, recipients: int) -> None:
        """See Allowance."""
        for (counted, most), number in zip(self._counted, (1, recipients), strict=True):
            counted.count(user, most, number)


def rules_of(settings: Settings) -> PickupRules:
    """Return what holds for mail of this machine's programs."""
    hostname, pickup = settings.server.hostname, settings.pickup
    limits = settings.smtp.limits()
    senders = {
        uid: frozenset(map(_grant, granted))
        for user, granted in pickup.senders.items()
        for uid in _uids([user])
    }
    return PickupRules(
        terms=Terms(hostname, pickup.origin or hostname, limits.max_size_octets),
        grants=senders,
        trusted_uids=frozenset({0, os.geteuid(), *_uids(pickup.trusted_users)}),
        recipients=min(limits.max_recipients or _MOST_RECIPIENTS, _MOST_RECIPIENTS),
        lifetime_s=settings.outbound.lifetime,
    )


def _uids(users: Iterable[str]) -> Iterable[int]:
    """Yield the numbers of users that there are; of others nothing can be left here."""
    for user in users:
        try:
            yield int(user) if user.isdecimal() else pwd.getpwnam(user).pw_uid
        except KeyError:
            _log.warn("[pickup] names {user}, a user that this machine does not have", user=user)


def _grant(granted: str) -> str:
    """Return an address, or a domain with its at sign, as it is compared."""
    local_part, at, domain = granted.rpartition("@")
    if granted == ANY or not at:
        return granted
    try:
        domain = to_ascii(domain)
    except ValueError:
        return granted
    return Address(local_part, domain).key if local_part else f"@{domain}"
