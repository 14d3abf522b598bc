"""The search over all mailboxes, on the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, delete, func, insert, select
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from bitrixmail.interfaces.blobs import IBlobStore
from bitrixmail.interfaces.searching import ISearching
from bitrixmail.interfaces.threads import IThreads
from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.job import NewJob
from bitrixmail.model.searching import Change, Hit, Key, Sought, View, Window
from bitrixmail.store import removal, search_entries, search_reading
from bitrixmail.store.executors import Database
from bitrixmail.store.ordering import order_jobs
from bitrixmail.store.schema import place
from bitrixmail.store.schema_search import search_view
from bitrixmail.store.search_reading import Question
from bitrixmail.store.shifting import Shift, find_place
from bitrixmail.store.values import storable, to_us
from bitrixmail.tasks import utcnow

MOST_VIEWS = 50


@implementer(ISearching)
class DatabaseSearching:
    """See ISearching. Made with the stores, lives as long as they; `threads` read messages."""

    def __init__(
        self, database: Database, blobs: IBlobStore, threads: IThreads, clock: IReactorTime
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._threads = threads
        self._clock = clock

    async def read_in(self, limit: int) -> int:
        """See ISearching."""
        raws = await self._database.read(search_entries.next_ones, limit)
        if not raws:
            return 0
        whole = [await self._with_content(raw) for raw in raws]
        entries = await self._threads.run(search_entries.entries_of, whole)
        return await self._database.write(search_entries.write_entries, entries)

    async def _with_content(self, raw: search_entries.Raw) -> search_entries.Raw:
        if raw.blob_id is None:
            return raw
        try:
            content = await self._blobs.read(raw.blob_id, 0, search_entries.READ_OCTETS)
        except (OSError, InputError):
            content = b""  # its file is gone: it is found by what the row tells
        return replace(raw, content=content)

    async def unread(self) -> int:
        """See ISearching."""
        return await self._database.read(search_entries.behind)

    async def search(
        self, sought: Sought, start: Key | None, limit: int, breadth: int, *, newer: bool = False
    ) -> Window:
        """See ISearching."""
        question = Question(sought, start, limit, breadth, newer)
        return await self._database.read(search_reading.search, question)

    async def places(self, place_ids: Sequence[int]) -> tuple[Hit, ...]:
        """See ISearching."""
        return await self._database.read(search_reading.places, tuple(place_ids))

    async def change(self, place_ids: Sequence[int], change: Change) -> int:
        """See ISearching."""
        item = (tuple(place_ids), change, to_us(utcnow(self._clock)))
        return await self._database.write(_change, item)

    async def delete(self, place_ids: Sequence[int]) -> int:
        """See ISearching."""
        item = (tuple(place_ids), to_us(utcnow(self._clock)))
        return await self._database.write(_delete, item)

    async def order(self, orders: Sequence[tuple[int, NewJob]]) -> int:
        """See ISearching."""
        item = (tuple(orders), to_us(utcnow(self._clock)))
        return await self._database.write(_order, item)

    async def views(self, user: str) -> tuple[View, ...]:
        """See ISearching."""
        return await self._database.read(_views, user)

    async def keep_view(self, user: str, view: View) -> None:
        """See ISearching."""
        await self._database.write(_keep_view, (user, view))

    async def drop_view(self, user: str, name: str) -> None:
        """See ISearching."""
        await self._database.write(_drop_view, (user, name))


def _change(
    connection: Connection, items: Sequence[tuple[tuple[int, ...], Change, int]]
) -> list[int]:
    return [_change_some(connection, *item) for item in items]


def _change_some(connection: Connection, ids: Sequence[int], change: Change, now: int) -> int:
    shift = Shift(connection, now)
    count = 0
    for place_id in dict.fromkeys(ids):
        found = find_place(connection, place_id)
        if found is None:
            continue
        flags = (found.flags | change.set_flags) - change.clear_flags
        target = None
        if change.folder:
            target = shift.folders.named(found.mailbox_id, change.folder)
            if target.id == found.folder_id:
                target = None
        if target is None and flags == found.flags:
            continue
        count += 1
        shift.put(found, target, flags, found.tags)
        told = [f"to {target.name}"] if target is not None else []
        told += [f"set {flag}" for flag in sorted(flags - found.flags)]
        told += [f"cleared {flag}" for flag in sorted(found.flags - flags)]
        kind = "flagged" if target is None else "moved"
        shift.note(kind, found.queue_id, found.address, ", ".join([*told, change.why]))
    shift.write()
    return count


def _delete(connection: Connection, items: Sequence[tuple[tuple[int, ...], int]]) -> list[int]:
    return [_delete_some(connection, *item) for item in items]


def _delete_some(connection: Connection, ids: Sequence[int], now: int) -> int:
    query = select(place.c.folder_id, place.c.uid).where(place.c.id.in_(ids))
    by_folder: dict[int, list[int]] = {}
    for folder_id, uid in connection.execute(query):
        by_folder.setdefault(folder_id, []).append(uid)
    items = [removal.Expunge(of, tuple(uids), now) for of, uids in by_folder.items()]
    removal.expunge(connection, items)
    return sum(map(len, by_folder.values()))


def _order(
    connection: Connection, items: Sequence[tuple[tuple[tuple[int, NewJob], ...], int]]
) -> list[int]:
    return [order_jobs(connection, orders, "hand:", now) for orders, now in items]


def _views(connection: Connection, user: str) -> tuple[View, ...]:
    query = select(search_view.c.name, search_view.c.query).where(search_view.c.user == user)
    rows = connection.execute(query.order_by(search_view.c.name))
    return tuple(View(row.name, row.query) for row in rows)


def _keep_view(connection: Connection, items: Sequence[tuple[str, View]]) -> list[None]:
    for user, view in items:
        _drop_view(connection, [(user, view.name)])
        of = select(func.count()).where(search_view.c.user == user)
        if connection.execute(of).scalar_one() >= MOST_VIEWS:
            what = f"{MOST_VIEWS} searches are kept already"
            raise InputError(Fault(view.name, what, "remove one of them first"))
        values = {"user": user, "name": storable(view.name), "query": storable(view.query)}
        connection.execute(insert(search_view), values)
    return [None] * len(items)


def _drop_view(connection: Connection, items: Sequence[tuple[str, str]]) -> list[None]:
    for user, name in items:
        of = (search_view.c.user == user, search_view.c.name == name)
        connection.execute(delete(search_view).where(*of))
    return [None] * len(items)
