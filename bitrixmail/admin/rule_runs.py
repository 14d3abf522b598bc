"""Rules applied to stored messages: looked at first, done in chunks, resumed, taken back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from twisted.internet.interfaces import IReactorTime

from bitrixmail.admin import typed
from bitrixmail.admin.accounts import no_such_mailbox
from bitrixmail.admin.moments import typed_moment
from bitrixmail.admin.rejudging import Rejudging, Verdict
from bitrixmail.interfaces.directory import IDirectory
from bitrixmail.interfaces.rule_runs import IRuleRuns
from bitrixmail.interfaces.rulebook import IRulebook
from bitrixmail.interfaces.threads import IThreads
from bitrixmail.model.errors import Fault, InputError, NotFoundError
from bitrixmail.model.rule import Rule, RuleSet
from bitrixmail.model.rule_run import (
    Chunk,
    Extent,
    RuleRun,
    RunState,
    TakenBack,
    Timers,
)
from bitrixmail.model.testimony import Testimony
from bitrixmail.model.text import printable
from bitrixmail.rules.judging import BODY_LIMIT_OCTETS, Judging
from bitrixmail.rules.words import nearest
from bitrixmail.tasks import utcnow

MANUAL = "manual"
SCHEDULE = "schedule"
# Places judged and changed at a time: a transaction stays well below a tenth of a second.
PAGE = 200
MAX_EXAMPLES = 5
MAX_LISTED = 1000
_LIST_RUNS = "see: bitrixmail rules runs list"


@dataclass(frozen=True, slots=True)
class Wish:
    """Which rules a person wants to apply to which messages, as typed; empty: all.

    With `dry_run` nothing will come of it but the preview. `outside`: what rules want done outside
    is done too; `again`: also what was done for a message before. `places`: of these messages
    alone.
    """

    rules: tuple[str, ...] = ()
    mailbox: str = ""
    folder: str = ""
    since: str = ""
    dry_run: bool = False
    outside: bool = False
    places: tuple[int, ...] = ()
    again: bool = False


@dataclass(slots=True)
class Counts:
    """What the rules would change. Made with a preview, counted up by it.

    `actions` counts by (rule, action), `effects` by what changes. `rejected` are messages a rule
    would refuse, which is too late for them. `faults` counts what was passed over, `left_out` what
    is not done outside, `before` what was done outside before, `acts` what is done now. `oldest` of
    the messages that are answered was received first.
    """

    judged: int = 0
    changes: int = 0
    discards: int = 0
    rejected: int = 0
    actions: Counter[tuple[str, str]] = field(default_factory=Counter)
    effects: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    before: Counter[str] = field(default_factory=Counter)
    acts: Counter[str] = field(default_factory=Counter)
    oldest: datetime | None = None
    examples: list[Verdict] = field(default_factory=list)

    def add(self, verdict: Verdict) -> None:
        """Count one message."""
        self.judged += 1
        self.rejected += verdict.rejected
        self.faults.update(verdict.faults)
        self.left_out.update(set(verdict.left_out))
        self.before.update(set(verdict.before))
        self.acts.update(set(verdict.acts))
        if "reply" in verdict.acts:
            received = verdict.place.received
            self.oldest = received if self.oldest is None else min(self.oldest, received)
        if verdict.refiling is None:
            return
        self.changes += 1
        self.discards += verdict.refiling.discard
        self.actions.update(set(verdict.done))
        self.effects.update(verdict.effects)
        if len(self.examples) < MAX_EXAMPLES:
            self.examples.append(replace(verdict, place=replace(verdict.place, head=b"")))


@dataclass(slots=True)
class Preview:
    """A look at what a run would do. Made by `look`, ends with its run. `run` is not stored yet."""

    run: RuleRun
    rejudging: Rejudging
    counts: Counts = field(default_factory=Counts)
    cursor: int = 0


@dataclass(slots=True)
class Work:
    """A run being carried out. Made by `begin` or `resume`, ends with it.

    `run` is as it is stored, `cursor` how far it was judged, `idle` how many places since then
    were to stay as they are.
    """

    run: RuleRun
    rejudging: Rejudging
    cursor: int
    idle: int = 0

    @property
    def judged(self) -> int:
        """How many places were judged so far, also those not yet noted."""
        return self.run.judged + self.idle


class RuleRuns:
    """The use cases of runs. Made by who composes, lives as long as it.

    Messages are judged in `threads`. Each call of `look_on`, `go_on` and `take_back` does a page
    of them: between two calls anything may happen, also the end of the process.
    """

    def __init__(
        self,
        rulebook: IRulebook,
        directory: IDirectory,
        store: IRuleRuns,
        threads: IThreads,
        clock: IReactorTime,
        *,
        judging: Judging,
        page: int = PAGE,
    ) -> None:
        self._rulebook = rulebook
        self._directory = directory
        self._store = store
        self._threads = threads
        self._clock = clock
        self._judging = judging
        self._page = page

    async def look(self, wish: Wish) -> Preview:
        """Begin to look at what the rules by hand would do. Raises InputError."""
        rules = await self._rulebook.current()
        occasion = _occasion(rules, wish)
        chosen = _chosen(rules, wish.rules, occasion)
        extent = await self._extent(wish)
        return await self.prepared(rules, chosen, occasion, extent)

    async def _extent(self, wish: Wish) -> Extent:
        mailbox = wish.mailbox and typed.address_key(wish.mailbox, "--mailbox")
        if mailbox and await self._directory.mailbox(mailbox) is None:
            raise NotFoundError(no_such_mailbox(mailbox))
        folder = wish.folder and typed.folder(wish.folder, "--folder")
        return Extent(
            mailbox,
            folder,
            self._since(wish.since),
            outside=wish.outside,
            places=wish.places,
            again=wish.again,
        )

    def _since(self, text: str) -> datetime | None:
        return typed_moment(text, "--since", self._judging.timezone) if text else None

    async def prepared(
        self, rules: RuleSet, chosen: Sequence[Rule], occasion: str, extent: Extent
    ) -> Preview:
        """Make a run of chosen rules ready. Raises InputError if they can't be compiled."""
        owners = {rule.mailbox or rule.domain for rule in chosen}
        limited = replace(extent, whose=() if "" in owners else tuple(sorted(owners)))
        ceiling, total = await self._store.measure(limited)
        run = RuleRun(
            id=0,
            started=utcnow(self._clock),
            author="",
            occasion=occasion,
            rule_set_version=rules.version,
            rules=tuple(rule.name for rule in chosen),
            extent=limited,
            ceiling=ceiling,
            total=total,
        )
        return Preview(run, await self._rejudging(rules, run))

    async def _rejudging(self, rules: RuleSet, run: RuleRun) -> Rejudging:
        names = frozenset(run.rules)
        chosen = replace(rules, rules=tuple(rule for rule in rules.rules if rule.name in names))
        return await self._threads.run(
            Rejudging,
            chosen,
            self._judging,
            run.occasion,
            run.extent.folder,
            outside=run.extent.outside or run.occasion == SCHEDULE,
            again=run.extent.again,
        )

    async def look_on(self, preview: Preview) -> bool:
        """Judge the next page without changing anything; False: that was the last."""
        verdicts = await self._judge(preview.run, preview.rejudging, preview.cursor)
        for verdict in verdicts:
            preview.counts.add(verdict)
        if verdicts:
            preview.cursor = verdicts[-1].place.id
        return len(verdicts) == self._page

    async def _judge(self, run: RuleRun, rejudging: Rejudging, cursor: int) -> list[Verdict]:
        places = await self._store.page(run.extent, cursor, run.ceiling, self._page)
        if rejudging.acts and places:
            known = await self._store.done([place.id for place in places])
            places = tuple(
                replace(place, done=known[place.id]) if place.id in known else place
                for place in places
            )
        now = utcnow(self._clock)
        if not rejudging.reads_body:
            return await self._threads.run(rejudging.judge, [(each, None) for each in places], now)
        verdicts: list[Verdict] = []
        for place in places:  # one content at a time in memory
            octets = await self._store.content(place.id, BODY_LIMIT_OCTETS)
            said: tuple[Testimony, ...] = ()
            if rejudging.reads_spam:
                mailbox = await self._directory.mailbox(place.mailbox)
                if mailbox is not None:
                    said = await rejudging.hear(place, octets, mailbox, now)
            verdicts += await self._threads.run(rejudging.judge, [(place, octets)], now, said)
        return verdicts

    async def begin(self, preview: Preview, author: str, timers: Timers | None = None) -> Work:
        """Store a run that was looked at, and begin it anew from the first message."""
        begun = replace(preview.run, author=author, started=utcnow(self._clock))
        run = await self._store.begin(begun, timers or Timers())
        preview.rejudging.start_again()
        return Work(run, preview.rejudging, run.cursor)

    async def go_on(self, work: Work) -> bool:
        """Judge the next page and carry out what is decided; False: the run is done.

        Raises InputError if another process carries the run on or took it back.
        """
        verdicts = await self._judge(work.run, work.rejudging, work.cursor)
        last = len(verdicts) < self._page
        if verdicts:
            work.cursor = verdicts[-1].place.id
            work.idle += len(verdicts)
        refilings = tuple(each.refiling for each in verdicts if each.refiling is not None)
        if refilings or last:
            run = work.run
            chunk = Chunk(run.id, run.cursor, work.cursor, work.idle, refilings, last=last)
            work.run = await self._store.refile(chunk)
            work.idle = 0
        return not last

    async def resume(self, run_id: int | None) -> Work:
        """Take an interrupted run up again where it was, by the rules with which it began.

        None: the last one that was interrupted. Raises NotFoundError, InputError.
        """
        run = await self._found(
            run_id, "was interrupted", lambda run: run.state is RunState.RUNNING
        )
        if run.state is not RunState.RUNNING:
            where = f"run {run.id}"
            raise InputError(Fault(where, f"is {run.state}, so it can't be resumed", _LIST_RUNS))
        rules = await self._rulebook.current()
        if rules.version != run.rule_set_version:
            rules = await self._rulebook.version(run.rule_set_version)
        return Work(run, await self._rejudging(rules, run), run.cursor)

    async def undoable(self, run_id: int | None) -> RuleRun:
        """Return a run that can be taken back; None: the last one. Raises NotFoundError."""
        return await self._found(
            run_id, "can be taken back", lambda run: run.state is not RunState.UNDONE
        )

    async def _found(
        self, run_id: int | None, what: str, wanted: Callable[[RuleRun], bool]
    ) -> RuleRun:
        if run_id is not None:
            run = await self._store.run(run_id)
            if run is None:
                raise NotFoundError(Fault(f"run {run_id}", "there is no such run", _LIST_RUNS))
            return run
        for run in await self._store.runs(MAX_LISTED):
            if wanted(run):
                return run
        raise NotFoundError(Fault("runs", f"there is none that {what}", _LIST_RUNS))

    async def take_back(self, run_id: int) -> TakenBack:
        """Take back the next changes of a run; it can't be resumed from then on."""
        return await self._store.take_back(run_id, self._page)

    async def listed(self, limit: int) -> tuple[RuleRun, ...]:
        """List the last runs, the newest first."""
        return await self._store.runs(min(limit, MAX_LISTED))


def _occasion(rules: RuleSet, wish: Wish) -> str:
    """Return as what the rules are asked: in a mere preview those of the clock as by the clock."""
    named = [rule for rule in rules.rules if rule.name in wish.rules]
    by_clock = all(SCHEDULE in rule.on for rule in named)
    by_hand = all(MANUAL in rule.on for rule in named)
    return SCHEDULE if wish.dry_run and by_clock and not by_hand else MANUAL


def _chosen(rules: RuleSet, names: Iterable[str], occasion: str) -> list[Rule]:
    """Choose the rules for a run by hand. Raises InputError with all that is wrong with them."""
    known = {rule.name: rule for rule in rules.rules}
    if not names:
        chosen = [rule for rule in rules.rules if _in_force(rules, rule) and MANUAL in rule.on]
        if chosen:
            return chosen
        remedy = 'bitrixmail rules import FILE; on = ["manual"] is one that may be applied'
        raise InputError(Fault("rules", "none is in force for use by hand", remedy))
    faults = []
    for name in names:
        where, rule = f'--rule "{printable(name, 80)}"', known.get(name)
        if rule is None:
            remedy = nearest(name, known, "see: bitrixmail rules list")
            faults.append(Fault(where, "there is no such rule", remedy))
        elif occasion not in rule.on:
            remedy = 'add "manual" to its on'
            if SCHEDULE in rule.on:
                remedy += ", or look at it by itself with --dry-run"
            faults.append(Fault(where, "is not for use by hand", remedy))
        elif not _in_force(rules, rule):
            faults.append(Fault(where, "is switched off", "switch it on, or its group"))
    if faults:
        raise InputError(*faults)
    wanted = set(names)
    return [rule for rule in rules.rules if rule.name in wanted]


def scheduled(rules: RuleSet) -> list[Rule]:
    """Return the rules in force that run by the clock."""
    return [rule for rule in rules.rules if _in_force(rules, rule) and SCHEDULE in rule.on]


def _in_force(rules: RuleSet, rule: Rule) -> bool:
    return rule.active and rule.group not in rules.groups_off
