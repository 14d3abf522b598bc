"""How much may go out now: the rate and the batch of an opening. Pure; time is given.

Tokens come in evenly and are kept for ten seconds' worth at most, so neither a window that opens
nor a clock that jumps ahead lets out more than that at once; one set back takes none away.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bitrixmail.model.schedule import Opening, Spent

_KEPT_S = 10.0
_MINUTE_S = 60.0
# What a sum of fractions may lack of a whole token.
_NEARLY = 1e-6


def grant(opening: Opening | None, spent: Spent, at: datetime, wanted: int) -> tuple[int, Spent]:
    """Return how many of `wanted` may go out now, and what is spent when they have."""
    if opening is None or wanted <= 0:
        return 0, spent
    granted = wanted
    count = spent.count if spent.start == opening.start else 0
    if opening.batch:
        granted = min(granted, max(0, opening.batch - count))
    tokens = _tokens(opening, spent, at)
    if opening.per_minute:
        granted = min(granted, int(tokens + _NEARLY))
        tokens = max(0.0, tokens - granted)
    return granted, Spent(at, tokens, opening.start, count + granted)


def next_grant(opening: Opening | None, spent: Spent, at: datetime) -> datetime | None:
    """Return from when on one may go out in this opening; None if nothing more may."""
    if opening is None:
        return None
    if opening.batch and spent.start == opening.start and spent.count >= opening.batch:
        return None
    if not opening.per_minute:
        return at
    lacking = 1.0 - _tokens(opening, spent, at)
    if lacking <= _NEARLY:
        return at
    return at + timedelta(seconds=lacking * _MINUTE_S / opening.per_minute)


def _tokens(opening: Opening, spent: Spent, at: datetime) -> float:
    if not opening.per_minute:
        return 0.0
    most = max(1.0, opening.per_minute * _KEPT_S / _MINUTE_S)
    if spent.at is None:
        return most
    passed_s = max(0.0, (at - spent.at).total_seconds())
    return min(most, spent.tokens + passed_s * opening.per_minute / _MINUTE_S)
