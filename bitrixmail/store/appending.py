"""The durable line: one transaction writes messages, their places, traces and events.

Runs in the writer's thread. Everything it needs is read from the database at the beginning of its
transaction, so nothing has to be taken back when that is rolled back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, update

from bitrixmail.model.errors import PermanentError
from bitrixmail.model.job import JobState, NewJob
from bitrixmail.model.message import INBOX, Draft, Event, Filing, Origin
from bitrixmail.model.reply import NO_SUCH_MAILBOX
from bitrixmail.model.text import printable
from bitrixmail.store import schema
from bitrixmail.store.counting import RuleCounts
from bitrixmail.store.prepared import Prepared, PreparedInsert
from bitrixmail.store.schema import folder, mailbox
from bitrixmail.store.sequences import JOBS, Sequences, bump
from bitrixmail.store.trace_json import trace_to_json
from bitrixmail.store.values import storable, to_key, to_lines, to_us, to_words

# Plus-addressing lets strangers name folders: beyond this many their mail goes to INBOX.
MAX_FOLDERS = 1000
_IN = 16


@dataclass(slots=True)
class _Folder:
    """A folder while places are added to it."""

    id: int
    next_uid: int
    modseq: int


def _in_list(column: Any, names: Sequence[str]) -> Any:
    """Return `column IN (…)` with a fixed number of parameters, so that it is compiled once."""
    return column.in_([bindparam(name) for name in names])


def _padded(values: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
    """Cut values into tuples of that number, the last one filled up with a repetition."""
    found = tuple(values)
    for start in range(0, len(found), _IN):
        part = found[start : start + _IN]
        yield part + part[-1:] * (_IN - len(part))


_IDS = [f"m{number}" for number in range(_IN)]
_NAMES = [f"n{number}" for number in range(_IN)]
_FIND_MAILBOXES = Prepared(
    select(mailbox.c.id, mailbox.c.address).where(_in_list(mailbox.c.id, _IDS)), _IDS
)
_FIND_FOLDERS = Prepared(
    select(
        folder.c.mailbox_id, folder.c.name, folder.c.id, folder.c.next_uid, folder.c.modseq
    ).where(_in_list(folder.c.mailbox_id, _IDS), _in_list(folder.c.name, _NAMES)),
    [*_IDS, *_NAMES],
)
_ADVANCE_FOLDER = Prepared(
    update(folder)
    .values({folder.c.next_uid: bindparam("uid"), folder.c.modseq: bindparam("seq")})
    .where(folder.c.id == bindparam("of")),
    ["uid", "seq", "of"],
)
_GROW_MAILBOX = Prepared(
    update(mailbox)
    .values({mailbox.c.used_octets: mailbox.c.used_octets + bindparam("more")})
    .where(mailbox.c.id == bindparam("of")),
    ["more", "of"],
)
_INSERT_FOLDER = PreparedInsert(folder)
_INSERT_MESSAGE = PreparedInsert(schema.message)
_INSERT_PLACE = PreparedInsert(schema.place)
_INSERT_EVENT = PreparedInsert(schema.event)
_INSERT_JOB = PreparedInsert(schema.job, " ON CONFLICT (key) DO NOTHING")
_INSERT_ONCE = PreparedInsert(schema.once)
_FIND_ONCE = Prepared(select(schema.once.c.key).where(schema.once.c.key == bindparam("of")), ["of"])


def append(connection: Connection, drafts: Sequence[Draft]) -> list[None]:
    """Write the drafts in their order. Raises PermanentError for one that nobody can get."""
    append_some(connection, drafts)
    return [None] * len(drafts)


def append_and_tell(connection: Connection, drafts: Sequence[Draft]) -> list[None]:
    """Do the same in a process that sends nothing by itself: whoever does hears of the jobs."""
    append_some(connection, drafts)
    bump(connection, JOBS)
    return [None] * len(drafts)


def append_some(connection: Connection, drafts: Sequence[Draft]) -> None:
    """Do the same within a transaction that writes other things too."""
    batch = _Batch(connection, drafts)
    for draft in drafts:
        if not draft.once or batch.first(draft):
            batch.add(draft)
    batch.write()


def record(connection: Connection, events: Sequence[Sequence[Event]]) -> list[None]:
    """Write entries of the event log."""
    sequences = Sequences(connection)
    rows = [_event_row(sequences.take("event"), event) for group in events for event in group]
    _INSERT_EVENT.rows(connection, rows)
    sequences.save()
    return [None] * len(events)


class _Batch:
    """The rows of one transaction. Made by `append` for it, ends with it."""

    def __init__(self, connection: Connection, drafts: Sequence[Draft]) -> None:
        self._connection = connection
        self._sequences = Sequences(connection)
        self._messages: list[tuple[Any, ...]] = []
        self._places: list[tuple[Any, ...]] = []
        self._events: list[tuple[Any, ...]] = []
        self._jobs: list[tuple[Any, ...]] = []
        self._used: defaultdict[int, int] = defaultdict(int)
        self._counts = RuleCounts()
        filings = [filing for draft in drafts for filing in draft.filings]
        self._addresses = self._find_mailboxes({filing.mailbox_id for filing in filings})
        self._folders = self._find_folders(
            {filing.mailbox_id for filing in filings if filing.folders},
            {name for filing in filings for name in filing.folders},
        )

    def _find_mailboxes(self, ids: set[int]) -> dict[int, str]:
        return {
            found: address
            for some in _padded(sorted(ids))
            for found, address in _FIND_MAILBOXES.all(self._connection, *some)
        }

    def _find_folders(self, ids: set[int], names: set[str]) -> dict[tuple[int, str], _Folder]:
        return {
            (mailbox_id, name): _Folder(folder_id, next_uid, modseq)
            for some_ids in _padded(sorted(ids))
            for some_names in _padded(sorted(names))
            for mailbox_id, name, folder_id, next_uid, modseq in _FIND_FOLDERS.all(
                self._connection, *some_ids, *some_names
            )
        }

    def first(self, draft: Draft) -> bool:
        """Tell whether a draft with its key is written for the first time, and take note of it."""
        if _FIND_ONCE.all(self._connection, draft.once):
            return False
        _INSERT_ONCE.rows(self._connection, [(draft.once, to_us(draft.received))])
        return True

    def add(self, draft: Draft) -> None:
        """Take a message with all its filings and jobs."""
        filings = [filing for filing in draft.filings if filing.mailbox_id in self._addresses]
        if draft.filings and not filings:
            # Removed since it was named as recipient; a mailbox is never a dangling number.
            raise PermanentError(NO_SUCH_MAILBOX, cause="its mailboxes were removed meanwhile")
        received = to_us(draft.received)
        # What is imported may have been received years ago: it happens here now all the same.
        at = received if draft.origin is None else to_us(draft.origin.at)
        if draft.jobs or any(filing.folders for filing in filings):
            message_id = self._sequences.take("message")
            for job in draft.jobs:
                self._jobs.append(job_row(self._sequences.take("job"), message_id, received, job))
            self._messages.append(_message_row(message_id, received, draft))
            for filing in filings:
                self._add_places(message_id, received, at, draft, filing)
        self._events.append(_received_row(self._sequences.take("event"), at, draft))
        self._events += [self._filed_row(at, draft.queue_id, filing) for filing in filings]
        for filing in filings:
            self._counts.add(filing, at)

    def _add_places(
        self, message_id: int, received: int, at: int, draft: Draft, filing: Filing
    ) -> None:
        size = len(filing.prefix) + len(draft.prefix) + draft.content.size_octets
        for name in filing.folders:
            folder = self._folders.get((filing.mailbox_id, name))
            if folder is None:
                folder = self._make_folder(filing.mailbox_id, name, at)
            folder.modseq += 1
            self._places.append(
                (
                    self._sequences.take("place"),
                    folder.id,
                    filing.mailbox_id,
                    message_id,
                    folder.next_uid,
                    folder.modseq,
                    received,
                    size,
                    to_words(filing.flags),
                    to_words(filing.tags),
                    to_lines((filing.recipient, *filing.others)),
                    filing.prefix,
                )
            )
            folder.next_uid += 1
            self._used[filing.mailbox_id] += size

    def _make_folder(self, mailbox_id: int, name: str, now: int) -> _Folder:
        if name != INBOX and self._count_folders(mailbox_id) >= MAX_FOLDERS:
            inbox = self._find_folders({mailbox_id}, {INBOX}).get((mailbox_id, INBOX))
            # The one object of each folder counts its UIDs, also for the rest of this batch.
            folder = self._folders.setdefault((mailbox_id, INBOX), inbox) if inbox else None
            if folder is not None:
                return folder
            name = INBOX
        row = new_folder_row(self._sequences, mailbox_id, name, now)
        _INSERT_FOLDER.rows(self._connection, [row])
        folder = self._folders[mailbox_id, name] = _Folder(row[0], 1, 0)
        return folder

    def _count_folders(self, mailbox_id: int) -> int:
        query = select(func.count()).where(folder.c.mailbox_id == mailbox_id)
        count: int = self._connection.execute(query).scalar_one()
        return count

    def _filed_row(self, at: int, queue_id: str, filing: Filing) -> tuple[Any, ...]:
        address = self._addresses[filing.mailbox_id]
        recipient = to_key(filing.recipient)
        text = filing.outcome + (" in " + ", ".join(filing.folders) if filing.folders else "")
        if recipient != address:
            text += f", for {printable(recipient)}"
        return (
            self._sequences.take("event"),
            at,
            "filed",
            queue_id,
            address,
            storable(recipient) if recipient != address else None,
            storable(text),
            storable(trace_to_json(filing.trace)),
        )

    def write(self) -> None:
        """Send the rows, a table at a time."""
        connection = self._connection
        _INSERT_MESSAGE.rows(connection, self._messages)
        _INSERT_PLACE.rows(connection, self._places)
        _INSERT_JOB.rows(connection, self._jobs)
        _INSERT_EVENT.rows(connection, self._events)
        _ADVANCE_FOLDER.many(
            connection,
            [(folder.next_uid, folder.modseq, folder.id) for folder in self._folders.values()],
        )
        _GROW_MAILBOX.many(
            connection, [(octets, mailbox_id) for mailbox_id, octets in self._used.items()]
        )
        self._counts.save(connection)
        self._sequences.save()


def new_folder_row(
    sequences: Sequences, mailbox_id: int, name: str, now: int
) -> tuple[int, int, str, int, int, int]:
    """Return the row of an empty folder made at `now`, in the order of the table's columns.

    UIDVALIDITY is the time in seconds, so it also rises where a folder of that name was before,
    and where an older copy of the database is taken back (RFC 9051 §2.3.1.1).
    """
    uidvalidity = sequences.take("uidvalidity", least=now // 1_000_000)
    return sequences.take("folder"), mailbox_id, name, uidvalidity, 1, 0


def _message_row(message_id: int, received: int, draft: Draft) -> tuple[Any, ...]:
    client, content = draft.client, draft.content
    tls = client.tls
    return (
        message_id,
        draft.queue_id,
        received,
        client.door,
        client.address,
        client.port,
        storable(client.helo),
        client.protocol,
        f"{tls.version} {tls.cipher}" if tls else "",
        None if client.account is None else storable(client.account),
        client.session_id,
        storable(draft.sender),
        storable(draft.message_id),
        storable(draft.header_from),
        storable(draft.subject),
        content.size_octets,
        len(content.head),
        content.blob_id,
        draft.prefix,
        content.inline,
    )


def job_row(
    job_id: int, message_id: int, created: int, job: NewJob, key: str = ""
) -> tuple[Any, ...]:
    """Return the row of a job of a message that is written, `created` in microseconds.

    `key` stands in place of its own.
    """
    return (
        job_id,
        key or job.key,
        job.kind.value,
        job.lane,
        job.destination,
        storable(job.recipient),
        job.priority.value,
        (JobState.HELD if job.held else JobState.WAITING).value,
        to_us(job.not_before),
        created,
        to_us(job.expires),
        0,
        0,
        False,
        None,
        None,
        None,
        0,
        message_id,
        storable(job.payload),
    )


def _received_row(event_id: int, at: int, draft: Draft) -> tuple[Any, ...]:
    if draft.origin is not None:
        return _imported_row(event_id, at, draft, draft.origin)
    source = draft.client.address or "this host"
    text = (
        f"from <{printable(draft.sender)}> at {source} by {draft.client.protocol},"
        f" {draft.content.size_octets} octets"
    )
    sender = storable(to_key(draft.sender))
    return event_id, at, "received", draft.queue_id, sender, None, storable(text), ""


def _imported_row(event_id: int, at: int, draft: Draft, origin: Origin) -> tuple[Any, ...]:
    received = draft.received.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = (
        f"from {printable(origin.where, 500)}, received {received},"
        f" {draft.content.size_octets} octets"
    )
    sender = storable(to_key(draft.sender))
    return event_id, at, "imported", draft.queue_id, sender, None, storable(text), ""


def _event_row(event_id: int, event: Event) -> tuple[Any, ...]:
    return (
        event_id,
        to_us(event.at),
        event.kind,
        event.queue_id,
        storable(to_key(event.address)),
        None,
        storable(event.text),
        storable(event.detail),
    )
