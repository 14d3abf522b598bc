"""A message: its content, what is written of it in one commit, and what is read back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bitrixmail.model.client import Client
from bitrixmail.model.job import NewJob
from bitrixmail.model.plan import Trace

INBOX = "INBOX"
TRASH = "Trash"
QUARANTINE = "Quarantine"


@dataclass(frozen=True, slots=True)
class Content:
    """The octets of a message as they came: CRLF lines, un-dotted, immutable.

    Just one of `inline` (the octets) and `blob_id` (a name in the blob store) is given.
    `head` holds the first octets: the header section with the empty line behind it, or as much
    of it as the limit allows (then `head_complete` is False).
    """

    size_octets: int
    head: bytes
    head_complete: bool
    inline: bytes | None = None
    blob_id: str | None = None


@dataclass(frozen=True, slots=True)
class Filing:
    """What becomes of a message for one mailbox.

    `folders` holds the folders that get a place, the first being where it was moved; none: it
    was refused or discarded and only the trace remains. `recipient` is the address that led here
    first, `others` are those that did too. `outcome` is one of kept, quarantined, discarded,
    rejected. `prefix` (Return-Path, Delivered-To) is put before what this mailbox reads.
    """

    mailbox_id: int
    recipient: str
    outcome: str
    folders: tuple[str, ...]
    flags: frozenset[str]
    tags: frozenset[str]
    prefix: bytes
    trace: Trace
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an imported message came from. Made by an import for each message.

    `key` is the same whenever this message is met again in what it came from; `at` is the time of
    the import, while the draft's `received` is the time the message had there.
    """

    where: str
    key: bytes
    at: datetime


@dataclass(frozen=True, slots=True)
class Draft:
    """All that one commit writes of one message; `origin` is given for one that is imported.

    `once`: of several messages with this key only the first is written; the others are as well.
    """

    queue_id: str
    received: datetime
    client: Client
    sender: str
    content: Content
    prefix: bytes
    message_id: str
    subject: str
    header_from: str
    filings: tuple[Filing, ...]
    origin: Origin | None = None
    jobs: tuple[NewJob, ...] = ()
    once: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A message in a folder. `size_octets` counts what a reader gets, prefixes included."""

    id: int
    uid: int
    modseq: int
    queue_id: str
    size_octets: int
    flags: frozenset[str]
    tags: frozenset[str]


@dataclass(frozen=True, slots=True)
class FolderView:
    """A folder as it stood at one moment, places by rising UID (RFC 9051 §2.3.1.1)."""

    id: int
    mailbox_id: int
    name: str
    uidvalidity: int
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class FolderIndex:
    """The same, as far as a reader that knows no flags needs it: columns, by rising UID.

    `sizes` count octets as `Place.size_octets` does. Numbers in rows of their own, not objects:
    a folder may hold 100,000 messages.
    """

    id: int
    mailbox_id: int
    name: str
    uidvalidity: int
    place_ids: Sequence[int]
    uids: Sequence[int]
    sizes: Sequence[int]


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of a message listing. `recipients` are the addresses that led here, in order.

    `place_id` is its place in that folder, never used twice.
    """

    queue_id: str
    mailbox: str
    folder: str
    uid: int
    received: datetime
    sender: str
    header_from: str
    subject: str
    size_octets: int
    flags: frozenset[str]
    tags: frozenset[str]
    recipients: tuple[str, ...] = ()
    place_id: int = 0


@dataclass(frozen=True, slots=True)
class Behind:
    """Where a listing goes on: behind this line, which may be gone meanwhile.

    Within one folder it goes by `uid`, else by `received` and `place_id`.
    """

    received: datetime
    place_id: int
    uid: int = 0


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of the event log: what happened, to which message, for which address.

    `kind` is a stable code: received, filed, refused, moved, deleted, expired, …;
    `detail` is JSON (for `filed`: the trace). `queue_id` is empty where no message exists.
    """

    at: datetime
    kind: str
    queue_id: str
    address: str
    text: str
    detail: str = ""
