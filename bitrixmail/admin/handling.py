"""Stored messages in the hands of a person: marked, moved, learned, passed on, sorted anew."""

from __future__ import annotations

import secrets
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TypeVar

from twisted.internet.interfaces import IReactorTime

from bitrixmail.admin import typed
from bitrixmail.admin.rule_runs import RuleRuns, Wish
from bitrixmail.admin.spam import Spam
from bitrixmail.interfaces.searching import ISearching
from bitrixmail.interfaces.store import IMessageStore
from bitrixmail.interfaces.threads import IThreads
from bitrixmail.model.errors import Fault, InputError, NotFoundError
from bitrixmail.model.job import NewJob
from bitrixmail.model.message import INBOX, QUARANTINE, TRASH
from bitrixmail.model.orders import job_of
from bitrixmail.model.plan import Plan
from bitrixmail.model.rule_run import RuleRun
from bitrixmail.model.searching import FLAGGED, READ, Change, Hit
from bitrixmail.model.work import Work
from bitrixmail.tasks import utcnow

MOST_AT_ONCE = 1000
SPAM = "Spam"
# One transaction each, far below a tenth of a second
_CHUNK = 200
_MOST_DOWNLOADED = 200
_MOST_OCTETS = 64 * 1024 * 1024
_BY_HAND = "by hand"
T = TypeVar("T")
_MARKS = {
    "read": Change(set_flags=frozenset({READ})),
    "unread": Change(clear_flags=frozenset({READ})),
    "flag": Change(set_flags=frozenset({FLAGGED})),
    "unflag": Change(clear_flags=frozenset({FLAGGED})),
}


@dataclass(frozen=True, slots=True)
class Deleted:
    """How many messages went to Trash, and how many for good."""

    aside: int
    gone: int


@dataclass(frozen=True, slots=True)
class Trained:
    """What came of lessons, in messages.

    `new` were not known as that before, `known` were; `moved` went to Spam or INBOX, `held` stay in
    the quarantine.
    """

    new: int
    known: int
    moved: int
    held: int

    @property
    def learned(self) -> int:
        """How many the filter knows as that now."""
        return self.new + self.known


class Handling:
    """See the module. Made by who composes a face, lives as long as it.

    Messages are named by their places; those that are gone are passed over. `who` stands in the
    event log. At most MOST_AT_ONCE at a time: InputError.
    """

    def __init__(
        self,
        store: ISearching,
        messages: IMessageStore,
        *,
        spam: Spam,
        runs: RuleRuns,
        threads: IThreads,
        clock: IReactorTime,
    ) -> None:
        self._store = store
        self._messages = messages
        self._spam = spam
        self._runs = runs
        self._threads = threads
        self._clock = clock

    async def chosen(self, place_ids: Sequence[int]) -> tuple[Hit, ...]:
        """Return what is there of these places, newest first."""
        return await self._store.places(_bounded(place_ids))

    async def mark(self, place_ids: Sequence[int], mark: str, who: str) -> int:
        """Mark as read, unread, flagged or not; return how many differ now."""
        if mark not in _MARKS:
            raise InputError(Fault("mark", "is none", f"one of {', '.join(_MARKS)}"))
        change = _MARKS[mark]
        return await self._changed(
            place_ids, Change("", change.set_flags, change.clear_flags, f"by {who}")
        )

    async def move(self, place_ids: Sequence[int], folder: str, who: str) -> int:
        """Move to a folder of their own mailboxes, made if it is missing."""
        return await self._changed(place_ids, Change(typed.folder(folder), why=f"by {who}"))

    async def gone_for_good(self, place_ids: Sequence[int]) -> int:
        """Tell how many of these would not go to Trash if they were deleted."""
        return sum(hit.folder == TRASH for hit in await self.chosen(place_ids))

    async def delete(self, place_ids: Sequence[int], who: str) -> Deleted:
        """Move to Trash; what lies there already is gone for good."""
        hits = await self.chosen(place_ids)
        there = [hit.key.place_id for hit in hits if hit.folder == TRASH]
        others = [hit.key.place_id for hit in hits if hit.folder != TRASH]
        aside = await self._changed(others, Change(TRASH, why=f"by {who}"))
        return Deleted(aside, sum([await self._store.delete(part) for part in _chunks(there)]))

    async def train(self, place_ids: Sequence[int], who: str, *, spam: bool) -> Trained:
        """Learn messages as spam or as none, and put them where such mail belongs.

        Spam goes to Spam, but stays where it is in quarantine: nobody sees it there. What is none
        goes from either to INBOX; elsewhere it lies where its reader wants it.
        """
        hits = await self.chosen(place_ids)
        queue_ids = list(dict.fromkeys(hit.queue_id for hit in hits))
        new = known = 0
        for part in _chunks(queue_ids):
            learned = await self._spam.learn(part, "", spam=spam)
            new += learned.new + learned.changed
            known += learned.known
        aside = {SPAM, QUARANTINE}
        wrong = [hit.key.place_id for hit in hits if (hit.folder in aside) is not spam]
        moved = await self._changed(wrong, Change(SPAM if spam else INBOX, why=f"by {who}"))
        held = sum(spam and hit.folder == QUARANTINE for hit in hits)
        return Trained(new, known, moved, held)

    async def send_on(self, place_ids: Sequence[int], address: str) -> int:
        """Have messages passed on as they are, as the action `forward` does; return how many."""
        target = typed.address_key(address)
        now = utcnow(self._clock)
        orders: dict[str, tuple[int, NewJob]] = {}
        for hit in await self.chosen(place_ids):
            work = Work("forward", _BY_HAND, 0, own=True, argument=target)
            plan = Plan(folder=hit.folder, flags=hit.flags, tags=hit.tags)
            key = f"{hit.queue_id}:forward:{secrets.token_hex(8)}"
            recipient = hit.recipients[0] if hit.recipients else hit.mailbox
            job = job_of(key, work, plan, hit.mailbox, recipient, now)
            orders.setdefault(hit.queue_id, (hit.key.place_id, job))
        return sum([await self._store.order(part) for part in _chunks(list(orders.values()))])

    async def apply_rules(
        self, place_ids: Sequence[int], who: str, *, outside: bool = False
    ) -> RuleRun:
        """Sort messages by the rules that are for use by hand; return the run, to be taken back."""
        wish = Wish(outside=outside, places=tuple(_bounded(place_ids)))
        work = await self._runs.begin(await self._runs.look(wish), who)
        while await self._runs.go_on(work):
            pass
        return work.run

    async def download(self, place_ids: Sequence[int]) -> bytes:
        """Return messages as an archive of files (.zip). Raises InputError for too many."""
        hits = {hit.queue_id: hit for hit in await self.chosen(place_ids)}
        if not hits:
            raise NotFoundError(Fault("messages", "none of them is there any more"))
        octets = sum(hit.size_octets for hit in hits.values())
        if len(hits) > _MOST_DOWNLOADED or octets > _MOST_OCTETS:
            what = f"at most {_MOST_DOWNLOADED} messages and 64 MiB go at once"
            raise InputError(Fault("messages", what, "choose fewer"))
        files = [(f"{each}.eml", await self._messages.export(each)) for each in hits]
        return await self._threads.run(_archive, files)

    async def _changed(self, place_ids: Sequence[int], change: Change) -> int:
        parts = _chunks(_bounded(place_ids))
        return sum([await self._store.change(part, change) for part in parts])


def _bounded(place_ids: Sequence[int]) -> list[int]:
    found = list(dict.fromkeys(place_ids))
    if len(found) > MOST_AT_ONCE:
        what = f"at most {MOST_AT_ONCE} can be handled at once"
        raise InputError(Fault("messages", what, "choose fewer"))
    return found


def _chunks(some: Sequence[T]) -> Iterable[Sequence[T]]:
    return (some[start : start + _CHUNK] for start in range(0, len(some), _CHUNK))


def _archive(files: Sequence[tuple[str, bytes]]) -> bytes:
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, octets in files:
            archive.writestr(name, octets)
    return made.getvalue()
