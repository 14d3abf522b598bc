"""Mail brought in from files: each message once, in groups of one commit, resumable anywhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from bitrixmail.admin import typed
from bitrixmail.admin.accounts import no_such_mailbox
from bitrixmail.admin.mail_sources import Letter, Source
from bitrixmail.interfaces.directory import IDirectory
from bitrixmail.interfaces.rulebook import IRulebook
from bitrixmail.interfaces.store import IMessageStore
from bitrixmail.mime.addresses import parse_addresses
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.model.client import Client
from bitrixmail.model.directory import Mailbox
from bitrixmail.model.errors import Fault, NotFoundError
from bitrixmail.model.message import QUARANTINE, TRASH, Content, Draft, Filing, Origin
from bitrixmail.model.plan import Disposition, Plan, Trace
from bitrixmail.model.testimony import Testimony
from bitrixmail.model.text import printable
from bitrixmail.rules.engine import CompiledRules
from bitrixmail.rules.facts import Facts, Standing
from bitrixmail.rules.judging import BODY_LIMIT_OCTETS, Judging
from bitrixmail.rules.times import date_of
from bitrixmail.tasks import utcnow

_log = Logger()
# What one commit takes in: it stays below a tenth of a second, and so does the memory it needs.
_GROUP = 100
_GROUP_OCTETS = 4 * 1024 * 1024
_MAX_FAULTS = 1000
_MAX_TEXT = 998
_CLIENT = Client("", 0, "", door="import")
_OUTCOMES = {Disposition.QUARANTINE: "quarantined", Disposition.DISCARD: "discarded"}


class Sink(Protocol):
    """Takes the octets of one message, small ones into memory and larger ones to a file."""

    def write(self, data: bytes) -> Deferred[None] | None:
        """Take octets; a Deferred means: wait until it fires."""

    async def finish(self) -> Content:
        """Return the content, durable if it is a file. Raises TemporaryError."""

    def abort(self) -> None:
        """Forget it, also after `finish`."""


@dataclass(frozen=True, slots=True)
class Intake:
    """What the pipeline lends to an import: made by who composes."""

    sink: Callable[[], Sink]
    next_id: Callable[[], str]


@dataclass(slots=True)
class ImportReport:
    """What became of the messages so far. Made with its work, counted up by it.

    `known` came in before. `left_out` were removed or are no mail. `unread` could not be read.
    `overdue` are older than the mailbox keeps mail. `refusable` a rule would have refused, which
    is too late for them.
    """

    imported: int = 0
    known: int = 0
    left_out: int = 0
    unread: int = 0
    overdue: int = 0
    refusable: int = 0
    folders: Counter[str] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)
    more_faults: int = 0

    def note(self, fault: Fault) -> None:
        """Note what could not be taken, at length for the first ones."""
        if len(self.faults) < _MAX_FAULTS:
            self.faults.append(fault)
        else:
            self.more_faults += 1


@dataclass(slots=True)
class ImportWork:
    """An import being carried out. Made by `begin`, ends with it.

    `seen` are the digests of all letters so far, `again` how often those came that came again:
    a message that stands in a source twice arrives twice.
    """

    mailbox: Mailbox
    total: int
    letters: Iterator[Letter | Fault]
    rules: CompiledRules | None
    reached: int = 0
    seen: set[bytes] = field(default_factory=set)
    again: Counter[bytes] = field(default_factory=Counter)
    report: ImportReport = field(default_factory=ImportReport)

    def key(self, digest: bytes) -> bytes:
        """Return the key of a letter: its digest, and its number among those that look like it."""
        if digest not in self.seen:
            self.seen.add(digest)
            return digest
        self.again[digest] += 1
        return digest + self.again[digest].to_bytes(4, "big")


class MailImport:
    """The use case of imports. Made by who composes a face, lives as long as it.

    Each call of `go_on` does a group of messages; between two calls anything may happen, also the
    end of the process: the same import begun again passes over what is there already.
    """

    def __init__(
        self,
        messages: IMessageStore,
        directory: IDirectory,
        rulebook: IRulebook,
        intake: Intake,
        *,
        clock: IReactorTime,
        judging: Judging,
    ) -> None:
        self._messages = messages
        self._directory = directory
        self._rulebook = rulebook
        self._intake = intake
        self._clock = clock
        self._judging = judging

    def now(self) -> datetime:
        """Return the time of the import."""
        return utcnow(self._clock)

    async def begin(self, source: Source, address: str, *, by_rules: bool) -> ImportWork:
        """Begin to take a source into a mailbox; with rules those by hand choose the folder.

        Raises NotFoundError for no such mailbox, InputError for rules that can't be used.
        """
        key = typed.address_key(address, "--mailbox")
        mailbox = await self._directory.mailbox(key)
        if mailbox is None:
            raise NotFoundError(no_such_mailbox(key))
        rules = self._judging.compile(await self._rulebook.current()) if by_rules else None
        return ImportWork(mailbox, source.total, source.letters(), rules)

    async def go_on(self, work: ImportWork) -> bool:
        """Take in the next group; False if there was none. Raises InputError, OSError, MailError.

        What was taken in stays, whatever is raised.
        """
        group: list[tuple[bytes, Letter]] = []
        octets = 0
        ended = True
        for found in work.letters:
            if isinstance(found, Fault):
                work.report.note(found)
                continue
            work.reached = found.reached
            octets += self._look(work, found, group)
            if len(group) >= _GROUP or octets >= _GROUP_OCTETS:
                ended = False
                break
        await self._take_in(work, group)
        return not ended

    def _look(self, work: ImportWork, letter: Letter, group: list[tuple[bytes, Letter]]) -> int:
        """Give a letter its key and put it into the group; return its size."""
        if letter.marks.gone:
            work.report.left_out += 1
            return 0
        digest = blake2b(letter.folder.encode("utf-8", "replace") + b"\0", digest_size=16)
        size = 0
        try:
            for piece in letter.pieces():
                digest.update(piece)
                size += len(piece)
        except OSError as error:
            work.report.unread += 1
            work.report.note(_unreadable(letter, error))
            return 0
        if not size:
            work.report.note(Fault(printable(letter.where, 500), "is empty"))
            return 0
        group.append((work.key(digest.digest()), letter))
        return size

    async def _take_in(self, work: ImportWork, group: list[tuple[bytes, Letter]]) -> None:
        """Write those of a group that are not there yet, in one commit."""
        if not group:
            return
        mailbox_id = work.mailbox.id
        known = await self._messages.taken_in(mailbox_id, [key for key, _ in group])
        work.report.known += len(known)
        sinks: dict[bytes, Sink] = {}
        drafts: list[Draft] = []
        try:
            for key, letter in group:
                if key not in known:
                    sinks[key] = self._intake.sink()
                    draft = await self._draft(work, key, letter, sinks[key])
                    if draft is None:
                        sinks.pop(key).abort()
                    else:
                        drafts.append(draft)
            written = await self._messages.take_in(mailbox_id, drafts)
        except Exception:
            # Not where a person interrupts: the commit may be done, and the files be needed.
            for sink in sinks.values():
                sink.abort()
            raise
        for draft in drafts:
            if draft.origin is not None and draft.origin.key in written:
                self._count(work, draft)
                if draft.filings[0].folders:
                    del sinks[draft.origin.key]
        work.report.known += len(drafts) - len(written)
        for sink in sinks.values():
            sink.abort()

    def _count(self, work: ImportWork, draft: Draft) -> None:
        report = work.report
        report.imported += 1
        filing = draft.filings[0]
        report.folders[filing.folders[0] if filing.folders else ""] += 1
        days = work.mailbox.retention_days
        if days and filing.folders and draft.received < self.now() - timedelta(days=days):
            report.overdue += 1

    async def _draft(
        self, work: ImportWork, key: bytes, letter: Letter, sink: Sink
    ) -> Draft | None:
        """Read a letter into a sink and make what is written of it; None if it can't be read."""
        kept = bytearray()
        wanted = BODY_LIMIT_OCTETS if work.rules is not None and work.rules.reads_body else 0
        try:
            for piece in letter.pieces():
                kept += piece[: wanted - len(kept)]
                waiting = sink.write(piece)
                if waiting is not None:
                    await waiting
        except OSError as error:
            work.report.unread += 1
            work.report.note(_unreadable(letter, error))
            return None
        content = await sink.finish()
        headers = HeaderSection.parse(content.head)
        received = letter.received or date_of(headers.text("date")) or self.now()
        sender = _sender(letter, headers)
        facts = Facts(
            headers,
            sender=sender,
            size_octets=content.size_octets,
            octets=bytes(kept) if wanted else None,
            received=received,
            now=self.now(),
            timezone=self._judging.timezone,
        )
        self._judging.let_ask(facts)
        said: tuple[Testimony, ...] = ()
        if work.rules is not None and not letter.marks.deleted:
            heard = await self._judging.hear(work.rules, facts, [work.mailbox], "manual")
            said = next(iter(heard), ())
        return Draft(
            queue_id=self._intake.next_id(),
            received=received,
            client=_CLIENT,
            sender=sender,
            content=content,
            prefix=b"",
            message_id=headers.text("message-id")[:_MAX_TEXT],
            subject=headers.text("subject")[:_MAX_TEXT],
            header_from=headers.text("from")[:_MAX_TEXT],
            filings=(_filing(work, letter, facts, said),),
            origin=Origin(letter.where, key, self.now()),
        )


def _unreadable(letter: Letter, error: OSError) -> Fault:
    what = f"can't be read: {error.strerror or error}"
    remedy = "begin the same import again when it can: what is there already is passed over"
    return Fault(printable(letter.where, 500), what, remedy)


def _sender(letter: Letter, headers: HeaderSection) -> str:
    """Return the reverse-path: what the source says, else Return-Path, else From."""
    if letter.sender is not None:
        return letter.sender
    if headers.count("return-path"):
        return headers.text("return-path").strip().removeprefix("<").removesuffix(">")
    found = parse_addresses(headers.first("from") or b"", headers.decode, 1)
    return found[0].address if found else ""


def _filing(work: ImportWork, letter: Letter, facts: Facts, said: tuple[Testimony, ...]) -> Filing:
    """Decide where a letter goes; nothing is put before its octets, so they stay as they are."""
    address = work.mailbox.address
    folder = TRASH if letter.marks.deleted else letter.folder
    plan = _plan(work, letter, facts, folder, said)
    folders: tuple[str, ...] = (plan.folder, *(name for name in plan.copies if name != plan.folder))
    if plan.disposition is Disposition.QUARANTINE:
        folders = (QUARANTINE,)
    elif plan.disposition is Disposition.DISCARD:
        folders = ()
    elif plan.disposition is Disposition.REJECT:
        work.report.refusable += 1
    return Filing(
        mailbox_id=work.mailbox.id,
        recipient=address,
        outcome=_OUTCOMES.get(plan.disposition, "kept"),
        folders=folders,
        flags=plan.flags,
        tags=plan.tags,
        prefix=b"",
        trace=plan.trace,
    )


def _plan(
    work: ImportWork, letter: Letter, facts: Facts, folder: str, said: tuple[Testimony, ...]
) -> Plan:
    """Let the rules decide, if they are asked. What was thrown away stays thrown away."""
    marks = letter.marks
    trace = Trace(result=f"imported into {folder}")
    as_it_was = Plan(folder=folder, flags=marks.flags, tags=marks.tags, trace=trace)
    if work.rules is None or marks.deleted:
        return as_it_was
    address = work.mailbox.address
    standing = Standing(folder, set(marks.flags), set(marks.tags))
    try:
        return work.rules.judge(
            facts.for_mailbox(address, address, standing=standing, said=said),
            mailbox=address,
            domain=address.rpartition("@")[2],
            occasion="manual",
            folder=folder,
        )
    except Exception as error:  # noqa: BLE001 - one message must not end an import of many
        _log.failure("{where} could not be judged", where=letter.where)
        what = f"could not be judged, it is in {folder}: {type(error).__name__}"
        work.report.note(Fault(printable(letter.where, 500), what))
        return as_it_was
