"""Stored messages judged again: what the rules of a run want to be otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from twisted.logger import Logger

from bitrixmail.mime.headers import HeaderSection
from bitrixmail.model.directory import Mailbox
from bitrixmail.model.job import NewJob
from bitrixmail.model.message import QUARANTINE, TRASH
from bitrixmail.model.orders import job_of, work_mark, work_name
from bitrixmail.model.plan import Disposition, Plan
from bitrixmail.model.rule import Rule, RuleSet
from bitrixmail.model.rule_run import Refiling, StoredPlace
from bitrixmail.model.testimony import Testimony
from bitrixmail.model.text import printable
from bitrixmail.model.work import KIND_OF, Work
from bitrixmail.rules.actions import SEEN
from bitrixmail.rules.conditions import tests_of
from bitrixmail.rules.facts import Facts, Standing
from bitrixmail.rules.judging import Judging

_log = Logger()
# What people or rules threw away comes back only if a rule says that it means these folders.
SET_ASIDE = frozenset({TRASH, QUARANTINE})
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules want of one place. `refiling` is None if it is to stay as it is.

    `done` are (rule, action) pairs of the rules that matched, `effects` say in words what would
    change. `rejected`: a rule would refuse it, which is too late. `faults`: rules passed over.
    `left_out`: what rules want done outside, and is not done in this run; `before`: what was done
    for this message before; `acts`: what is done now.
    """

    place: StoredPlace
    refiling: Refiling | None
    done: tuple[tuple[str, str], ...] = ()
    effects: tuple[str, ...] = ()
    rejected: bool = False
    faults: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    acts: tuple[str, ...] = ()


class Rejudging:
    """The rules of one run made ready. Made when it begins or is resumed, ends with it.

    `outside`: what they want done outside is done too; `again`: also where it was done before.
    Works in any thread, one at a time. Raises InputError for rules that can't be compiled.
    """

    def __init__(
        self,
        rules: RuleSet,
        judging: Judging,
        occasion: str,
        folder: str,
        *,
        outside: bool = False,
        again: bool = False,
    ) -> None:
        self._outside = outside
        self._again = again
        self.acts = outside and any(
            action.do in KIND_OF for rule in rules.rules for action in rule.actions
        )
        self._judging = judging
        self._occasion = occasion
        # (mailbox, message, folder) of copies wanted so far, where a message has several places.
        self._copies: set[tuple[str, str, str]] = set()
        self._rules = judging.compile(rules)
        self._meant = folder in SET_ASIDE
        self._meaning = frozenset(rule.name for rule in rules.rules if _names_folders(rule))

    @property
    def reads_body(self) -> bool:
        """Whether any rule looks behind the header section."""
        return self._rules.reads_body

    def start_again(self) -> None:
        """Forget what was judged: none of it was carried out."""
        self._copies.clear()

    @property
    def reads_spam(self) -> bool:
        """Whether any rule wants to know what checks find."""
        return self._rules.reads_spam

    async def hear(
        self, place: StoredPlace, octets: bytes, mailbox: Mailbox, now: datetime
    ) -> tuple[Testimony, ...]:
        """Return what checks find now. Called in the reactor's thread."""
        facts = self._facts(place, octets, now)
        return next(
            iter(await self._judging.hear(self._rules, facts, [mailbox], self._occasion)), ()
        )

    def judge(
        self,
        places: Sequence[tuple[StoredPlace, bytes | None]],
        now: datetime,
        said: tuple[Testimony, ...] = (),
    ) -> list[Verdict]:
        """Judge places, each with its content if a rule looks into that, and what checks found."""
        return [self._judge(place, octets, now, said) for place, octets in places]

    def _facts(self, place: StoredPlace, octets: bytes | None, now: datetime) -> Facts:
        return Facts(
            HeaderSection.parse(place.head),
            sender=place.sender,
            size_octets=place.size_octets,
            octets=octets,
            received=place.received,
            now=now,
            timezone=self._judging.timezone,
        )

    def _judge(
        self,
        place: StoredPlace,
        octets: bytes | None,
        now: datetime,
        said: tuple[Testimony, ...],
    ) -> Verdict:
        try:
            facts = self._judging.let_ask(self._facts(place, octets, now))
            standing = Standing(place.folder, set(place.flags), set(place.tags))
            plan = self._rules.judge(
                facts.for_mailbox(place.mailbox, *place.recipients, standing=standing, said=said),
                mailbox=place.mailbox,
                domain=place.mailbox.rpartition("@")[2],
                occasion=self._occasion,
                folder=place.folder,
            )
        except Exception as error:  # noqa: BLE001 - one message must not end a run over all
            _log.failure("message {queue_id} could not be judged", queue_id=place.queue_id)
            return Verdict(place, None, faults=(f"a bug: {type(error).__name__}",))
        if place.folder in SET_ASIDE and not self._meant and not self._means(plan):
            return Verdict(place, None)
        return self._verdict(place, plan, now)

    def _means(self, plan: Plan) -> bool:
        """Tell whether any rule that matched says something of folders."""
        return any(step.matched and step.rule in self._meaning for step in plan.trace.steps)

    def _verdict(self, place: StoredPlace, plan: Plan, now: datetime) -> Verdict:
        """Compare a plan with where and how its message is."""
        steps = plan.trace.steps
        matched = [step for step in steps if step.matched]
        faults = tuple(
            f'rule "{printable(step.rule)}" {step.fault}' for step in steps if step.fault
        )
        rejected = plan.disposition is Disposition.REJECT
        why = ", ".join(f'"{printable(step.rule, _SHOWN)}"' for step in matched)
        refiling = self._once(place, refiling_of(place, plan, why))
        left_out: tuple[str, ...] = ()
        before: tuple[str, ...] = ()
        works = [work for work in plan.work if self._outside]
        if self._outside:
            before = tuple(work.do for work in works if work_mark(work) in place.done)
            if not self._again:
                works = [work for work in works if work_mark(work) not in place.done]
            refiling = replace(refiling, jobs=tuple(jobs_of(place, plan, works, now)))
        else:
            left_out = tuple(work.do for work in plan.work)
        if not changes_anything(place, refiling):
            return Verdict(
                place, None, rejected=rejected, faults=faults, left_out=left_out, before=before
            )
        acts = tuple(work.do for work in works)
        done = tuple(
            (step.rule, action)
            for step in matched
            for action in step.actions
            if (word := action.partition(" ")[0]) not in KIND_OF or word in acts
        )
        effects = tuple(effects_of(place, refiling))
        return Verdict(place, refiling, done, effects, rejected, faults, left_out, before, acts)

    def _once(self, place: StoredPlace, refiling: Refiling) -> Refiling:
        """Leave out copies that another place of the same message has asked for already."""
        if not (refiling.copies and place.elsewhere):
            return refiling
        keys = {name: (place.mailbox, place.queue_id, name) for name in refiling.copies}
        new = tuple(name for name, key in keys.items() if key not in self._copies)
        self._copies.update(keys.values())
        return replace(refiling, copies=new)


def _names_folders(rule: Rule) -> bool:
    return any(test.field == "folder" for test in tests_of(rule.condition))


def refiling_of(place: StoredPlace, plan: Plan, why: str) -> Refiling:
    """Turn a plan into what becomes of a place; `why` names the rules."""
    if plan.disposition is Disposition.DISCARD:
        return Refiling(
            place.id, place.modseq, None, (), place.flags, place.tags, discard=True, why=why
        )
    folder: str | None = plan.folder if plan.folder != place.folder else None
    if place.folder in plan.copies and folder in place.elsewhere:
        folder = None  # both are there already: this one is the copy
    copies = tuple(
        name
        for name in plan.copies
        if name not in place.elsewhere and (name != place.folder or folder is not None)
    )
    return Refiling(place.id, place.modseq, folder, copies, plan.flags, plan.tags, why=why)


def jobs_of(
    place: StoredPlace, plan: Plan, works: Iterable[Work], now: datetime
) -> Iterator[NewJob]:
    """Yield the jobs of works that are to be done outside; their keys are those within a run."""
    recipient = place.recipients[0] if place.recipients else place.mailbox
    for work in works:
        key = f"{place.queue_id}:{work_name(work, place.mailbox)}"
        yield job_of(key, work, plan, place.mailbox, recipient, now)


def changes_anything(place: StoredPlace, refiling: Refiling) -> bool:
    """Tell whether a place would differ."""
    marked = (refiling.flags, refiling.tags) != (place.flags, place.tags)
    moved = refiling.folder is not None or bool(refiling.copies) or refiling.discard
    return marked or moved or bool(refiling.jobs)


def effects_of(place: StoredPlace, refiling: Refiling) -> Iterator[str]:
    """Say in plain words what a refiling changes."""
    yield from (f"to be done: {new.kind} {new.destination}".rstrip() for new in refiling.jobs)
    if refiling.discard:
        yield "discard for good"
        return
    if refiling.folder is not None:
        yield f"move to {refiling.folder}"
    yield from (f"copy to {name}" for name in refiling.copies)
    yield from _marks(refiling.flags - place.flags, "set", "mark as read")
    yield from _marks(place.flags - refiling.flags, "clear", "mark as unread")
    yield from (f"tag {tag}" for tag in sorted(refiling.tags - place.tags))
    yield from (f"untag {tag}" for tag in sorted(place.tags - refiling.tags))


def _marks(flags: Iterable[str], verb: str, seen: str) -> Iterator[str]:
    for flag in sorted(flags):
        yield seen if flag == SEEN else f"{verb} {flag}"
