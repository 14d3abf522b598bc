"""When to try again, when to tell the sender that it takes longer, and when to give up.

Pure: time is given, and so is chance. Everything counts from the end of the attempt, not from when
it should have been, so nothing is made up for after a standstill.

The clock may jump a day ahead, or the server may have been down for one. Then all jobs are due at
once, and many seem too old. What keeps that from being a flood or a mass of bounces: nothing is
given up without an attempt first, since this is asked after one only; the next attempts of what
comes late are spread over the whole of the longest interval; and what has grown too old during the
standstill gets one more of these, unless it was to live for less than a day.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from random import Random

from zope.interface import implementer

from bitrixmail.interfaces.retry import IRetryPolicy
from bitrixmail.model.dsn import Reason
from bitrixmail.model.schedule import RetryPlan, Tried
from bitrixmail.model.way import route_name

# An attempt that comes later than this was held up by more than a long queue.
_STANDSTILL = timedelta(hours=1)
# What lives for less is not wanted late: a code for a login, say.
_SHORT_LIVED = timedelta(days=1)
_LEAST = timedelta(seconds=1)
# A notice of delay tells of more than one failure, though the clock may have jumped.
_TOLD_FROM = 2


@implementer(IRetryPolicy)
class RetryPolicy:
    """Retries by a plan. Made by compose for each route, lives as long as the server."""

    __slots__ = ("_plan", "_random")

    def __init__(self, plan: RetryPlan, random: Random) -> None:
        if not plan.intervals or min(plan.intervals) < _LEAST:
            raise ValueError("a retry plan has intervals, each a second or longer")
        if any(not listed or min(listed) < _LEAST for listed in plan.by_reason.values()):
            raise ValueError("the intervals of each reason are a second or longer")
        if not 0 <= plan.jitter <= 1:
            raise ValueError("jitter is a share of an interval: between 0 and 1")
        self._plan = plan
        self._random = random

    def intervals(self, reason: Reason) -> tuple[timedelta, ...]:
        """Return the intervals for a reason, without their jitter; the last one is repeated."""
        usual = self._plan.intervals
        own = self._plan.by_reason.get(reason)
        if own is None:
            return usual
        return own + tuple(interval for interval in usual if interval > own[-1])

    def next_try(self, tried: Tried) -> datetime | None:
        """See IRetryPolicy. The last attempt is made when the job expires, never later.

        The one exception: `tried` came late and expired meanwhile, see above.
        """
        intervals = self.intervals(tried.reason)
        longest = max(intervals)
        late = tried.at - tried.due > _STANDSTILL
        if tried.at >= tried.expires:
            short = tried.expires - tried.created < _SHORT_LIVED
            # It had time left when it should have been tried
            if not late or short or tried.due >= tried.expires:
                return None
            return tried.at + self._spread(intervals[0], longest)
        if late:
            interval = self._spread(intervals[0], longest)
        else:
            planned = intervals[min(max(tried.attempts, 1), len(intervals)) - 1]
            interval = planned * (1 + self._plan.jitter * self._random.random())
        return min(tried.at + interval, tried.expires)

    def delay_notice_due(self, tried: Tried) -> bool:
        """See IRetryPolicy."""
        return (
            not tried.delayed
            and tried.attempts >= _TOLD_FROM
            and tried.at - tried.created >= self._plan.delay_notice
            and tried.at < tried.expires
        )

    def _spread(self, least: timedelta, most: timedelta) -> timedelta:
        return least + (most - least) * self._random.random()


@implementer(IRetryPolicy)
class RetryPolicies:
    """Those of routes by hand, by name, and `usual` for the rest. Made by compose.

    `actions` is for what rules want done outside; None: as for mail.
    `put` replaces them all while the server runs.
    """

    __slots__ = ("_actions", "_by_route", "_usual")

    def __init__(self, usual: IRetryPolicy, by_route: Mapping[str, IRetryPolicy]) -> None:
        self.put(usual, by_route)

    def put(
        self,
        usual: IRetryPolicy,
        by_route: Mapping[str, IRetryPolicy],
        actions: IRetryPolicy | None = None,
    ) -> None:
        """Take these from now on."""
        self._usual = usual
        self._by_route = by_route
        self._actions = actions or usual

    def next_try(self, tried: Tried) -> datetime | None:
        """See IRetryPolicy."""
        return self._of(tried).next_try(tried)

    def delay_notice_due(self, tried: Tried) -> bool:
        """See IRetryPolicy."""
        return self._of(tried).delay_notice_due(tried)

    def _of(self, tried: Tried) -> IRetryPolicy:
        if tried.action:
            return self._actions
        return self._by_route.get(route_name(tried.destination), self._usual)
