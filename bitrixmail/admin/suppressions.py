"""Addresses that nothing is sent to: listed, added and lifted by hand."""

from __future__ import annotations

from datetime import timedelta

from twisted.internet.interfaces import IReactorTime

from bitrixmail.admin.typed import address_key
from bitrixmail.interfaces.suppressions import ISuppressions
from bitrixmail.model.errors import Fault, NotFoundError
from bitrixmail.model.suppression import Suppressed
from bitrixmail.tasks import utcnow

BY_HAND = "by hand"
_PAGE = 1000


class Suppressions:
    """See the module. Made by compose for the command line and the web."""

    def __init__(self, suppressions: ISuppressions, clock: IReactorTime) -> None:
        self._suppressions = suppressions
        self._clock = clock

    async def listing(self) -> tuple[Suppressed, ...]:
        """List the entries that hold now, by address."""
        now = utcnow(self._clock)
        found: list[Suppressed] = []
        after = ""
        while page := await self._suppressions.listing(_PAGE, after):
            after = page[-1].address
            found += [entry for entry in page if entry.until is None or entry.until > now]
        return tuple(found)

    async def page(self, after: str, limit: int) -> tuple[Suppressed, ...]:
        """List the next entries that hold now, behind an address; fewer than `limit` at the end."""
        now = utcnow(self._clock)
        found: list[Suppressed] = []
        while len(found) < limit:
            page = await self._suppressions.listing(limit, after)
            found += [entry for entry in page if entry.until is None or entry.until > now]
            if len(page) < limit:
                break
            after = page[-1].address
        return tuple(found[:limit])

    async def find(self, address: str) -> Suppressed | None:
        """Return the entry of an address that holds now. Raises InputError."""
        return await self._suppressions.find(address_key(address), utcnow(self._clock))

    async def add(self, address: str, note: str, lasting: timedelta | None) -> Suppressed:
        """Have nothing sent to an address, for good if `lasting` is None. Raises InputError."""
        key = address_key(address)
        now = utcnow(self._clock)
        until = None if lasting is None else now + lasting
        entry = Suppressed(key, BY_HAND, now, until, note)
        await self._suppressions.add(entry)
        return entry

    async def remove(self, address: str) -> None:
        """Let mail go to an address again. Raises InputError, NotFoundError."""
        key = address_key(address)
        if not await self._suppressions.remove(key):
            raise NotFoundError(Fault(address, "is not suppressed: mail is sent to it"))
