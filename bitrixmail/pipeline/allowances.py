"""How many messages and recipients one login may have, in a minute, an hour and a day.

A login that was stolen sends little before somebody notices. What was counted is forgotten when
the server ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from twisted.internet.interfaces import IReactorTime

from bitrixmail.model.errors import TemporaryError
from bitrixmail.model.reply import Reply

_SPANS = ((60.0, "a minute"), (3600.0, "an hour"), (86400.0, "a day"))
_REMEMBERED = 65_536
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Allowances:
    """Counts one kind of thing for each login. Made by Submissions, lives as long.

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
        if not any(most):
            return
        now = self._clock.seconds()
        counts = self._counts.pop(account, None) or [(now, 0)] * len(_SPANS)
        self._counts[account] = counts
        if len(self._counts) > _REMEMBERED:
            del self._counts[next(iter(self._counts))]
        for number, (span_s, _) in enumerate(_SPANS):
            # also where the clock was put back
            if not 0 <= now - counts[number][0] < span_s:
                counts[number] = (now, 0)
        for (since, count), (span_s, span), limit in zip(counts, _SPANS, most, strict=True):
            if 0 < limit <= count:
                raise TemporaryError(self._wait(limit, account, span, since + span_s))
        for number, (since, count) in enumerate(counts):
            counts[number] = (since, count + 1)

    def _wait(self, limit: int, account: str, span: str, until: float) -> Reply:
        again = _EPOCH + timedelta(seconds=int(until) + 1)
        return Reply(
            450,
            "4.7.1",
            f"{account} has sent {limit} {self._what} within {span}, try again after"
            f" {again:%Y-%m-%d %H:%M:%S} UTC",
        )
