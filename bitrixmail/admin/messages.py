"""Stored messages: listing, showing, exporting, and what happened to them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from bitrixmail.admin import typed
from bitrixmail.admin.traces import Traces
from bitrixmail.interfaces.store import IMessageStore
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.model.errors import Fault, NotFoundError
from bitrixmail.model.message import Behind, Event, Listed
from bitrixmail.model.plan import Trace
from bitrixmail.model.text import printable

FILED = "filed"
MAX_EVENTS = 1000
MAX_LISTED = 100_000
# Of a header section that is looked at without the rest
_HEAD_OCTETS = 256 * 1024
WHERE_IDS_STAND = "an id stands in the reply to the sender, in the log and in message list"


@dataclass(frozen=True, slots=True)
class Pieces:
    """A message not yet read; `read` returns octets from an offset on, up to a number of them."""

    size_octets: int
    read: Callable[[int, int], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class Told:
    """An event, and the path through the rules if it tells one."""

    event: Event
    trace: Trace | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """One message as an operator looks at it: its places, its header section, its events.

    `fields` are names and decoded values, in their order; empty if no mailbox kept the message.
    """

    queue_id: str
    places: tuple[Listed, ...]
    fields: tuple[tuple[str, str], ...]
    events: tuple[Told, ...]


class Messages:
    """The use cases of stored messages. Made by who composes a face, lives as long as it."""

    def __init__(self, messages: IMessageStore, traces: Traces) -> None:
        self._messages = messages
        self._traces = traces

    async def listing(
        self, address: str, folder: str | None, limit: int, behind: Behind | None = None
    ) -> tuple[Listed, ...]:
        """List a mailbox, newest first, or what comes `behind` a line of the list.

        Raises NotFoundError for no such mailbox or folder.
        """
        key = typed.address_key(address, "mailbox")
        name = None if folder is None else typed.folder(folder)
        with remedied(f"bitrixmail message list {key} names its folders"):
            return await self._messages.listing(key, name, min(limit, MAX_LISTED), behind)

    async def show(self, queue_id: str) -> Shown:
        """Return all that is known of a message. Raises NotFoundError."""
        with remedied(WHERE_IDS_STAND):
            places = await self._messages.find(queue_id)
        fields: tuple[tuple[str, str], ...] = ()
        if places:
            octets, _ = await self._messages.cut(queue_id, 0, _HEAD_OCTETS)
            headers = HeaderSection.parse(octets)
            fields = tuple(
                (name.decode("ascii", "replace"), headers.decode(value))
                for name, value in headers.fields()
            )
        events = await self._messages.events(queue_id, None, MAX_EVENTS)
        return Shown(queue_id, places, fields, await self._told(events))

    async def export(self, queue_id: str) -> bytes:
        """Return a stored message: our trace field and the content. Raises NotFoundError."""
        with remedied(WHERE_IDS_STAND):
            return await self._messages.export(queue_id)

    async def pieces(self, queue_id: str) -> Pieces:
        """Return the same, not yet read. Raises NotFoundError."""
        with remedied(WHERE_IDS_STAND):
            _, size_octets = await self._messages.cut(queue_id, 0, 0)

        async def read(offset: int, length: int) -> bytes:
            return (await self._messages.cut(queue_id, offset, length))[0]

        return Pieces(size_octets, read)

    async def trace(self, what: str, limit: int) -> tuple[Told, ...]:
        """Return what happened to a message (by its id) or at an address, oldest first.

        Raises NotFoundError if nothing did.
        """
        bounded = min(limit, MAX_EVENTS)
        if "@" in what:
            key = typed.address_key(what)
            events = await self._messages.events(None, key, bounded)
        else:
            events = await self._messages.events(what, None, bounded)
        if not events:
            raise NotFoundError(Fault(printable(what), "nothing is known of it", WHERE_IDS_STAND))
        return await self._told(events)

    async def _told(self, events: Iterable[Event]) -> tuple[Told, ...]:
        return tuple([Told(event, await self._trace(event)) for event in events])

    async def _trace(self, event: Event) -> Trace | None:
        if event.kind != FILED or not event.detail:
            return None
        try:
            return await self._traces.read(event.detail)
        except ValueError:
            return None  # of a later version of the program: the rest is told all the same


@contextmanager
def remedied(remedy: str) -> Iterator[None]:
    """Add a remedy to a NotFoundError of the store, which knows of no faces, where it has none."""
    try:
        yield
    except NotFoundError as error:
        faults = (replace(fault, remedy=fault.remedy or remedy) for fault in error.faults)
        raise NotFoundError(*faults) from None
