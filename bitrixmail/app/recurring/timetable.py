"""Rules that run by the clock, over all stored messages they hold for."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from bitrixmail.admin.rule_runs import SCHEDULE, RuleRuns, Work, scheduled
from bitrixmail.app.recurring.periodic import Periodic
from bitrixmail.interfaces.changes import IChanges
from bitrixmail.interfaces.rule_runs import IRuleRuns
from bitrixmail.interfaces.rulebook import IRulebook
from bitrixmail.interfaces.threads import IThreads
from bitrixmail.model.errors import InputError, MailError
from bitrixmail.model.rule import RuleSet
from bitrixmail.model.rule_run import Extent, RunState, Timer, Timers
from bitrixmail.rules.judging import Judging
from bitrixmail.rules.schedule import next_time
from bitrixmail.rules.times import zone_of
from bitrixmail.store.opening import Stores
from bitrixmail.tasks import utcnow

_log = Logger()
LOOK_S = 10.0
# As long as the event log tells of a run, it can be taken back.
_RUNS_KEPT = timedelta(days=92)
_FORGOTTEN_AT_ONCE = 500
_MOST_RUNS = 1000


class Timetable(Periodic):
    """Looks every few seconds whether rules are due, and runs those together, one run at a time.

    Made by compose, lives as long as the server. What was missed while the server was down is run
    once. At the end a run stops behind the page at which it is; the next start goes on with it.
    """

    def __init__(
        self,
        clock: IReactorTime,
        runs: RuleRuns,
        store: IRuleRuns,
        rulebook: IRulebook,
        changes: IChanges,
        *,
        timezone: str,
        interval_s: float = LOOK_S,
    ) -> None:
        super().__init__(clock, "rules by the clock", interval_s, self._look)
        self._clock = clock
        self._runs = runs
        self._store = store
        self._rulebook = rulebook
        self._changes = changes
        self._zone = zone_of(timezone)
        self._rules = RuleSet()
        self._timers: dict[str, Timer] = {}
        self._stale = True
        self._resumed = False
        self._ending = False
        self._forgot: datetime | None = None

    def begin(self) -> None:
        """See Periodic."""
        self._changes.watch("rules", self._changed)
        super().begin()

    def _changed(self) -> None:
        self._stale = True

    def stopService(self) -> Deferred[object | None] | None:
        """See Periodic; a run on its way ends soon."""
        self._ending = True
        return super().stopService()

    async def _look(self) -> None:
        """Do all that is due now."""
        now = utcnow(self._clock)
        try:
            if self._stale:
                await self._load(now)
            if not self._resumed:
                await self._resume()
                self._resumed = True
            due = self._due(now)
            if due and not self._ending:
                await self._run(due, now)
            await self._forget(now)
        except InputError as error:
            _log.error("rules by the clock can't be used: {error}", error=error)
        except MailError as error:  # what it interrupted goes on when the disk is well again
            self._resumed = False
            _log.error("rules by the clock are held up: {error}", error=error)

    async def _load(self, now: datetime) -> None:
        """Take the rules in force; a rule that is new to the clock counts from now."""
        self._stale = False
        try:
            self._rules = await self._rulebook.current()
            kept = {timer.rule: timer for timer in await self._store.timers()}
            timers = {
                rule.name: timer
                if (timer := kept.get(rule.name)) is not None and timer.schedule == rule.schedule
                else Timer(rule.name, rule.schedule, now)
                for rule in scheduled(self._rules)
            }
            if timers != kept:
                await self._store.set_timers(Timers(tuple(timers.values()), whole=True))
        except MailError:
            self._stale = True  # the disk, not the rules: it may go better next time
            raise
        self._timers = timers

    async def _resume(self) -> None:
        """Go on with the runs that the end of the server or a full disk interrupted."""
        for run in reversed(await self._runs.listed(_MOST_RUNS)):
            if run.occasion != SCHEDULE or run.state is not RunState.RUNNING or self._ending:
                continue
            try:
                await self._carry_out(await self._runs.resume(run.id))
            except InputError as error:
                _log.error("run {run_id} can't be resumed: {error}", run_id=run.id, error=error)

    def _due(self, now: datetime) -> frozenset[str]:
        """Name the rules whose time has come since they were last begun."""
        for name, timer in self._timers.items():
            if timer.last > now:  # the clock was wrong and is set back: it must not stop a rule
                self._timers[name] = replace(timer, last=now)
        return frozenset(
            timer.rule
            for timer in self._timers.values()
            if next_time(timer.schedule, timer.last, self._zone) <= now
        )

    async def _run(self, due: frozenset[str], now: datetime) -> None:
        chosen = [rule for rule in scheduled(self._rules) if rule.name in due]
        begun = {name: replace(self._timers[name], last=now) for name in due}
        # Also of rules that fail now: they are tried again when they are due again.
        self._timers |= begun
        preview = await self._runs.prepared(self._rules, chosen, SCHEDULE, Extent())
        timers = Timers(tuple(begun.values()))
        if preview.run.total:
            await self._carry_out(await self._runs.begin(preview, SCHEDULE, timers))
        else:
            await self._store.set_timers(timers)

    async def _carry_out(self, work: Work) -> None:
        more = True
        while more and not self._ending:
            more = await self._runs.go_on(work)
        run = work.run
        tell = _log.info if run.changed else _log.debug
        tell(
            "run {run_id} of {rules}: {judged} of {total} messages looked at, {changed} changed",
            run_id=run.id,
            rules=", ".join(run.rules),
            judged=run.judged,
            total=run.total,
            changed=run.changed,
        )

    async def _forget(self, now: datetime) -> None:
        """Remove the journals of old runs, once a day."""
        if self._forgot is not None and now - self._forgot < timedelta(days=1):
            return
        self._forgot = now
        while not self._ending and await self._store.forget(now - _RUNS_KEPT, _FORGOTTEN_AT_ONCE):
            pass


def timetable_of(
    stores: Stores, threads: IThreads, clock: IReactorTime, judging: Judging
) -> Timetable:
    """Make the timetable of a server."""
    runs = RuleRuns(stores.rulebook, stores.directory, stores.runs, threads, clock, judging=judging)
    return Timetable(
        clock, runs, stores.runs, stores.rulebook, stores.changes, timezone=judging.timezone
    )
