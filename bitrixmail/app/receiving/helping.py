"""Whether further processes are of help in receiving mail: judged by what all of them do. Pure.

They are where one core is all that one process has, and connections bring several messages each;
where each brings one, two processes are no faster and take more. docs/decisions/0021.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

# So long is a window: a burst of half a second fills one whatever moment it comes at
WINDOW_S = 0.25
# A window counts as busy from so much of a core on, and so many messages a second; where
# connections are short, from half of it: to rest costs nothing
_BUSY = 0.7
_LEAST_RATE = 20.0
# Messages for each new connection of a window: connections are kept from, or short below
_KEPT, _SHORT = 4, 2
# So many busy windows of a kind, none of the other between, before anything is done; each counts
# for so long
_WINDOWS = 2
_COUNTS_S = 60.0
# Without a busy window of kept connections for so long, the processes are given up
_QUIET_S = 600.0


@dataclass(frozen=True, slots=True)
class Load:
    """What was done since a start: SMTP connections, messages accepted over them, CPU time."""

    connections: int = 0
    messages: int = 0
    cpu_s: float = 0.0

    def __add__(self, other: Load) -> Load:
        """Return that of both together."""
        return Load(
            self.connections + other.connections,
            self.messages + other.messages,
            self.cpu_s + other.cpu_s,
        )

    def __sub__(self, other: Load) -> Load:
        """Return what came since."""
        return Load(
            self.connections - other.connections,
            self.messages - other.messages,
            self.cpu_s - other.cpu_s,
        )


class Step(Enum):
    """What is to be done with the further processes."""

    # Start those that do not run; let all accept
    HELP = "help"
    # Keep the connections that are there, accept no more
    REST = "rest"
    END = "end"


class _Kind(Enum):
    KEPT = "kept"
    SHORT = "short"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When something is done: see the names above. Other values are for tests."""

    busy: float = _BUSY
    least_rate: float = _LEAST_RATE
    windows: int = _WINDOWS
    quiet_s: float = _QUIET_S


class Helping:
    """Judges window after window. Made by OnDemand, lives as long as the server.

    `share` of a core and `rate`, messages a second, are those of the last busy window of kept
    connections.
    """

    def __init__(self, thresholds: Thresholds) -> None:
        self._thresholds = thresholds
        self._before: tuple[float, Load] | None = None
        # None: no further process runs
        self._now: Step | None = None
        # Busy windows of one kind in a row, and when the last of them was
        self._row: tuple[_Kind, int, float] | None = None
        self._kept_at = 0.0
        self.share = 0.0
        self.rate = 0.0

    def look(self, now_s: float, load: Load, *, crowded: bool = False) -> Step | None:
        """Judge the window since the last look; return a step that is to be taken now.

        `load` is that of all processes together. `crowded`: the first one needs the connections
        that would be the others' part.
        """
        before, self._before = self._before, (now_s, load)
        kind = None
        if before is not None:
            kind = self._kind(now_s - before[0], load - before[1])
        if kind is _Kind.KEPT:
            self._kept_at = now_s
        step = self._step(now_s, self._in_a_row(now_s, kind), crowded=crowded)
        if step is not None:
            self._now = None if step is Step.END else step
            self._row = None
        return step

    def _kind(self, window_s: float, load: Load) -> _Kind | None:
        """Return of which kind the connections of a window were, if it was a busy one."""
        if window_s <= 0:
            return None
        share, rate = load.cpu_s / window_s, load.messages / window_s
        busy = self._thresholds.busy
        if rate < self._thresholds.least_rate:
            return None
        if load.messages >= _KEPT * load.connections and share >= busy:
            self.share, self.rate = share, rate
            return _Kind.KEPT
        short = load.messages < _SHORT * load.connections and share >= busy / 2
        return _Kind.SHORT if short else None

    def _in_a_row(self, now_s: float, kind: _Kind | None) -> _Kind | None:
        """Count a window, and return the kind of which there were enough in a row."""
        if self._row is not None and now_s - self._row[2] > _COUNTS_S:
            self._row = None
        if kind is None:
            return None
        count = self._row[1] + 1 if self._row is not None and self._row[0] is kind else 1
        self._row = (kind, count, now_s)
        return kind if count >= self._thresholds.windows else None

    def _step(self, now_s: float, kind: _Kind | None, *, crowded: bool) -> Step | None:
        if self._now is None:
            return Step.HELP if kind is _Kind.KEPT and not crowded else None
        if crowded or now_s - self._kept_at >= self._thresholds.quiet_s:
            return Step.END
        if kind is _Kind.KEPT and self._now is Step.REST:
            return Step.HELP
        return Step.REST if kind is _Kind.SHORT and self._now is Step.HELP else None
