"""Takes due jobs out of the store, a few of each destination at a time, and has them carried out.

A destination that is down holds up nobody else: until its pause ends, nothing of it is tried. Once
it has been down for a while, what is due for it has the outcome of each attempt without one of its
own: the senders of ten thousand messages are told in time, though one is tried at a time.
A worker may begin the next delivery while the one before is under way, where the courier can let
it follow closely. What was delivered is settled before the same worker has delivered three times
more, so a crash repeats no more than what was under way.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from bitrixmail.interfaces.courier import ICourier, ILine
from bitrixmail.interfaces.jobs import IJobStore
from bitrixmail.interfaces.outcomes import IOutcomes
from bitrixmail.model.errors import MailError
from bitrixmail.model.job import (
    Attempt,
    Delivery,
    Job,
    JobState,
    Kind,
    NewJob,
    Result,
    Settlement,
    Trouble,
    put_off,
)
from bitrixmail.model.message import Draft
from bitrixmail.model.queue import Wanted
from bitrixmail.outbound.agenda import LEAST_AHEAD, Agenda
from bitrixmail.outbound.destination import Bounds, Destination
from bitrixmail.outbound.settling import Settler
from bitrixmail.outbound.timing.turnstile import Turnstile
from bitrixmail.outbound.under_way import UnderWay
from bitrixmail.tasks import begin, deadline, utcnow

_log = Logger()
_LEASE = timedelta(hours=1)
# The store is looked through at least so often, in case nobody told of something.
_LOOK_S = 30.0
# Not more often for jobs that come due one after the other: it costs some milliseconds.
_SURVEY_S = 1.0
# A little more often for those of another process, so that nobody waits for a second
_HEARD_S = 0.7
_TICK_S = 0.01
# After an error of the store, or of a courier that is broken.
_AGAIN_S = 5.0
# Deliveries of one worker that are done and not written down yet, beside what is under way.
_MOST_UNSETTLED = 2
# From so many failures in a row on, a destination is down, and it was not the message's fault.
_SHARED_FROM = 3
_SHARED_AT_ONCE = 200
_ENDED = frozenset({JobState.DONE, JobState.DEAD})


class Dispatcher:
    """See the module. Made by compose, lives as long as the server; `begin` once, `stop` once."""

    def __init__(
        self,
        jobs: IJobStore,
        couriers: Sequence[ICourier],
        outcomes: IOutcomes,
        clock: IReactorTime,
        *,
        owner: str,
        bounds: Bounds | None = None,
    ) -> None:
        self.bounds = bounds or Bounds()
        self.turnstile = Turnstile()
        self._jobs = jobs
        self._couriers: Mapping[Kind, ICourier] = {each.kind: each for each in couriers}
        self._outcomes = outcomes
        self._settler = Settler(jobs, outcomes, clock)
        self._clock = clock
        self._owner = owner
        self._agenda = Agenda(lambda name: self.bounds.of(name))  # noqa: PLW0108 - bounds may be replaced
        # Destinations with leased jobs and no worker
        self._unserved: dict[Destination, None] = {}
        self._deliveries = 0
        # The ids of leased jobs. A lease that runs out as the clock is set must not double a job.
        self._leased: set[int] = set()
        self._stale = True
        self._surveyed = -_SURVEY_S
        self._reclaimed = False
        self._turning = False
        self._again = False
        self._stopping = False
        self._timer: IDelayedCall | None = None
        self._timer_at_s = 0.0
        self._hearing: IDelayedCall | None = None
        self._under_way = UnderWay(clock)
        self._idle: list[Deferred[None]] = []

    def begin(self) -> None:
        """Begin to deliver; what an earlier run of the server had leased is taken back first."""
        self.look()

    def look(self) -> None:
        """Look through the store: something is due, or was written by somebody else."""
        self._stale = True
        self._wake()

    def heard(self) -> None:
        """Look through the store soon: another process has written jobs, and may again at once."""
        wait_s = self._surveyed + _HEARD_S - self._clock.seconds()
        if wait_s <= 0:
            self.look()
        elif self._hearing is None and not self._stopping:
            self._hearing = self._clock.callLater(wait_s, self._listened)

    def _listened(self) -> None:
        self._hearing = None
        self.look()

    def changed_by_hand(self) -> None:
        """Look through the store, and try anew where nothing got through: somebody wants it."""
        for destination in self._agenda:
            destination.held_until = None
            # One more that fails by hand shall not lengthen the pause
            destination.failures = max(0, destination.failures - 1)
        self.look()

    def take_note(self, jobs: Iterable[NewJob]) -> None:
        """Take note of jobs that were just written, so that nobody has to look for them."""
        self._agenda.note(jobs, utcnow(self._clock))
        self._wake()

    def _wake(self) -> None:
        """Take a turn now, or once more at the end of the one under way."""
        if self._stopping:
            return
        if self._turning:
            self._again = True
        else:
            self._turning = True
            begin(self._turns(), "taking jobs from the queue")

    async def _turns(self) -> None:
        wait_s = _LOOK_S
        try:
            while True:
                self._again = False
                await self._turn()
                if not self._again or self._stopping:
                    break
        except MailError as error:
            wait_s = _AGAIN_S
            self._stale = True
            _log.error("the queue can't be read: {error}", error=error)
        finally:
            self._turning = False
        self._set_timer(wait_s)

    async def _turn(self) -> None:
        """Find out what is due, lease some of it, and put workers to it."""
        self._under_way.cut_endless(self.bounds.delivery_s)
        if not self._reclaimed:
            await self._jobs.reclaim(self._owner)
            self._reclaimed = True
        now = utcnow(self._clock)
        if self._agenda.rings(now) or self._stale:
            self._stale = False
            self._surveyed = self._clock.seconds()
            self._agenda.asking()
            self._agenda.replace(await self._jobs.due(now))
            now = utcnow(self._clock)  # what was told meanwhile came due after the store was asked
        most = self.bounds.leased - len(self._leased)
        wanted = self._agenda.wanted(self._couriers, most, now)
        if wanted:
            self._agenda.asking()
            leased, fresh = await self._lease(wanted, now)
            admitted, later = self.turnstile.admit(fresh, now)
            self._unserved |= dict.fromkeys(self._agenda.leased(wanted, leased, admitted))
            if later:
                await self._put_off(later)
                self._again = True  # what stands behind them may go
        for destination in list(self._unserved):
            if self._deliveries >= self.bounds.deliveries:
                break
            self._employ(destination)

    async def _lease(
        self, wanted: Sequence[Wanted], now: datetime
    ) -> tuple[Sequence[Job], Sequence[Job]]:
        """Return what the store gives, and what of it is not here already."""
        leased = await self._jobs.lease(self._owner, now + _LEASE, wanted, now)
        fresh = [job for job in leased if job.id not in self._leased]
        self._leased.update(job.id for job in fresh)
        return leased, fresh

    async def _put_off(self, later: Sequence[tuple[Job, datetime]]) -> None:
        """Give back what may not go out at this time."""
        await self._settler.write([put_off(job, at, self.turnstile.mark) for job, at in later], ())
        self._leased.difference_update(job.id for job, _ in later)
        for job, at in later:
            self._agenda.expect(self._agenda.destination(job.kind, job.destination), at)

    def _employ(self, destination: Destination) -> None:
        while (
            destination.ready
            and destination.active < destination.width
            and not destination.held(utcnow(self._clock))
            and not self._stopping
        ):
            if self._deliveries >= self.bounds.deliveries:
                self._unserved[destination] = None
                return
            destination.active += 1
            self._deliveries += 1
            begin(self._work(destination), "delivering")
        self._unserved.pop(destination, None)
        held = destination.held_until
        if destination.ready and held is not None and not destination.active and not self._stopping:
            # Leased just before it was found down: it is their turn when the pause ends
            self._expect(destination, held)
            back = [Settlement(job, JobState.WAITING) for job in destination.take_all()]
            begin(self._written(destination, back, ()), "giving jobs back")

    async def _work(self, destination: Destination) -> None:
        """Deliver what waits for a destination, until nothing does or it is to be left alone."""
        line = self._couriers[destination.kind].line()
        under_way: deque[tuple[Sequence[Job], int, Deferred[Delivery | None]]] = deque()
        settling: deque[Deferred[None]] = deque()
        goes_on = True
        try:
            while True:
                while goes_on and self._has_next(destination, line, len(under_way)):
                    group = destination.take()
                    if group is None:
                        break
                    running = self._under_way.begin(line, group)
                    under_way.append((group, destination.failures, running))
                if not under_way:
                    break
                jobs, before, delivered = under_way.popleft()
                delivery = await delivered
                if delivery is not None:
                    destination.learn(delivery.trouble, before)
                while len(settling) >= _MOST_UNSETTLED:
                    await settling.popleft()
                settled = self._settled(destination, jobs, delivery)
                settling.append(Deferred.fromCoroutine(settled))
                if delivery is None or delivery.trouble is Trouble.DOWN:
                    goes_on = False
                if destination.due and destination.ready <= LEAST_AHEAD // 2:
                    self._wake()
                if destination.active < destination.width:
                    self._employ(destination)
            for each in settling:
                await each
        finally:
            destination.active -= 1
            self._deliveries -= 1
            self._ended(destination)

    def _has_next(self, destination: Destination, line: ILine, under_way: int) -> bool:
        """Tell whether a worker may begin one more; the second only where no other one would."""
        if self._stopping or destination.active > destination.width:
            return False
        if not under_way:
            return True
        return under_way == 1 and destination.active == destination.width and line.open

    def _ended(self, destination: Destination) -> None:
        if self._stopping:
            if not self._deliveries:
                for waiting in self._idle:
                    waiting.callback(None)
                self._idle.clear()
            return
        self._employ(destination)
        if destination.due or self._unserved:
            self._wake()

    async def _settled(
        self, destination: Destination, jobs: Sequence[Job], delivery: Delivery | None
    ) -> None:
        now = utcnow(self._clock)
        settlements, drafts = await self._settler.decided(jobs, delivery, now)
        if delivery is not None and delivery.trouble is Trouble.DOWN:
            destination.held_until = self._outcomes.pause(
                destination.failures, now, destination.kind
            )
            back = destination.take_all()
            self._agenda.more(destination, len(back))
            settlements += [Settlement(job, JobState.WAITING) for job in back]
        await self._written(destination, settlements, drafts)
        if delivery is not None and delivery.trouble is Trouble.DOWN:
            await self._share(destination, delivery.attempts[0])

    async def _share(self, destination: Destination, attempt: Attempt) -> None:
        """Let all that is due for a destination that is down have the outcome of one attempt."""
        shared = replace(attempt, duration_s=0.0)
        more = destination.failures >= _SHARED_FROM and attempt.result is Result.DEFERRED
        while more and not self._stopping:
            now = utcnow(self._clock)
            wanted = Wanted(destination.kind, destination.name, _SHARED_AT_ONCE)
            try:
                leased, fresh = await self._lease([wanted], now)
            except MailError as error:
                _log.error("the queue can't be read: {error}", error=error)
                return
            groups: dict[int, list[Job]] = {}
            for job in fresh:
                groups.setdefault(job.message_id, []).append(job)
            settlements: list[Settlement] = []
            drafts: list[Draft] = []
            for jobs in groups.values():
                delivery = Delivery((shared,) * len(jobs), Trouble.DOWN)
                decided, told = await self._settler.decided(jobs, delivery, now)
                settlements += decided
                drafts += told
            await self._written(destination, settlements, drafts)
            more = len(leased) == _SHARED_AT_ONCE

    async def _written(
        self,
        destination: Destination,
        settlements: Sequence[Settlement],
        drafts: Sequence[Draft],
    ) -> None:
        """Write down what became of jobs of a destination, and take note of what is to come."""
        await self._settler.write(settlements, drafts)
        self._leased.difference_update(settlement.job.id for settlement in settlements)
        for settlement in settlements:
            if settlement.state is JobState.WAITING and settlement.not_before is not None:
                self._expect(destination, settlement.not_before)
            elif settlement.job.lane and settlement.state in _ENDED:
                destination.lanes.discard(settlement.job.lane)
                self._agenda.more(destination, 1)  # the next of its lane, if there is one
                self._wake()
        if drafts:
            self.take_note(job for draft in drafts for job in draft.jobs)

    def _expect(self, destination: Destination, moment: datetime) -> None:
        """Take note of what comes due at a moment, and that somebody has to look then."""
        self._agenda.expect(destination, moment)
        wait_s = self._timer_at_s - self._clock.seconds()
        left_s = (moment - utcnow(self._clock)).total_seconds()
        if left_s < wait_s and not self._turning:  # a turn sets the timer as it ends
            self._set_timer(wait_s)

    def _set_timer(self, wait_s: float) -> None:
        """Look again when something comes due, a pause ends, or much time has passed."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        if self._stopping:
            return
        alarm = self._agenda.next_alarm
        if alarm is not None:
            left_s = (alarm - utcnow(self._clock)).total_seconds()
            since_s = self._clock.seconds() - self._surveyed
            wait_s = min(wait_s, max(left_s, _SURVEY_S - since_s, _TICK_S))
        self._timer_at_s = self._clock.seconds() + wait_s
        self._timer = self._clock.callLater(wait_s, self.look)

    async def stop(self, timeout_s: float) -> None:
        """Begin nothing more, let deliveries end, then cut them; all leases are given back."""
        self._stopping = True
        self._settler.stopping = True
        for call in (self._timer, self._hearing):
            if call is not None and call.active():
                call.cancel()
        if self._deliveries:
            waiting: Deferred[None] = Deferred()
            self._idle.append(waiting)
            try:
                await deadline(waiting, timeout_s, self._clock)
            except TimeoutError:
                self._under_way.cut_all()
        rest = [job for each in self._agenda for job in each.take_all()]
        if rest:
            await self._jobs.settle([Settlement(job, JobState.WAITING, None, None) for job in rest])
        for courier in self._couriers.values():
            await courier.close()
