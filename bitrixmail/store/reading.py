"""Questions about messages. Each function runs in a reader's thread, in one read transaction."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, or_, select, text, tuple_

from bitrixmail.interfaces.blobs import IBlobStore
from bitrixmail.model.errors import Fault, NotFoundError
from bitrixmail.model.message import Behind, Event, FolderIndex, FolderView, Listed, Place
from bitrixmail.store.prepared import Prepared
from bitrixmail.store.schema import event, folder, mailbox, message, once, place, unlinked_blob
from bitrixmail.store.values import from_lines, from_us, from_words, to_us


@dataclass(frozen=True, slots=True)
class Stored:
    """The parts of a message: what stands before the content, and the content or its name."""

    prefix: bytes
    size_octets: int
    content: bytes | None
    blob_id: str | None

    async def octets(self, offset: int, length: int, blobs: IBlobStore) -> bytes:
        """Cut octets out of prefix and content as if they were one."""
        head = self.prefix[offset : offset + length]
        rest = length - len(head)
        start = max(0, offset - len(self.prefix))
        if rest <= 0 or start >= self.size_octets:
            return head
        if self.blob_id is None:
            return head + (self.content or b"")[start : start + rest]
        return head + await blobs.read(self.blob_id, start, rest)


_FOLDER = select(folder.c.id, folder.c.uidvalidity).where(
    folder.c.mailbox_id == bindparam("mailbox"), folder.c.name == bindparam("name")
)
_MAILBOX = select(mailbox.c.id).where(mailbox.c.address == bindparam("address"))
_USAGE = select(mailbox.c.used_octets).where(mailbox.c.id == bindparam("mailbox"))
_TOTALS = select(func.count(), func.sum(mailbox.c.used_octets)).select_from(mailbox)
_EXPORT = select(
    message.c.prefix, message.c.size_octets, message.c.content, message.c.blob_id
).where(message.c.queue_id == bindparam("queue_id"))
_BY_ROW = select(
    message.c.prefix, message.c.size_octets, message.c.content, message.c.blob_id
).where(message.c.id == bindparam("of"))
_LISTED = (
    select(
        place.c.id,
        message.c.queue_id,
        mailbox.c.address,
        folder.c.name,
        place.c.uid,
        place.c.received,
        message.c.sender,
        message.c.header_from,
        message.c.subject,
        place.c.size_octets,
        place.c.flags,
        place.c.tags,
        place.c.recipient,
    )
    .select_from(place)
    .join(message, message.c.id == place.c.message_id)
    .join(folder, folder.c.id == place.c.folder_id)
    .join(mailbox, mailbox.c.id == place.c.mailbox_id)
)
LIST_FOLDER = (
    _LISTED.where(place.c.folder_id == bindparam("of"))
    .order_by(place.c.uid.desc())
    .limit(bindparam("most"))
)
LIST_MAILBOX = (
    _LISTED.where(place.c.mailbox_id == bindparam("of"))
    .order_by(place.c.received.desc(), place.c.id.desc())
    .limit(bindparam("most"))
)
# The same from somewhere on, whatever has come or gone before it
LIST_FOLDER_ON = LIST_FOLDER.where(place.c.uid < bindparam("uid"))
LIST_MAILBOX_ON = LIST_MAILBOX.where(
    tuple_(place.c.received, place.c.id) < tuple_(bindparam("received"), bindparam("place"))
)
LIST_MESSAGE = _LISTED.where(message.c.queue_id == bindparam("queue_id")).order_by(place.c.id)
_EVENTS = select(
    event.c.at, event.c.kind, event.c.queue_id, event.c.address, event.c.text, event.c.detail
)
_NEWEST = (event.c.id.desc(),)
# Said in the words of the index, which leaves out events without a message.
_BY_QUEUE_ID = (event.c.queue_id == bindparam("queue_id"), text("event.queue_id <> ''"))
_BY_ADDRESS = or_(
    event.c.address == bindparam("address"), event.c.recipient == bindparam("address")
)
EVENTS_OF_MESSAGE = _EVENTS.where(*_BY_QUEUE_ID).order_by(*_NEWEST).limit(bindparam("most"))
EVENTS_OF_ADDRESS = _EVENTS.where(_BY_ADDRESS).order_by(*_NEWEST).limit(bindparam("most"))
_EVENTS_OF_BOTH = (
    _EVENTS.where(*_BY_QUEUE_ID, _BY_ADDRESS).order_by(*_NEWEST).limit(bindparam("most"))
)
_EVENTS_OF_ALL = _EVENTS.order_by(*_NEWEST).limit(bindparam("most"))
_SEEN = select(event.c.id).where(*_BY_QUEUE_ID).limit(1)
_BROUGHT = select(once.c.key).where(
    (once.c.key == bindparam("name"))
    | ((once.c.key > bindparam("least")) & (once.c.key < bindparam("most")))
)
_KEPT = select(mailbox.c.id, mailbox.c.retention_days).where(mailbox.c.retention_days > 0)
_BLOBS = select(message.c.blob_id).where(message.c.blob_id.is_not(None))
_UNLINKED = select(unlinked_blob.c.blob_id)


PLACES = Prepared(
    select(
        place.c.id,
        place.c.uid,
        place.c.modseq,
        message.c.queue_id,
        place.c.size_octets,
        place.c.flags,
        place.c.tags,
    )
    .join(message, message.c.id == place.c.message_id)
    .where(place.c.folder_id == bindparam("of"))
    .order_by(place.c.uid),
    ["of"],
)
# Nothing of the message itself, so its row is not looked for
NUMBERS = Prepared(
    select(place.c.id, place.c.uid, place.c.size_octets)
    .where(place.c.folder_id == bindparam("of"))
    .order_by(place.c.uid),
    ["of"],
)
OCTETS = Prepared(
    select(
        place.c.prefix,
        message.c.prefix,
        message.c.size_octets,
        message.c.content,
        message.c.blob_id,
    )
    .join(message, message.c.id == place.c.message_id)
    .where(place.c.id == bindparam("of")),
    ["of"],
)


def view(connection: Connection, mailbox_id: int, name: str) -> FolderView | None:
    """Read a folder with all its places."""
    found = connection.execute(_FOLDER, {"mailbox": mailbox_id, "name": name}).first()
    if found is None:
        return None
    # Most folders know a handful of sets of flags: one object serves many places.
    words: dict[str, frozenset[str]] = {}

    def known(line: str) -> frozenset[str]:
        if line not in words:
            words[line] = from_words(line)
        return words[line]

    places = tuple(
        Place(place_id, uid, modseq, queue_id, size, known(flags), known(tags))
        for place_id, uid, modseq, queue_id, size, flags, tags in PLACES.all(connection, found.id)
    )
    return FolderView(found.id, mailbox_id, name, found.uidvalidity, places)


def index(connection: Connection, mailbox_id: int, name: str) -> FolderIndex | None:
    """Read the numbers of a folder's places."""
    found = connection.execute(_FOLDER, {"mailbox": mailbox_id, "name": name}).first()
    if found is None:
        return None
    ids, uids, sizes = array("q"), array("q"), array("q")
    for rows in NUMBERS.parts(connection, found.id):
        for column, numbers in zip((ids, uids, sizes), zip(*rows, strict=True), strict=True):
            column.extend(numbers)
    return FolderIndex(found.id, mailbox_id, name, found.uidvalidity, ids, uids, sizes)


def folders(connection: Connection, mailbox_id: int) -> tuple[str, ...]:
    """Name the folders of a mailbox, sorted."""
    query = select(folder.c.name).where(folder.c.mailbox_id == mailbox_id).order_by(folder.c.name)
    return tuple(connection.execute(query).scalars())


def stored(connection: Connection, place_id: int) -> Stored | None:
    """Read what a reader of a place gets."""
    for place_prefix, prefix, size, content, blob_id in OCTETS.all(connection, place_id):
        return Stored(place_prefix + prefix, size, content, blob_id)
    return None


def exported(connection: Connection, queue_id: str) -> Stored | None:
    """Read a message without the prefix of any place."""
    found = connection.execute(_EXPORT, {"queue_id": queue_id}).first()
    return None if found is None else Stored(*found)


def by_row(connection: Connection, message_id: int) -> Stored | None:
    """Do the same by the number of its row."""
    found = connection.execute(_BY_ROW, {"of": message_id}).first()
    return None if found is None else Stored(*found)


def usage(connection: Connection, mailbox_id: int) -> int:
    """Read how many octets a mailbox holds; 0 if there is none."""
    return connection.execute(_USAGE, {"mailbox": mailbox_id}).scalar() or 0


def totals(connection: Connection) -> tuple[int, int]:
    """Count the mailboxes and the octets in them."""
    mailboxes, octets = connection.execute(_TOTALS).one()
    return mailboxes, octets or 0


def listing(
    connection: Connection, address: str, name: str | None, limit: int, behind: Behind | None
) -> tuple[Listed, ...]:
    """List a mailbox, or one folder of it, newest first."""
    mailbox_id = connection.execute(_MAILBOX, {"address": address}).scalar()
    if mailbox_id is None:
        raise NotFoundError(Fault(address, "no such mailbox", "see: bitrixmail mailbox list"))
    on: dict[str, Any] = {"most": limit}
    if name is None:
        if behind is not None:
            on |= {"received": to_us(behind.received), "place": behind.place_id}
        query = LIST_MAILBOX if behind is None else LIST_MAILBOX_ON
        return _listed(connection, query, {"of": mailbox_id, **on})
    found = connection.execute(_FOLDER, {"mailbox": mailbox_id, "name": name}).first()
    if found is None:
        raise NotFoundError(Fault(address, f"has no folder {name}"))
    if behind is not None:
        on["uid"] = behind.uid
    query = LIST_FOLDER if behind is None else LIST_FOLDER_ON
    return _listed(connection, query, {"of": found.id, **on})


def places_of(connection: Connection, queue_id: str) -> tuple[Listed, ...]:
    """List every place of a message."""
    found = _listed(connection, LIST_MESSAGE, {"queue_id": queue_id})
    if not found and connection.execute(_SEEN, {"queue_id": queue_id}).scalar() is None:
        raise NotFoundError(Fault(queue_id, "no such message was seen"))
    return found


def _listed(
    connection: Connection, query: Select[Any], parameters: dict[str, Any]
) -> tuple[Listed, ...]:
    return tuple(
        Listed(
            queue_id=row.queue_id,
            mailbox=row.address,
            folder=row.name,
            uid=row.uid,
            received=from_us(row.received),
            sender=row.sender,
            header_from=row.header_from,
            subject=row.subject,
            size_octets=row.size_octets,
            flags=from_words(row.flags),
            tags=from_words(row.tags),
            recipients=from_lines(row.recipient),
            place_id=row.id,
        )
        for row in connection.execute(query, parameters)
    )


def events(
    connection: Connection, queue_id: str | None, address: str | None, limit: int
) -> tuple[Event, ...]:
    """Read the last entries of the event log, oldest first."""
    query = {
        (False, False): _EVENTS_OF_ALL,
        (True, False): EVENTS_OF_MESSAGE,
        (False, True): EVENTS_OF_ADDRESS,
        (True, True): _EVENTS_OF_BOTH,
    }[queue_id is not None, address is not None]
    given = {"queue_id": queue_id, "address": address, "most": limit}
    parameters = {key: value for key, value in given.items() if value is not None}
    rows = connection.execute(query, parameters).all()
    return tuple(
        Event(from_us(row.at), row.kind, row.queue_id, row.address, row.text, row.detail)
        for row in reversed(rows)
    )


def brought(connection: Connection, name: str) -> tuple[str, ...]:
    """List what was brought once by this name, and by those that go on after its ":"."""
    meant = {"name": name, "least": f"{name}:", "most": f"{name};"}
    return tuple(sorted(connection.execute(_BROUGHT, meant).scalars()))


def retentions(connection: Connection) -> list[tuple[int, int]]:
    """List the mailboxes that forget, with their days."""
    return [(row.id, row.retention_days) for row in connection.execute(_KEPT)]


def referenced_blobs(connection: Connection) -> frozenset[str]:
    """Name every blob that is in use, or may still be read by somebody who opened it."""
    found = set(connection.execute(_BLOBS).scalars())
    found.update(connection.execute(_UNLINKED).scalars())
    return frozenset(name for name in found if name is not None)
