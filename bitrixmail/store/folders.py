"""Folders while one transaction moves places between them. Runs in the writer's thread."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select, update

from bitrixmail.store.appending import new_folder_row
from bitrixmail.store.prepared import Prepared, PreparedInsert
from bitrixmail.store.schema import folder
from bitrixmail.store.sequences import Sequences

_COLUMNS = (
    folder.c.id,
    folder.c.mailbox_id,
    folder.c.name,
    folder.c.next_uid,
    folder.c.modseq,
)
_BY_ID = Prepared(select(*_COLUMNS).where(folder.c.id == bindparam("of")), ["of"])
_BY_NAME = Prepared(
    select(*_COLUMNS).where(
        folder.c.mailbox_id == bindparam("mailbox"), folder.c.name == bindparam("called")
    ),
    ["mailbox", "called"],
)
_SAVE = Prepared(
    update(folder)
    .values({folder.c.next_uid: bindparam("uid"), folder.c.modseq: bindparam("seq")})
    .where(folder.c.id == bindparam("of")),
    ["uid", "seq", "of"],
)
_INSERT = PreparedInsert(folder)


@dataclass(slots=True)
class Folder:
    """One folder. Made by Folders, ends with them."""

    id: int
    mailbox_id: int
    name: str
    next_uid: int
    modseq: int
    touched: bool = False

    def touch(self) -> int:
        """Return the MODSEQ of all that this transaction changes here (RFC 7162 §3.1.2.1)."""
        if not self.touched:
            self.touched = True
            self.modseq += 1
        return self.modseq

    def take_uid(self) -> int:
        """Return the next UID."""
        self.next_uid += 1
        return self.next_uid - 1


class Folders:
    """The folders a transaction deals with, each one object. Made for it; `save` before it ends.

    Nobody else changes folders in that transaction from the first question on.
    """

    def __init__(self, connection: Connection, sequences: Sequences, now: int) -> None:
        self._connection = connection
        self._sequences = sequences
        self._now = now
        self._by_id: dict[int, Folder] = {}
        self._by_name: dict[tuple[int, str], Folder] = {}

    def of(self, folder_id: int) -> Folder | None:
        """Return a folder by its id; None if there is none any more."""
        found = self._by_id.get(folder_id)
        if found is None:
            for row in _BY_ID.all(self._connection, folder_id):
                found = self._known(Folder(*row))
        return found

    def named(self, mailbox_id: int, name: str) -> Folder:
        """Return a mailbox's folder, made if it is missing."""
        found = self._by_name.get((mailbox_id, name))
        if found is not None:
            return found
        for row in _BY_NAME.all(self._connection, mailbox_id, name):
            return self._known(Folder(*row))
        row = new_folder_row(self._sequences, mailbox_id, name, self._now)
        _INSERT.rows(self._connection, [row])
        return self._known(Folder(row[0], mailbox_id, name, next_uid=1, modseq=0))

    def _known(self, found: Folder) -> Folder:
        self._by_name[found.mailbox_id, found.name] = found
        return self._by_id.setdefault(found.id, found)

    def save(self) -> None:
        """Write what was given out."""
        rows = [(each.next_uid, each.modseq, each.id) for each in self._by_id.values()]
        _SAVE.many(self._connection, [row for row in rows if self._by_id[row[2]].touched])
