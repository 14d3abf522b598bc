"""The table of a campaign: what was done, what was found, what is wrong."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from tests.crash.campaign import read_lines, total
from tests.crash.judge import FAULTS
from tests.crash.plan import RECEIVER, Plan

_MOST_TOLD = 10
# Fewer acknowledged letters than this for each stop prove nothing
_LEAST = 2


class Report:
    """Reads what the victims' campaigns have noted. Made at the end of a run."""

    def __init__(self, folder: Path, plan: Plan, spent_s: float) -> None:
        self._plan = plan
        self._spent_s = spent_s
        self.stops = self._lines(folder, "stops.jsonl")
        self.rounds = self._lines(folder, "rounds.jsonl")
        self._removals = self._lines(folder, "removals.jsonl")
        self._verdict = total(self.rounds)
        self._struck = Counter(stop["kind"] for stop in self.stops if stop["struck"])

    @staticmethod
    def _lines(folder: Path, name: str) -> list[dict[str, Any]]:
        files = sorted(folder.glob(f"victim-*/{name}"))
        return [line for file in files for line in read_lines(file)]

    def table(self) -> str:
        """Return it as text, a line for each figure, the faults last."""
        lines = [f"{what:<40}{figure:>10}" for what, figure in self._figures().items()]
        points = [f"{name:<20}{self._struck[name]:>4}" for name in self._plan.points]
        if self._plan.times:
            lines.append("struck at the fail points, times")
            lines += ["  " + "    ".join(points[at : at + 3]) for at in range(0, len(points), 3)]
        lines += [f"FAULT: {fault}" for fault in self.faults]
        lines.append("no fault" if not self.faults else f"{len(self.faults)} faults")
        return "\n".join(lines)

    def _figures(self) -> dict[str, object]:
        verdict, stops = self._verdict, self.stops
        starts = [stop["start_s"] for stop in stops if stop["start_s"] is not None]
        ends = [stop["took_s"] for stop in stops if "took_s" in stop]
        points = sum(self._struck[name] for name in self._plan.points)
        return {
            "stops": len(stops),
            "  by SIGKILL at a random moment": self._struck["SIGKILL"],
            "  the same, after that of a receiver": self._struck[RECEIVER],
            "  at a fail point": points,
            "  by SIGTERM": self._struck["SIGTERM"],
            "attempts": self._sum("attempts"),
            "  dropped by the client": self._sum("dropped"),
            "acknowledged": self._sum("acknowledged"),
            "  under TLS": self._marked("T"),
            "  by BDAT": self._marked("B"),
            "  above 64 KiB": self._marked("L"),
            "  to several mailboxes": self._marked("2"),
            "told 421 at an end": sum(
                times for reply, times in self._refusals().items() if reply.startswith("421")
            ),
            "copies found in mailboxes": verdict.kept,
            "  of unacknowledged attempts": verdict.kept_unacknowledged,
            "acknowledged and LOST": len(verdict.lost),
            "DOUBLED": len(verdict.doubled),
            "DAMAGED or partial": len(verdict.damaged),
            "in the wrong folder": len(verdict.misfiled),
            "never sent": len(verdict.strange),
            "cut off amid a content by SIGTERM": len(verdict.cut),
            "files left by crashes, swept": self._sum("orphans"),
            "mailboxes judged and emptied, times": len(self._removals),
            "slowest restart, s": f"{max(starts, default=0):.2f}",
            "slowest end after SIGTERM, s": f"{max(ends, default=0):.2f}",
            "whole run, s": f"{self._spent_s:.0f}",
        }

    def _refusals(self) -> Counter[str]:
        return sum((Counter(found["refusals"]) for found in self.rounds), Counter())

    def _sum(self, key: str) -> int:
        return sum(found[key] for found in self.rounds)

    def _marked(self, mark: str) -> int:
        return sum(found["marks"][mark] for found in self.rounds)

    @property
    def faults(self) -> list[str]:
        """Everything that breaks the promise, or keeps the run from proving it."""
        found = [
            f"{name}: {entry}"
            for name in FAULTS
            for entry in getattr(self._verdict, name)[:_MOST_TOLD]
        ]
        for part in (*self.rounds, *self._removals):
            found += part["wrong"]
        # Nothing is full, locked or busy here: only an end may turn somebody away.
        found += [
            f"refused {times} times: {reply}"
            for reply, times in self._refusals().items()
            if not reply.startswith("421")
        ]
        if self._sum("acknowledged") < _LEAST * len(self.stops):
            found.append("so little was acknowledged that nothing is proven")
        for stop in self.stops:
            if not stop["struck"] and stop["kind"] not in self._plan.points:
                told = f" code {stop['code']} in {stop['took_s']:.1f} s" if "code" in stop else ""
                found.append(
                    f"{stop['kind']} found the server dead or undone:{told} {stop['said']}"
                )
        found += [
            f"{name}: struck {self._struck[name]} of {self._plan.times} times"
            for name in self._plan.points
            if self._struck[name] < self._plan.times
        ]
        if len(self.stops) < self._plan.kills:
            found.append(f"only {len(self.stops)} of {self._plan.kills} stops were done")
        return found
