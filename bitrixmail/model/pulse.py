"""What has happened in the store since somebody last looked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pulse:
    """Where the event log and the queue stand. `kinds` and `queue_ids` are of the newest events.

    `count`: how many events there were, of which those are the last.
    """

    last_event: int
    last_job: int
    kinds: frozenset[str] = frozenset()
    queue_ids: tuple[str, ...] = ()
    count: int = 0
