"""How many messages and recipients one login or user may have, in a minute, an hour and a day.

A login that was stolen, or a site that was broken into, sends little before somebody notices. What
was counted is forgotten when the server ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from twisted.internet.interfaces import IReactorTime

from bitrixmail.model.errors import TemporaryError
from bitrixmail.model.reply import Reply

_SPANS = ((60.0, "a minute"), (3600.0, "an hour"), (86400.0, "a day"))
_REMEMBERED = 65_536
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Spent:
    """An allowance that is used up. `until`: when there is a new one, in seconds of the clock."""

    reply: Reply
    until: float


class Allowances:
    """Counts one kind of thing for each login. Made by Submissions and the pickup, lives as long.

    `what` names it in replies. Of more logins than it remembers, those that were quiet for longest
    are forgotten.
    """

    def __init__(self, clock: IReactorTime, what: str) -> None:
        self._clock = clock
        self._what = what
        # login -> for each span since when it is counted, and how many; the quietest first
        self._counts: dict[str, list[tuple[float, int]]] = {}

    def take(self, account: str, most: Sequence[int]) -> None:
        """Count one; `most` in a minute, an hour, a day; 0: no limit.

        Raise TemporaryError, and count nothing, if there were as many before.
        """
        spent = self.spent(account, most)
        if spent is not None:
            raise TemporaryError(spent.reply)
        self.count(account, most)

    def spent(self, account: str, most: Sequence[int]) -> Spent | None:
        """Tell whether there were as many before as there may be; counts nothing."""
        counts = self._counts.get(account)
        if counts is None:
            return None
        now = self._clock.seconds()
        found = None
        for (since, count), (span_s, span), limit in zip(counts, _SPANS, most, strict=True):
            if 0 < limit <= count and _lasts(since, span_s, now):
                found = Spent(self._wait(limit, account, span, since + span_s), since + span_s)
        return found

    def count(self, account: str, most: Sequence[int], number: int = 1) -> None:
        """Count some, whether there may be so many or not; nothing if there is no limit."""
        if not any(most):
            return
        now = self._clock.seconds()
        counts = self._counts.pop(account, None) or [(now, 0)] * len(_SPANS)
        self._counts[account] = [
            (since, count + number) if _lasts(since, span_s, now) else (now, number)
            for (since, count), (span_s, _) in zip(counts, _SPANS, strict=True)
        ]
        if len(self._counts) > _REMEMBERED:
            del self._counts[next(iter(self._counts))]

    def _wait(self, limit: int, account: str, span: str, until: float) -> Reply:
        again = _EPOCH + timedelta(seconds=int(until) + 1)
        return Reply(
            450,
            "4.7.1",
            f"{account} has sent {limit} {self._what} within {span}, try again after"
            f" {again:%Y-%m-%d %H:%M:%S} UTC",
        )


def _lasts(since: float, span_s: float, now: float) -> bool:
    """Tell whether a span still lasts; not where the clock was put back."""
    return 0 <= now - since < span_s
