"""What the rules decided about stored messages is carried out, chunk by chunk, and taken back.

Runs in the writer's thread. Each chunk is one transaction, together with the cursor of its run and
the journal by which it is taken back: whenever a process dies, all three tell the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, update

from bitrixmail.model.errors import Fault, InputError, NotFoundError
from bitrixmail.model.rule_run import Chunk, Refiling, RuleRun, RunState, TakenBack
from bitrixmail.model.text import printable
from bitrixmail.store import removal
from bitrixmail.store.journal import read_run
from bitrixmail.store.ordering import order_jobs
from bitrixmail.store.prepared import PreparedInsert
from bitrixmail.store.schema import rule_change, rule_run
from bitrixmail.store.shifting import Found, Shift, find_place

_INSERT_CHANGE = PreparedInsert(rule_change)
_ADVANCE = (
    update(rule_run)
    .where(rule_run.c.id == bindparam("of"))
    .values(
        cursor=bindparam("now"),
        judged=rule_run.c.judged + bindparam("more_judged"),
        changed=rule_run.c.changed + bindparam("more_changed"),
        stale=rule_run.c.stale + bindparam("more_stale"),
        state=bindparam("how"),
    )
)
_SET_STATE = update(rule_run).where(rule_run.c.id == bindparam("of")).values(state=bindparam("how"))
_CHANGES = (
    select(rule_change)
    .where(rule_change.c.run_id == bindparam("of"))
    .order_by(rule_change.c.place_id)
    .limit(bindparam("most"))
)
_FORGET_CHANGES = delete(rule_change).where(
    rule_change.c.run_id == bindparam("of"), rule_change.c.place_id <= bindparam("upto")
)


@dataclass(frozen=True, slots=True)
class Carrying:
    """A chunk, and the time in microseconds."""

    chunk: Chunk
    now: int


@dataclass(frozen=True, slots=True)
class TakingBack:
    """How many changes of a run to take back, at a time in microseconds."""

    run_id: int
    limit: int
    now: int


def refile(connection: Connection, items: Sequence[Carrying]) -> list[RuleRun]:
    """Carry chunks out. Raises InputError for one that is not the next of its run."""
    return [_refile(connection, item.chunk, item.now) for item in items]


def _refile(connection: Connection, chunk: Chunk, now: int) -> RuleRun:
    run = read_run(connection, chunk.run_id)
    if run is None or run.state is not RunState.RUNNING or run.cursor != chunk.before:
        what = "another process carries it on, or took it back"
        raise InputError(Fault(f"run {chunk.run_id}", what, "see: bitrixmail rules runs list"))
    pairs = [
        (refiling, found)
        for refiling in chunk.refilings
        if (found := find_place(connection, refiling.place_id)) is not None
        and found.modseq == refiling.modseq
    ]
    ordered = [(found.id, new) for refiling, found in pairs for new in refiling.jobs]
    order_jobs(connection, ordered, f"run{chunk.run_id}:", now)
    gone = [refiling.place_id for refiling, _ in pairs if refiling.discard]
    removal.remove_places(connection, gone, now)  # before anybody counts in the folders
    shift = Shift(connection, now)
    changes = [_carry_out(shift, chunk.run_id, *pair) for pair in pairs]
    _INSERT_CHANGE.rows(connection, changes)
    shift.write()
    connection.execute(
        _ADVANCE,
        {
            "of": chunk.run_id,
            "now": chunk.cursor,
            "more_judged": chunk.judged,
            "more_changed": len(pairs),
            "more_stale": len(chunk.refilings) - len(pairs),
            "how": RunState.DONE if chunk.last else RunState.RUNNING,
        },
    )
    done = read_run(connection, chunk.run_id)
    if done is None:
        raise RuntimeError("a run is gone within its transaction")
    return done


def _carry_out(shift: Shift, run_id: int, refiling: Refiling, found: Found) -> tuple[Any, ...]:
    """Do what was decided for one place; return its row of the journal."""
    by = f"by {refiling.why} (run {run_id})"
    if refiling.discard:
        shift.note("discarded", found.queue_id, found.address, f"for good, {by}")
        return (run_id, found.id, found.queue_id, found.folder_id, found.folder_id, "", "", True)
    flags, tags = refiling.flags, refiling.tags
    copies = []
    for name in refiling.copies:
        copied = shift.folders.named(found.mailbox_id, name)
        copies.append([*shift.copy(found, copied, flags, tags), name])
    target = None
    if refiling.folder is not None:
        target = shift.folders.named(found.mailbox_id, refiling.folder)
    if target is not None or (flags, tags) != (found.flags, found.tags):
        shift.put(found, target, flags, tags)
    words = _Words.between(found, flags, tags)
    told = [f"to {target.name}"] if target is not None else []
    told += [f"copied to {name}" for name in refiling.copies]
    told += words.told()
    told += [f"to be done: {new.kind} {new.destination}".rstrip() for new in refiling.jobs]
    kind = "moved" if target is not None else "copied" if copies else words.kind
    if refiling.jobs and kind == words.kind and not words.told():
        kind = "ordered"
    shift.note(kind, found.queue_id, found.address, ", ".join([*told, by]))
    to_folder = found.folder_id if target is None else target.id
    return (
        run_id,
        found.id,
        found.queue_id,
        found.folder_id,
        to_folder,
        words.dump(),
        json.dumps(copies) if copies else "",
        False,
    )


@dataclass(frozen=True, slots=True)
class _Words:
    """Flags and tags that were set and cleared."""

    flags_set: list[str] = field(default_factory=list)
    flags_cleared: list[str] = field(default_factory=list)
    tags_set: list[str] = field(default_factory=list)
    tags_cleared: list[str] = field(default_factory=list)

    @classmethod
    def between(cls, found: Found, flags: frozenset[str], tags: frozenset[str]) -> _Words:
        """Tell what must be set and cleared for a place to have these."""
        return cls(
            sorted(flags - found.flags),
            sorted(found.flags - flags),
            sorted(tags - found.tags),
            sorted(found.tags - tags),
        )

    @classmethod
    def load(cls, text: str) -> _Words:
        """Read what `dump` wrote."""
        return cls(*json.loads(text)) if text else cls()

    def dump(self) -> str:
        """Write them as JSON, nothing as an empty text."""
        lists = [self.flags_set, self.flags_cleared, self.tags_set, self.tags_cleared]
        return json.dumps(lists, ensure_ascii=False) if any(lists) else ""

    @property
    def kind(self) -> str:
        """The kind of the event that tells of them."""
        return "flagged" if self.flags_set or self.flags_cleared else "tagged"

    def told(self) -> list[str]:
        """Return them in words."""
        said = zip(
            ("set", "cleared", "tagged", "untagged"),
            (self.flags_set, self.flags_cleared, self.tags_set, self.tags_cleared),
            strict=True,
        )
        return [f"{verb} {word}" for verb, words in said for word in words]

    def undone(self, found: Found) -> tuple[frozenset[str], frozenset[str]]:
        """Return the flags and tags of a place without what was set, with what was cleared."""
        return (
            (found.flags - frozenset(self.flags_set)) | frozenset(self.flags_cleared),
            (found.tags - frozenset(self.tags_set)) | frozenset(self.tags_cleared),
        )


def take_back(connection: Connection, items: Sequence[TakingBack]) -> list[TakenBack]:
    """Take back the first changes that a run still has in its journal, and strike them out."""
    return [_take_back(connection, item) for item in items]


def _take_back(connection: Connection, item: TakingBack) -> TakenBack:
    if read_run(connection, item.run_id) is None:
        remedy = "see: bitrixmail rules runs list"
        raise NotFoundError(Fault(f"run {item.run_id}", "there is no such run", remedy))
    changes = connection.execute(_CHANGES, {"of": item.run_id, "most": item.limit}).all()
    notes: list[str] = []
    _remove_copies(connection, changes, notes, item.now)
    shift = Shift(connection, item.now)
    count = sum(_put_back(connection, shift, change, notes) for change in changes)
    shift.write()
    more = len(changes) == item.limit
    if changes:
        of = {"of": item.run_id, "upto": changes[-1].place_id}
        connection.execute(_FORGET_CHANGES, of)
    state = RunState.UNDOING if more else RunState.UNDONE
    connection.execute(_SET_STATE, {"of": item.run_id, "how": state})
    return TakenBack(count, tuple(notes), more)


def _remove_copies(
    connection: Connection, changes: Iterable[Any], notes: list[str], now: int
) -> None:
    """Remove the copies that a run made and nobody has changed since."""
    gone = []
    for change in changes:
        for place_id, modseq, name in json.loads(change.copies) if change.copies else ():
            found = find_place(connection, place_id)
            if found is not None and found.modseq == modseq:
                gone.append(place_id)
            elif found is not None:
                what = "the copy was changed meanwhile, so it stays"
                notes.append(f"{change.queue_id} in {printable(name)}: {what}")
    removal.remove_places(connection, gone, now)


def _put_back(connection: Connection, shift: Shift, change: Any, notes: list[str]) -> bool:
    """Take one change back as far as people left it alone; tell whether anything was done."""
    found = None if change.discarded else find_place(connection, change.place_id)
    if found is None:
        what = "was discarded, which is for good" if change.discarded else "is gone meanwhile"
        notes.append(f"{change.queue_id}: {what}")
        return False
    target = None
    if change.to_folder not in (change.from_folder, found.folder_id):
        if found.folder_id != change.from_folder:
            notes.append(f"{change.queue_id}: was moved meanwhile, so it stays where it is")
    elif change.to_folder != change.from_folder:
        target = shift.folders.of(change.from_folder)
        if target is None:
            notes.append(f"{change.queue_id}: the folder where it was is gone, so it stays")
    words = _Words.load(change.words)
    flags, tags = words.undone(found)
    if target is None and (flags, tags) == (found.flags, found.tags):
        return bool(change.copies)
    shift.put(found, target, flags, tags)
    by = f"taken back (run {change.run_id})"
    text = by if target is None else f"back to {target.name}, {by}"
    shift.note(words.kind if target is None else "moved", found.queue_id, found.address, text)
    return True
