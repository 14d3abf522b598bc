"""The keys that sign the mail of our domains: made, listed, and changed without a gap.

What a person typed is taken; raises InputError, NotFoundError.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from twisted.internet.interfaces import IReactorTime

from bitrixmail.admin import typed
from bitrixmail.interfaces.directory import IDirectory
from bitrixmail.interfaces.dkim_keys import IDKIMKeys
from bitrixmail.interfaces.threads import IThreads
from bitrixmail.model.dkim import DKIMKey, KeyState, after_seen
from bitrixmail.model.errors import Fault, InputError, NotFoundError
from bitrixmail.tasks import utcnow

# Makes keys for a domain, with selectors that are not among those given. Takes a while.
MakeKeys = Callable[[str, Collection[str], datetime], tuple[DKIMKey, ...]]


@dataclass(frozen=True, slots=True)
class ListedKey:
    """A key as it is shown: never with its secret."""

    domain: str
    selector: str
    algorithm: str
    state: str
    created: datetime
    active_from: datetime | None
    active_until: datetime | None


class DKIM:
    """Made by who composes a face, lives as long as it. `threads` is where keys are made."""

    def __init__(
        self,
        directory: IDirectory,
        keys: IDKIMKeys,
        make: MakeKeys,
        threads: IThreads,
        clock: IReactorTime,
    ) -> None:
        self._directory = directory
        self._keys = keys
        self._make = make
        self._threads = threads
        self._clock = clock

    async def ensure(self, domain: str) -> tuple[DKIMKey, ...]:
        """Return the keys of a domain of ours, by its key; make the first if there is none."""
        found = await self._keys.keys(domain)
        return found or await self._added(domain, ())

    async def _added(self, domain: str, known: tuple[DKIMKey, ...]) -> tuple[DKIMKey, ...]:
        taken = [key.selector for key in known]
        made = await self._threads.run(self._make, domain, taken, self.now())
        await self._keys.add(made)
        return made

    async def list(self, name: str) -> tuple[ListedKey, ...]:
        """List the keys of a domain, the oldest first."""
        now = self.now()
        return tuple(_listed(key, now) for key in await self.ensure(await self.domain(name)))

    async def rotate(self, name: str) -> tuple[DKIMKey, ...]:
        """Make new keys for a domain; the old ones sign until the records of these were seen.

        Those whose records may be gone are forgotten. Refuses while other new ones wait.
        """
        domain, now = await self.domain(name), self.now()
        known = await self._keys.keys(domain)
        waiting = [key.selector for key in known if key.state(now) is KeyState.NEW]
        if waiting:
            what = f"has new keys already: {', '.join(waiting)}"
            remedy = (
                f"publish them (bitrixmail dns records {domain}),"
                f" then let them sign: bitrixmail dns check {domain}"
            )
            raise InputError(Fault(f"domain {domain}", what, remedy))
        made = await self._added(domain, known)
        await self._keys.remove([key for key in known if key.state(now) is KeyState.GONE])
        return made

    async def seen(self, domain: str, published: Collection[str]) -> tuple[DKIMKey, ...]:
        """Let the newest keys whose selectors are published sign; return what has changed."""
        changed = after_seen(await self._keys.keys(domain), published, self.now())
        if changed:
            await self._keys.change(changed)
        return changed

    async def domain(self, name: str) -> str:
        """Return the key of a domain of ours. Raises NotFoundError."""
        key = typed.domain_name(name)
        if await self._directory.domain(key) is None:
            remedy = f"first: bitrixmail domain add {key}"
            raise NotFoundError(Fault(f"domain {key}", "is not a domain here", remedy))
        return key

    def now(self) -> datetime:
        """Return the time."""
        return utcnow(self._clock)


def _listed(key: DKIMKey, at: datetime) -> ListedKey:
    return ListedKey(
        key.domain,
        key.selector,
        key.algorithm.value,
        key.state(at).value,
        key.created,
        key.active_from,
        key.active_until,
    )
