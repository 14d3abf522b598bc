"""Failed logins slowed, per source and per account, without telling what was wrong.

Every failure is counted and forgotten again at an even pace. Beyond the count no password is
looked at. A refusal comes a fixed time after its question, longer with each failure, whether the
name was unknown, the password wrong, or nothing was looked at.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from bitrixmail.model.limits import source_of

FIRST_DELAY_S = 1.0
LONGEST_DELAY_S = 8.0
_REMEMBERED = 65_536


@dataclass(slots=True)
class _Meter:
    """Failures of one source or account that are not forgotten yet, checks under way included."""

    failures: float = 0.0
    at: float = 0.0
    checking: int = 0
    waiting: list[Deferred[None]] = field(default_factory=list)

    def take(self, now: float, per_minute: int) -> bool:
        """Count one check in, as if it had failed; False if there were too many failures.

        Half of the failures a minute may come at once and the other half is forgotten each
        minute, so that no minute has more of them than said.
        """
        half = per_minute / 2
        self.failures = max(0.0, self.failures - max(0.0, now - self.at) * half / 60)
        self.at = now
        if per_minute > 0 and self.failures + 1 > max(1.0, half):
            return False
        self.failures += 1
        self.checking += 1
        return True

    def leave(self, *, failed: bool) -> None:
        """Count a check out, and let those decide again who waited for how it would end."""
        self.checking -= 1
        if not failed:
            self.failures = max(0.0, self.failures - 1)
        waiting, self.waiting = self.waiting, []
        for turn in waiting:
            turn.callback(None)


class _Meters:
    """The meters of all sources or all accounts: those touched last, as many as are remembered."""

    def __init__(self) -> None:
        self._meters: dict[str, _Meter] = {}

    def of(self, key: str) -> _Meter:
        meter = self._meters.pop(key, None) or _Meter()
        self._meters[key] = meter
        if len(self._meters) > _REMEMBERED:
            del self._meters[next(iter(self._meters))]
        return meter


class Attempt:
    """One login under way. Made by `LoginThrottle.admit`; ends by just one of its methods."""

    def __init__(
        self, throttle: LoginThrottle, meters: tuple[_Meter, ...], who: tuple[str, str], due: float
    ) -> None:
        self._throttle = throttle
        self._meters = meters
        self._who = who
        self._due = due

    @property
    def allowed(self) -> bool:
        """Whether the password may be looked at; if not, go on as if it were wrong."""
        return bool(self._meters)

    def succeeded(self) -> None:
        """Take note that the password was right."""
        self._leave(failed=False)
        self._throttle.remember(self._who)

    def undone(self) -> None:
        """Take note that nothing was found out, because the store could not tell."""
        self._leave(failed=False)

    async def failed(self) -> None:
        """Take note that the password was wrong; return when that may be said."""
        self._leave(failed=True)
        await self._throttle.sleep_until(self._due)

    def _leave(self, *, failed: bool) -> None:
        for meter in self._meters:
            meter.leave(failed=failed)


class LoginThrottle:
    """Counts failed logins. Made by compose, shared by all doors, lives as long as the server.

    `failed_logins_per_minute` may be assigned at any time; 0 means no limit, with the first delay
    for every failure. An account stays open to the sources it logged in from before, whoever else
    fails there or at it: each such pair has a count of its own.
    """

    def __init__(self, clock: IReactorTime, failed_logins_per_minute: int) -> None:
        self.failed_logins_per_minute = failed_logins_per_minute
        self._clock = clock
        self._sources = _Meters()
        self._accounts = _Meters()
        self._pairs = _Meters()
        # (account, source) that once had the right password; those of longest ago first
        self._known: dict[tuple[str, str], None] = {}

    async def admit(self, peer: str, account: str) -> Attempt:
        """Let a login begin; waits while earlier ones might yet turn out to be one too many."""
        asked = self._clock.seconds()
        source = source_of(peer)
        who = (account, source)
        if who in self._known:
            # Neither an attack on the account nor a neighbour's old password shuts its owner out
            meters = [self._pairs.of("\n".join(who))]
        else:
            meters = [self._sources.of(source), self._accounts.of(account)]
        taken: list[_Meter] = []
        for meter in meters:
            if not await self._take(meter):
                for earlier in taken:
                    earlier.leave(failed=False)
                taken.clear()
                break
            taken.append(meter)
        due = asked + self._delay_s(max(meter.failures for meter in meters))
        return Attempt(self, tuple(taken), who, due)

    def remember(self, who: tuple[str, str]) -> None:
        """Keep in mind that this account logged in from this source."""
        self._known.pop(who, None)
        self._known[who] = None
        if len(self._known) > _REMEMBERED:
            del self._known[next(iter(self._known))]

    async def sleep_until(self, due: float) -> None:
        """Wait until a time of the clock, but never longer than the longest delay."""
        left_s = min(due - self._clock.seconds(), LONGEST_DELAY_S)
        if left_s > 0:
            over: Deferred[None] = Deferred()
            self._clock.callLater(left_s, over.callback, None)
            await over

    async def _take(self, meter: _Meter) -> bool:
        while not meter.take(self._clock.seconds(), self.failed_logins_per_minute):
            if not meter.checking:
                return False
            turn: Deferred[None] = Deferred()
            meter.waiting.append(turn)
            await turn
        return True

    def _delay_s(self, failures: float) -> float:
        if self.failed_logins_per_minute <= 0:
            return FIRST_DELAY_S
        doublings = max(0, min(round(failures) - 1, 10))
        return float(min(FIRST_DELAY_S * 2**doublings, LONGEST_DELAY_S))
