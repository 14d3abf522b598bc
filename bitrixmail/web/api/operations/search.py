"""Messages looked for over all mailboxes, and what is done with those that were found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from bitrixmail.admin.office import Office
from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.searching import Hit, Key, View
from bitrixmail.model.user import Right
from bitrixmail.web.api.operation import EXACT, Call, Operation, Paged, Raw, Sliced, Text
from bitrixmail.web.api.operations.mail import Count
from bitrixmail.web.api.paging import key_in
from bitrixmail.web.visit import zone_of

_MOST_PLACES = 1000
_MOST_AUDITED = 15
_QUERY = Annotated[str, Field(max_length=1200)]
_MARK = Annotated[str, Field(pattern="^(read|unread|flag|unflag)$")]
_ZONE = Annotated[
    str, Field(max_length=64, description="Where days begin, as Europe/Moscow; else UTC.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchQuery(Paged):
    """What is looked for, in the language of the page of messages; empty: everything."""

    q: _QUERY = ""
    zone: _ZONE = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacesChosen:
    """Which messages: the places that were found (`key.place_id`), or all that a search finds.

    Of a search the newest 1000 at most.
    """

    __pydantic_config__: ClassVar[ConfigDict] = EXACT
    places: Annotated[
        tuple[Annotated[int, Field(ge=1, lt=2**63)], ...], Field(max_length=_MOST_PLACES)
    ] = ()
    q: _QUERY | None = None
    zone: _ZONE = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacesMarked(PlacesChosen):
    """And as what they are marked."""

    mark: _MARK


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacesMoved(PlacesChosen):
    """And the folder of their own mailboxes that they go to."""

    folder: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacesTrained(PlacesChosen):
    """And whether they are spam."""

    spam: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacesSent(PlacesChosen):
    """And to whom they are passed on, as they are."""

    address: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacesSorted(PlacesChosen):
    """And whether what rules want done outside is done too."""

    outside: bool = False


@dataclass(frozen=True, slots=True)
class RunMade:
    """The run that has applied the rules, to be taken back by POST /rules/runs/ID/undo."""

    run: int
    changed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewGiven:
    """A search to be kept."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT
    query: _QUERY
    zone: _ZONE = ""


class SearchOperations:
    """Made by the contents, lives as long as they."""

    def __init__(self, office: Office) -> None:
        self._searching = office.searching
        self._handling = office.handling

    def operations(self) -> Iterator[Operation]:
        """Yield them."""
        see, handle = Right.SEE, Right.HANDLE
        yield Operation("GET", "/search", self.find, see, Hit, SearchQuery, listed=True)
        for do, needs, answers, body in (
            (self.mark, handle, Count, PlacesMarked),
            (self.move, handle, Count, PlacesMoved),
            (self.delete, handle, Count, PlacesChosen),
            (self.train, handle, Count, PlacesTrained),
            (self.sort, handle, RunMade, PlacesSorted),
        ):
            path = f"/places/{do.__name__}"
            yield Operation("POST", path, do, needs, answers, None, body)
        # Whoever may pass on what lies here can read it
        yield Operation(
            "POST", "/places/send", self.send, Right.SEND, Count, None, PlacesSent, also=see
        )
        yield Operation(
            "POST", "/places/download", self.download, see, bytes, None, PlacesChosen,
            gives="application/zip",
        )  # fmt: skip
        yield Operation("GET", "/views", self.views, see, tuple[View, ...])
        yield Operation("PUT", "/views/{name}", self.keep, see, View, None, ViewGiven)
        yield Operation("DELETE", "/views/{name}", self.drop, see)

    async def find(self, call: Call) -> Sliced:
        """Look for messages, newest first.

        It takes a bounded time: a page may have fewer than `limit`, or none, and yet a next one.
        At most 200 come at once.
        """
        query: SearchQuery = call.query
        after = key_in(query.cursor)
        start = Key.read(after)
        if after and start is None:
            raise InputError(Fault("query.cursor", "is of another list", "begin without one"))
        found = await self._searching.find(query.q, _zone(query.zone), start, query.limit)
        return Sliced(found.hits, None if found.next is None else str(found.next))

    async def mark(self, call: Call) -> Count:
        """Mark messages as read, unread, flagged or not; tells how many differ now."""
        places = await self._chosen(call)
        await self._record(call, call.body.mark, places)
        return Count(await self._handling.mark(places, call.body.mark, call.caller.name))

    async def move(self, call: Call) -> Count:
        """Move messages to a folder, made where it is missing."""
        places, folder = await self._chosen(call), call.body.folder
        await self._record(call, "move", places, folder)
        return Count(await self._handling.move(places, folder, call.caller.name))

    async def delete(self, call: Call) -> Count:
        """Move messages to Trash; what lies there already is gone for good."""
        places = await self._chosen(call)
        await self._record(call, "delete", places)
        deleted = await self._handling.delete(places, call.caller.name)
        return Count(deleted.aside + deleted.gone)

    async def train(self, call: Call) -> Count:
        """Have messages learned as spam or as none, and put where such mail belongs."""
        places, spam = await self._chosen(call), call.body.spam
        await self._record(call, "spam" if spam else "ham", places)
        return Count((await self._handling.train(places, call.caller.name, spam=spam)).new)

    async def send(self, call: Call) -> Count:
        """Pass messages on to an address as they are; the queue tells how it goes on."""
        places, address = await self._chosen(call), call.body.address
        count = await self._handling.send_on(places, address)
        await self._record(call, "send", places, address)
        return Count(count)

    async def sort(self, call: Call) -> RunMade:
        """Sort messages by the rules that are for use by hand."""
        places = await self._chosen(call)
        who = call.caller.name
        run = await self._handling.apply_rules(places, who, outside=call.body.outside)
        await self._record(call, "rules", places, f"run {run.id}")
        return RunMade(run.id, run.changed)

    async def download(self, call: Call) -> Raw:
        """Give messages as an archive of files: at most 200, and 64 MiB."""
        places = await self._chosen(call)
        octets = await self._handling.download(places)
        await self._record(call, "download", places)
        return Raw(octets, "application/zip")

    async def views(self, call: Call) -> tuple[View, ...]:
        """List the searches that who asks has kept."""
        return await self._searching.views(call.caller.user)

    async def keep(self, call: Call) -> View:
        """Keep a search by a name."""
        name, body = call.parts["name"], call.body
        zone = _zone(body.zone)
        view = await self._searching.keep_view(call.caller.user, name, body.query, zone)
        await call.record("view.keep", view.name, view.query)
        return view

    async def drop(self, call: Call) -> None:
        """Forget a search."""
        await self._searching.drop_view(call.caller.user, call.parts["name"])
        await call.record("view.drop", call.parts["name"])

    async def _chosen(self, call: Call) -> list[int]:
        """Return the places that are meant. Raises InputError: none was named."""
        body: PlacesChosen = call.body
        if bool(body.places) == (body.q is not None):
            what = "says of no message that it is meant, or says it twice"
            raise InputError(Fault("body", what, "give either places or q"))
        if body.q is None:
            return list(body.places)
        hits = await self._searching.all(body.q, _zone(body.zone))
        return [hit.key.place_id for hit in hits]

    async def _record(self, call: Call, what: str, places: list[int], detail: str = "") -> None:
        """Write it down with the ids of the messages, which must be there still."""
        hits = await self._handling.chosen(places[:_MOST_AUDITED])
        named = ", ".join(dict.fromkeys(hit.queue_id for hit in hits))
        more = f" and more, {len(places)} in all" if len(places) > _MOST_AUDITED else ""
        await call.record(f"messages.{what}", named + more, detail)


def _zone(name: str) -> tzinfo:
    return zone_of(name) if name else UTC
