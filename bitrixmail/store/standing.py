"""Stored messages as the rules are asked about them. Runs in a reader's thread."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, or_, select

from bitrixmail.model.rule_run import Extent, StoredPlace
from bitrixmail.store.schema import domain, folder, mailbox, message, place
from bitrixmail.store.values import from_lines, from_us, from_words, to_us

# Said so that no index serves it: pages go by id, and each index would have to be sorted again
# for each page.
_UNINDEXED_MAILBOX = place.c.mailbox_id.op("+")(0)
_UNINDEXED_FOLDER = place.c.folder_id.op("+")(0)
_PAGE = (
    select(
        place.c.id,
        place.c.modseq,
        place.c.mailbox_id,
        place.c.message_id,
        mailbox.c.address,
        folder.c.name,
        message.c.queue_id,
        place.c.received,
        message.c.sender,
        place.c.recipient,
        message.c.header_from,
        message.c.subject,
        message.c.size_octets,
        message.c.blob_id,
        message.c.head_octets,
        func.substr(message.c.content, 1, message.c.head_octets).label("head"),
        place.c.flags,
        place.c.tags,
    )
    .select_from(place)
    .join(message, message.c.id == place.c.message_id)
    .join(folder, folder.c.id == place.c.folder_id)
    .join(mailbox, mailbox.c.id == place.c.mailbox_id)
    .where(place.c.id > bindparam("after"), place.c.id <= bindparam("upto"))
    .order_by(place.c.id)
    .limit(bindparam("most"))
)
_COUNT = select(func.count()).select_from(place)
_CEILING = select(func.max(place.c.id))
_ELSEWHERE = (
    select(place.c.message_id, place.c.mailbox_id, folder.c.name)
    .join(folder, folder.c.id == place.c.folder_id)
    .where(place.c.message_id.in_(bindparam("ids", expanding=True)))
)
_CONTENT = (
    select(
        message.c.blob_id,
        message.c.size_octets,
        func.substr(message.c.content, 1, bindparam("most")).label("content"),
    )
    .join(place, place.c.message_id == message.c.id)
    .where(place.c.id == bindparam("of"))
)


@dataclass(frozen=True, slots=True)
class Sighted:
    """A place; if its content is a blob, its head has `head_octets` there and is not yet read."""

    place: StoredPlace
    blob_id: str | None
    head_octets: int


@dataclass(frozen=True, slots=True)
class Inside:
    """The content of a message, cut, or the blob that has it."""

    blob_id: str | None
    size_octets: int
    content: bytes


def measure(connection: Connection, extent: Extent) -> tuple[int, int]:
    """Return the highest id of a place, and how many an extent has."""
    ceiling = connection.execute(_CEILING).scalar() or 0
    query, given = _within(_COUNT, extent)
    return ceiling, connection.execute(query, given).scalar_one()


def page(
    connection: Connection, extent: Extent, after: int, upto: int, limit: int
) -> list[Sighted]:
    """Read the next places of an extent, by rising id."""
    query, given = _within(_PAGE, extent)
    given |= {"after": after, "upto": upto, "most": limit}
    rows = connection.execute(query, given).all()
    if not rows:
        return []
    lie: defaultdict[tuple[int, int], list[str]] = defaultdict(list)
    for found in connection.execute(_ELSEWHERE, {"ids": [row.message_id for row in rows]}):
        lie[found.message_id, found.mailbox_id].append(found.name)
    return [_sighted(row, lie[row.message_id, row.mailbox_id]) for row in rows]


def _sighted(row: Any, lies_in: list[str]) -> Sighted:
    found = StoredPlace(
        id=row.id,
        modseq=row.modseq,
        mailbox=row.address,
        folder=row.name,
        queue_id=row.queue_id,
        received=from_us(row.received),
        sender=row.sender,
        recipients=from_lines(row.recipient),
        header_from=row.header_from,
        subject=row.subject,
        size_octets=row.size_octets,
        head=row.head or b"",
        flags=from_words(row.flags),
        tags=from_words(row.tags),
        elsewhere=frozenset(lies_in) - {row.name} if len(lies_in) > 1 else frozenset(),
    )
    return Sighted(found, row.blob_id, row.head_octets)


def _within(query: Select[Any], extent: Extent) -> tuple[Select[Any], dict[str, Any]]:
    """Limit a query to an extent; return it with what it must be given."""
    given: dict[str, Any] = {}
    if extent.mailbox:
        query = query.where(
            _UNINDEXED_MAILBOX.in_(
                select(mailbox.c.id).where(mailbox.c.address == bindparam("whole"))
            )
        )
        given["whole"] = extent.mailbox
    if extent.whose:
        ours = select(mailbox.c.id).join(domain, domain.c.id == mailbox.c.domain_id)
        names: Any = bindparam("whose", expanding=True)
        ours = ours.where(or_(mailbox.c.address.in_(names), domain.c.name.in_(names)))
        query = query.where(_UNINDEXED_MAILBOX.in_(ours))
        given["whose"] = list(extent.whose)
    if extent.folder:
        query = query.where(
            _UNINDEXED_FOLDER.in_(select(folder.c.id).where(folder.c.name == bindparam("called")))
        )
        given["called"] = extent.folder
    if extent.places:
        query = query.where(place.c.id.in_(bindparam("these", expanding=True)))
        given["these"] = list(extent.places)
    if extent.since is not None:
        query = query.where(place.c.received >= bindparam("since"))
        given["since"] = to_us(extent.since)
    return query, given


def inside(connection: Connection, place_id: int, limit: int) -> Inside | None:
    """Read the first octets of a content; None if the place is gone."""
    found = connection.execute(_CONTENT, {"of": place_id, "most": limit}).first()
    return None if found is None else Inside(found.blob_id, found.size_octets, found.content or b"")
