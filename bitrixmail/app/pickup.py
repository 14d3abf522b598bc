"""The pickup door, married with the gate: where its directory is and what holds for its mail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bitrixmail.app.reception import Reception
from bitrixmail.app.settings import Settings
from bitrixmail.pickup.bringing import PickupRules
from bitrixmail.pickup.door import PickupDoor
from bitrixmail.pickup.folder import PickupFolder
from bitrixmail.pickup.letter import Terms
from bitrixmail.pickup.watch import watch_by

PICKUP = "pickup"


def pickup_folder(data_dir: Path) -> Path:
    """Return where programs of this machine put their mail."""
    return data_dir / PICKUP


def pickup_of(settings: Settings, reception: Reception, reactor: Any) -> PickupDoor:
    """Make the door; nothing is read or made yet."""
    directory = reception.stores.directory

    async def is_own(domain: str) -> bool:
        return await directory.domain(domain) is not None

    hostname = settings.server.hostname
    limits = settings.smtp.limits()
    return PickupDoor(
        folder=PickupFolder(pickup_folder(settings.data_dir)),
        gate=reception.gate,
        is_own=is_own,
        threads=reception.threads,
        maillog=reception.maillog,
        clock=reactor,
        rules=PickupRules(
            terms=Terms(hostname, hostname, limits.max_size_octets),
            recipients=min(limits.max_recipients or 500, 500),
        ),
        watch=watch_by(reactor),
    )
