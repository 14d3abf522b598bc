"""Which stop comes when: chosen from the seed alone, so that a campaign can be gone on with."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from tests.crash.points import BY_NAME, POINTS, Phase, Point

MOST_TIMES = 5
# A point that was not passed in time is tried again so often
TRIES = 4
_GRACEFUL_EVERY = 10
RECEIVER = "SIGKILL of a receiver"


@dataclass(frozen=True)
class Stop:
    """One end of the server: by SIGKILL after `load_s` of load, by SIGTERM, or at a point.

    `receiver`: one of its processes that receive is killed first, the server after as much again.
    """

    load_s: float
    graceful: bool = False
    point: str = ""
    receiver: bool = False
    passage: int = 1
    delay_us: int = 0

    @property
    def kind(self) -> str:
        """How the table calls it."""
        if self.receiver:
            return RECEIVER
        return self.point or ("SIGTERM" if self.graceful else "SIGKILL")


@dataclass(frozen=True)
class Plan:
    """A whole campaign. Kept as a file, read by every victim's process and by who resumes it."""

    kills: int
    seed: int
    victims: int
    senders: int
    points: tuple[str, ...] = tuple(point.name for point in POINTS)
    round_stops: int = 50
    # Ways in which the servers break the promise, to see that it is found out
    broken: tuple[str, ...] = ()
    # At each death, what was not synced is gone as well
    power_cuts: bool = False
    # How many processes of each server receive; of several, single ones are killed as well
    processes: int = 1

    def save(self, folder: Path) -> None:
        (folder / "plan.json").write_text(json.dumps(asdict(self)))

    @classmethod
    def load(cls, folder: Path) -> Self:
        values = json.loads((folder / "plan.json").read_text())
        lists = {name: tuple(values[name]) for name in ("points", "broken")}
        return cls(**values | lists)

    @property
    def times(self) -> int:
        """How often each point is to strike: five times, or what half of the kills allow."""
        return min(MOST_TIMES, self.kills // (2 * max(1, len(self.points))))

    def stops(self, victim: int) -> list[Stop]:
        """Return the stops of one of the victims, in their order."""
        chance = random.Random(f"{self.seed}.plan")
        graceful = self.kills // _GRACEFUL_EVERY
        wanted = [name for name in self.points for _ in range(self.times)]
        blank = [""] * max(0, self.kills - graceful - len(wanted))
        if self.processes > 1:
            blank[::2] = [RECEIVER] * len(blank[::2])
        names = ["SIGTERM"] * graceful + wanted + blank
        chance.shuffle(names)
        return [
            self.stop(victim, number, name)
            for number, name in enumerate(names[victim :: self.victims])
        ]

    def stop(self, victim: int, number: int, name: str) -> Stop:
        """Choose the details of a victim's stop."""
        chance = random.Random(f"{self.seed}.{victim}.stop.{number}")
        load_s = chance.uniform(0.05, 0.6)
        if name == RECEIVER:
            return Stop(load_s, receiver=True)
        if name in ("", "SIGTERM"):
            return Stop(load_s, graceful=name == "SIGTERM")
        point = BY_NAME[name]
        delay_us = 1 + int(chance.random() * point.within_s * 1e6) if point.within_s else 0
        passage = chance.randint(1, point.most)
        return Stop(load_s, point=name, passage=passage, delay_us=delay_us)

    def missed(self, victim: int, done: Sequence[tuple[str, bool]]) -> str:
        """Name a point that still has to strike this victim, empty if none has (any more).

        `done` are the kinds of its stops until now, and whether they came as planned.
        """
        planned = [stop.point for stop in self.stops(victim) if stop.point]
        for name in dict.fromkeys(planned):
            tries = [struck for kind, struck in done if kind == name]
            if sum(tries) < planned.count(name) and len(tries) < planned.count(name) + TRIES:
                return name
        return ""


def point_of(stop: Stop) -> Point | None:
    return BY_NAME[stop.point] if stop.point else None


def phase_of(stop: Stop) -> Phase:
    point = point_of(stop)
    return Phase.LOAD if point is None else point.phase
