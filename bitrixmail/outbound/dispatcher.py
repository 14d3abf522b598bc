"""Takes due jobs out of the store, a few of each destination at a time, and has them carried out.

A destination that is down holds up nobody else: nothing more of it is leased until its pause ends.
What was delivered is settled before the same worker has delivered twice more, so a crash repeats
no more than what was under way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from bitrixmail.interfaces.courier import ICourier
from bitrixmail.interfaces.jobs import IJobStore
from bitrixmail.interfaces.outcomes import IOutcomes
from bitrixmail.model.errors import MailError
from bitrixmail.model.job import Delivery, Job, JobState, Kind, NewJob, Settlement, Trouble
from bitrixmail.model.message import Draft
from bitrixmail.model.queue import Wanted
from bitrixmail.outbound.destination import Bounds, Destination
from bitrixmail.tasks import begin, deadline, utcnow

_log = Logger()
_LEASE = timedelta(hours=1)
# The store is looked through at least so often, in case nobody told of something.
_LOOK_S = 30.0
# Not more often for jobs that come due one after the other: it costs some milliseconds.
_SURVEY_S = 1.0
_TICK_S = 0.01
# After an error of the store, or of a courier that is broken.
_AGAIN_S = 5.0
_MOST_DESTINATIONS_A_LEASE = 200
# Jobs that wait, leased, for a worker of their destination: what a lease takes to come, and more.
_LEAST_AHEAD = 20
_AHEAD_OF_EACH = 4


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
        self._jobs = jobs
        self._couriers: Mapping[Kind, ICourier] = {each.kind: each for each in couriers}
        self._outcomes = outcomes
        self._clock = clock
        self._owner = owner
        self._destinations: dict[tuple[Kind, str], Destination] = {}
        # Those with due jobs, who waits longest first; those with leased jobs and no worker; and
        # when something of a destination comes due, or its pause ends
        self._hungry: dict[Destination, None] = {}
        self._unserved: dict[Destination, None] = {}
        self._alarms: list[tuple[datetime, int, Destination]] = []
        self._alarm_number = count()
        self._deliveries = 0
        self._leased = 0
        self._stale = True
        self._surveyed = -_SURVEY_S
        self._reclaimed = False
        self._turning = False
        self._again = False
        self._stopping = False
        self._timer: IDelayedCall | None = None
        self._running: set[Deferred[Delivery]] = set()
        self._idle: list[Deferred[None]] = []

    def begin(self) -> None:
        """Begin to deliver; what an earlier run of the server had leased is taken back first."""
        self.look()

    def look(self) -> None:
        """Look through the store: somebody else has changed something."""
        self._stale = True
        self._wake()

    def take_note(self, jobs: Iterable[NewJob]) -> None:
        """Take note of jobs that were just written, so that nobody has to look for them."""
        now = utcnow(self._clock)
        for job in jobs:
            if job.held:
                continue
            destination = self._destination(job.kind, job.destination)
            if job.not_before <= now:
                destination.due += 1
                self._hungry[destination] = None
            else:
                self._expect(destination, job.not_before)
        self._wake()

    def _expect(self, destination: Destination, moment: datetime) -> None:
        """See to it that something is done at a moment."""
        if destination.next is None or moment < destination.next:
            destination.next = moment
            heappush(self._alarms, (moment, next(self._alarm_number), destination))

    def _destination(self, kind: Kind, name: str) -> Destination:
        found = self._destinations.get((kind, name))
        if found is None:
            found = Destination(kind, name, self.bounds.widths)
            self._destinations[kind, name] = found
        return found

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
        if not self._reclaimed:
            await self._jobs.reclaim(self._owner)
            self._reclaimed = True
        now = utcnow(self._clock)
        self._come_due(now)
        if self._stale:
            self._stale = False
            await self._survey(now)
        wanted = self._wanted(now)
        if wanted:
            leased = await self._jobs.lease(self._owner, now + _LEASE, wanted, now)
            self._share_out(wanted, leased)
        for destination in list(self._unserved):
            if self._deliveries >= self.bounds.deliveries:
                break
            self._employ(destination)

    async def _survey(self, now: datetime) -> None:
        """Count anew what waits in the store."""
        self._surveyed = self._clock.seconds()
        found = await self._jobs.due(now)
        self._alarms.clear()
        self._hungry.clear()
        for destination in self._destinations.values():
            destination.due, destination.next = 0, None
        for due in found:
            destination = self._destination(due.kind, due.destination)
            destination.due = due.count
            if due.count:
                self._hungry[destination] = None
            if due.next is not None:
                self._expect(destination, due.next)
        for key, destination in list(self._destinations.items()):
            if destination.idle:
                del self._destinations[key]

    def _come_due(self, now: datetime) -> None:
        """Look through the store again if the time of something has come."""
        while self._alarms and self._alarms[0][0] <= now:
            _, _, destination = heappop(self._alarms)
            if destination.next is not None and destination.next <= now:
                destination.next = None
            self._stale = True

    def _wanted(self, now: datetime) -> list[Wanted]:
        """Say how much of what to lease; who had least gets first."""
        left = self.bounds.leased - self._leased
        found: list[Wanted] = []
        for destination in list(self._hungry):
            if left <= 0 or len(found) >= _MOST_DESTINATIONS_A_LEASE:
                break
            if destination.kind not in self._couriers:
                continue
            if destination.held_until is not None and destination.held(now):
                del self._hungry[destination]
                self._expect(destination, destination.held_until)
                continue
            ahead = max(_LEAST_AHEAD, _AHEAD_OF_EACH * destination.width)
            if destination.failures:
                ahead = 1
            most = min(ahead - destination.ready, left)
            if destination.ready > ahead // 2 or most <= 0:
                continue
            left -= most
            found.append(Wanted(destination.kind, destination.name, most))
        return found

    def _share_out(self, wanted: Sequence[Wanted], leased: Sequence[Job]) -> None:
        self._leased += len(leased)
        by_destination: dict[tuple[Kind, str], list[Job]] = {}
        for job in leased:
            by_destination.setdefault((job.kind, job.destination), []).append(job)
        for asked in wanted:
            key = asked.kind, asked.destination
            destination = self._destination(*key)
            jobs = by_destination.get(key, [])
            destination.put(jobs)
            # Who got something stands behind the others now
            self._hungry.pop(destination, None)
            if len(jobs) < asked.most:
                destination.due = 0
            else:
                # It is only an estimate: at least one more is asked for.
                destination.due = max(1, destination.due - len(jobs))
                self._hungry[destination] = None
            self._unserved[destination] = None

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

    async def _work(self, destination: Destination) -> None:
        """Deliver what waits for a destination, until nothing does or it is to be left alone."""
        settling: Deferred[None] | None = None
        try:
            while not self._stopping and destination.active <= destination.width:
                jobs = destination.take()
                if jobs is None:
                    break
                delivery = await self._delivered(destination, jobs)
                if settling is not None:
                    await settling
                settling = Deferred.fromCoroutine(self._settled(destination, jobs, delivery))
                if delivery is None or delivery.trouble is Trouble.DOWN:
                    break
                if destination.due and destination.ready <= _LEAST_AHEAD // 2:
                    self._wake()
                if destination.active < destination.width:
                    self._employ(destination)
            if settling is not None:
                await settling
        finally:
            destination.active -= 1
            self._deliveries -= 1
            self._ended(destination)

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

    async def _delivered(self, destination: Destination, jobs: Sequence[Job]) -> Delivery | None:
        """Have jobs delivered; None: that can't be said, they go back as they were."""
        courier = self._couriers[destination.kind]
        running = Deferred.fromCoroutine(courier.deliver(jobs))
        self._running.add(running)
        try:
            delivery = await deadline(running, self.bounds.delivery_s, self._clock)
        except CancelledError:
            return None
        except TimeoutError:
            _log.error(
                "a delivery to {destination} did not end in {seconds} s",
                destination=destination.name,
                seconds=self.bounds.delivery_s,
            )
            return None
        except MailError as error:
            _log.error("{queue_id} can't be read: {error}", queue_id=jobs[0].queue_id, error=error)
            return None
        except Exception:  # noqa: BLE001 - a bug of a courier must not stop the others, or this for good
            _log.failure("delivering {queue_id} failed", queue_id=jobs[0].queue_id)
            return None
        finally:
            self._running.discard(running)
        destination.learn(delivery.trouble)
        return delivery

    async def _settled(
        self, destination: Destination, jobs: Sequence[Job], delivery: Delivery | None
    ) -> None:
        now = utcnow(self._clock)
        drafts: Sequence[Draft] = ()
        if delivery is None:
            later = now + timedelta(seconds=0 if self._stopping else 60)
            settlements: Sequence[Settlement] = [
                Settlement(job, JobState.WAITING, None, later) for job in jobs
            ]
        else:
            settlements, drafts = await self._outcomes.after(jobs, delivery, now)
        if delivery is not None and delivery.trouble is Trouble.DOWN:
            destination.held_until = self._outcomes.pause(destination.failures, now)
            back = destination.take_all()
            destination.due += len(back)
            self._hungry[destination] = None
            settlements = [
                *settlements,
                *(Settlement(job, JobState.WAITING, None, None) for job in back),
            ]
        await self._write(settlements, drafts)
        self._leased -= len(settlements)
        for settlement in settlements:
            later_on = settlement.not_before
            if settlement.state is JobState.WAITING and later_on is not None:
                self._expect(destination, later_on)

    async def _write(self, settlements: Sequence[Settlement], drafts: Sequence[Draft]) -> None:
        """Write down what became of jobs, however long that takes: else it would be done again."""
        while True:
            try:
                await self._jobs.settle(settlements, drafts)
            except MailError as error:
                _log.error("deliveries can't be written down: {error}", error=error)
                await self._pause(_AGAIN_S)
            else:
                return

    def _pause(self, seconds: float) -> Deferred[None]:
        waiting: Deferred[None] = Deferred()
        self._clock.callLater(seconds, waiting.callback, None)
        return waiting

    def _set_timer(self, wait_s: float) -> None:
        """Look again when something comes due, a pause ends, or much time has passed."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        if self._stopping:
            return
        if self._alarms:
            left_s = (self._alarms[0][0] - utcnow(self._clock)).total_seconds()
            since_s = self._clock.seconds() - self._surveyed
            wait_s = min(wait_s, max(left_s, _SURVEY_S - since_s, _TICK_S))
        self._timer = self._clock.callLater(wait_s, self._time_out)

    def _time_out(self) -> None:
        self._timer = None
        self.look()

    async def stop(self, timeout_s: float) -> None:
        """Begin nothing more, let deliveries end, then cut them; all leases are given back."""
        self._stopping = True
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        if self._deliveries:
            waiting: Deferred[None] = Deferred()
            self._idle.append(waiting)
            try:
                await deadline(waiting, timeout_s, self._clock)
            except TimeoutError:
                for running in list(self._running):
                    running.cancel()
        rest = [job for each in self._destinations.values() for job in each.take_all()]
        if rest:
            await self._jobs.settle([Settlement(job, JobState.WAITING, None, None) for job in rest])
        for courier in self._couriers.values():
            await courier.close()
