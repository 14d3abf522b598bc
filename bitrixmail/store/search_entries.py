"""Messages read in for the search: what is looked for in them, gathered behind their commit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, text, update

from bitrixmail.mime.enclosed import has_file
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.model.plan import Trace
from bitrixmail.model.searching import folded
from bitrixmail.store.prepared import PreparedInsert
from bitrixmail.store.schema import event, message, place, sequence
from bitrixmail.store.schema_search import search_entry
from bitrixmail.store.trace_json import trace_from_json
from bitrixmail.store.values import storable

# As much of a message is looked at for what it has with it
READ_OCTETS = 128 * 1024
_MOST_TEXT = 1000
_MOST_RECIPIENTS = 50
ENTRIES = "search_entry"
_SCORE = "spam_score"
_LAST = select(sequence.c.name, sequence.c.last).where(sequence.c.name.in_((ENTRIES, "message")))
_NEXT = (
    select(
        message.c.id,
        message.c.queue_id,
        message.c.received,
        message.c.sender,
        message.c.header_from,
        message.c.subject,
        message.c.size_octets,
        message.c.blob_id,
        func.substr(message.c.content, 1, READ_OCTETS).label("content"),
    )
    .where(message.c.id > bindparam("after"))
    .order_by(message.c.id)
    .limit(bindparam("most"))
)
_RECIPIENTS = select(place.c.message_id, place.c.recipient).where(
    place.c.message_id.in_(bindparam("ids", expanding=True))
)
# Said in the words of the index, which leaves out events without a message
_FILED = select(event.c.queue_id, event.c.detail).where(
    event.c.queue_id.in_(bindparam("queue_ids", expanding=True)),
    text("event.queue_id <> ''"),
    event.c.kind == "filed",
    event.c.detail.contains(_SCORE),
)
_THERE = select(message.c.id).where(message.c.id.in_(bindparam("ids", expanding=True)))
_ADVANCE = (
    update(sequence)
    .where(sequence.c.name == ENTRIES, sequence.c.last < bindparam("upto"))
    .values(last=bindparam("upto"))
)
_INSERT = PreparedInsert(search_entry, " ON CONFLICT DO NOTHING")


@dataclass(slots=True)
class Raw:
    """A message not read in yet. `content` is cut; empty where `blob_id` names what has it."""

    id: int
    received: int
    author: str
    recipients: list[str]
    subject: str
    size_octets: int
    blob_id: str | None
    content: bytes
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Entries:
    """Rows of the table, and the number up to which all messages are then read in."""

    rows: tuple[tuple[Any, ...], ...]
    upto: int


def behind(connection: Connection) -> int:
    """Tell how many numbers of messages are not looked at yet."""
    last: dict[str, int] = {row.name: row.last for row in connection.execute(_LAST)}
    return last["message"] - last[ENTRIES]


def next_ones(connection: Connection, limit: int) -> list[Raw]:
    """Read the next messages, by rising number."""
    last: dict[str, int] = {row.name: row.last for row in connection.execute(_LAST)}
    if last["message"] <= last[ENTRIES]:
        return []
    rows = connection.execute(_NEXT, {"after": last[ENTRIES], "most": limit}).all()
    recipients: defaultdict[int, list[str]] = defaultdict(list)
    for found in connection.execute(_RECIPIENTS, {"ids": [row.id for row in rows]}):
        recipients[found.message_id].append(found.recipient)
    scores = _scores(connection, [row.queue_id for row in rows])
    return [
        Raw(
            row.id,
            row.received,
            f"{row.header_from} {row.sender}",
            recipients[row.id][:_MOST_RECIPIENTS],
            row.subject,
            row.size_octets,
            row.blob_id,
            row.content or b"",
            scores.get(row.queue_id),
        )
        for row in rows
    ]


def _scores(connection: Connection, queue_ids: Sequence[str]) -> dict[str, float]:
    """Return the highest score that rules have seen of each."""
    scores: dict[str, float] = {}
    for row in connection.execute(_FILED, {"queue_ids": queue_ids}):
        try:
            seen = _seen(trace_from_json(row.detail))
        except ValueError:
            continue
        if seen is not None:
            scores[row.queue_id] = max(seen, scores.get(row.queue_id, 0.0))
    return scores


def _seen(trace: Trace) -> float | None:
    """Return the score that a trace tells; it is written before what is said of it."""
    texts = [test.seen for step in trace.steps for test in step.tests if test.field == _SCORE]
    if trace.skimmed is not None:
        texts += [seen for field, seen in trace.skimmed.seen if field == _SCORE]
    for found in texts:
        try:
            return float(found.partition(" ")[0])
        except ValueError:
            continue
    return None


def entries_of(raws: Sequence[Raw]) -> Entries:
    """Make rows of messages. Takes some ten microseconds each: runs in a thread."""
    return Entries(tuple(map(_row, raws)), raws[-1].id if raws else 0)


def _row(raw: Raw) -> tuple[Any, ...]:
    headers = HeaderSection.parse(raw.content)
    to = [*headers.texts("to"), *headers.texts("cc")][:_MOST_RECIPIENTS]
    return (
        raw.received,
        raw.id,
        _text(raw.author),
        _text(" ".join([*raw.recipients, *to])),
        _text(raw.subject),
        has_file(raw.content, headers),
        raw.size_octets,
        None if raw.score is None else round(raw.score * 100),
    )


def _text(found: str) -> str:
    return storable(folded(found[:_MOST_TEXT]))


def write_entries(connection: Connection, items: Sequence[Entries]) -> list[int]:
    """Write rows of messages that are still there; return how many were looked at."""
    for item in items:
        ids = [row[1] for row in item.rows]
        there = set(connection.execute(_THERE, {"ids": ids}).scalars())
        _INSERT.rows(connection, [row for row in item.rows if row[1] in there])
        connection.execute(_ADVANCE, {"upto": item.upto})
    return [len(item.rows) for item in items]
