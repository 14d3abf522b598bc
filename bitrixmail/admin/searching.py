"""Stored messages looked for over all mailboxes, page by page, and searches that are kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo

from twisted.internet.interfaces import IReactorTime

from bitrixmail.admin.search_language import read_search
from bitrixmail.interfaces.searching import ISearching
from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.searching import Hit, Key, Sought, View
from bitrixmail.model.text import printable
from bitrixmail.tasks import utcnow

MOST_HITS = 200
MOST_FOUND = 1000
# So many messages are gone through in one question, and a search goes on for so long
_BREADTH = 25_000
_LOOKED_S = 0.12
# What came last is read in before anybody looks; one batch takes some ten milliseconds
_READ_IN = 200
_READ_IN_S = 0.05
_MOST_NAME = 60


@dataclass(frozen=True, slots=True)
class Found:
    """One page. `next` leads on: to more hits, or (`full` is False) to where nobody looked yet.

    `behind` are messages that came last and are not read in yet, more or less.
    """

    hits: tuple[Hit, ...]
    next: Key | None
    full: bool
    behind: int


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The hits around one, in the order of the list."""

    newer: Hit | None = None
    older: Hit | None = None


class Searching:
    """The use cases of the search. Made by who composes a face, lives as long as it."""

    def __init__(self, store: ISearching, clock: IReactorTime) -> None:
        self._store = store
        self._clock = clock

    async def find(self, text: str, zone: tzinfo, start: Key | None, limit: int) -> Found:
        """Return hits of a search from `start` on, newest first. Raises SearchError.

        Takes a bounded time, however many messages there are: then it says where it stopped.
        """
        sought = read_search(text, zone, utcnow(self._clock))
        behind = await self.catch_up()
        hits, reached = await self._look(sought, start, min(limit, MOST_HITS), newer=False)
        return Found(hits, reached, len(hits) == limit, behind)

    async def _look(
        self, sought: Sought, start: Key | None, limit: int, *, newer: bool
    ) -> tuple[tuple[Hit, ...], Key | None]:
        ends = self._clock.seconds() + _LOOKED_S
        hits: tuple[Hit, ...] = ()
        while True:
            window = await self._store.search(
                sought, start, limit - len(hits), _BREADTH, newer=newer
            )
            hits, start = hits + window.hits, window.reached
            if start is None or len(hits) >= limit or self._clock.seconds() >= ends:
                return hits, start

    async def all(self, text: str, zone: tzinfo) -> tuple[Hit, ...]:
        """Return all hits of a search, the newest MOST_FOUND at most. Raises SearchError."""
        sought = read_search(text, zone, utcnow(self._clock))
        await self.catch_up()
        hits: tuple[Hit, ...] = ()
        start: Key | None = None
        while True:
            window = await self._store.search(sought, start, MOST_FOUND - len(hits), _BREADTH)
            hits, start = hits + window.hits, window.reached
            if start is None or len(hits) >= MOST_FOUND:
                return hits

    async def neighbours(self, text: str, zone: tzinfo, key: Key) -> Neighbours:
        """Return what stands before and behind a hit in its search. Raises SearchError."""
        sought = read_search(text, zone, utcnow(self._clock))
        newer, _ = await self._look(sought, key, 1, newer=True)
        older, _ = await self._look(sought, key, 1, newer=False)
        return Neighbours(newer[0] if newer else None, older[0] if older else None)

    async def catch_up(self) -> int:
        """Read in what came last, for a short time; return how many messages are left."""
        ends = self._clock.seconds() + _READ_IN_S
        while await self._store.read_in(_READ_IN) == _READ_IN:
            if self._clock.seconds() >= ends:
                return await self._store.unread()
        return 0

    async def views(self, user: str) -> tuple[View, ...]:
        """List the searches a user has kept."""
        return await self._store.views(user)

    async def keep_view(self, user: str, name: str, text: str, zone: tzinfo) -> View:
        """Keep a search by a name. Raises InputError: no name, no search, too many."""
        read_search(text, zone, utcnow(self._clock))
        shown = name.strip()
        if not shown or len(shown) > _MOST_NAME or printable(shown) != shown:
            what = f"is a line of 1 to {_MOST_NAME} characters"
            raise InputError(Fault("the name of a search", what, "write a short one"))
        view = View(shown, text.strip())
        await self._store.keep_view(user, view)
        return view

    async def drop_view(self, user: str, name: str) -> None:
        """Forget a search."""
        await self._store.drop_view(user, name)
