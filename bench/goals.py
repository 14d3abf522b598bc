"""What is aimed at, what was found, and the table of both that a run ends with."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Figure:
    """One goal and what was measured; `aim` is further than `must`, and None if there is none.

    `at_most`: smaller is better. `unit` stands behind each number: "x", " KiB", " s".
    """

    name: str
    value: float
    must: float
    aim: float | None = None
    unit: str = "x"
    at_most: bool = False

    def __str__(self) -> str:
        bound = "at most" if self.at_most else "at least"
        aim = "" if self.aim is None else f", aim {self.aim:g}{self.unit}"
        return (
            f"{self.name}: {self._told(self.value)} (goal {bound} "
            f"{self.must:.3g}{self.unit}{aim}: {self.verdict})"
        )

    @property
    def verdict(self) -> str:
        """Whether the goal was reached, and the aim too."""
        if not self._within(self.must):
            return "missed"
        beyond = self.aim is not None and self._within(self.aim)
        return "reached, and the aim" if beyond else "reached"

    @property
    def cells(self) -> tuple[str, str, str, str]:
        """Return the cells of its line in the closing table."""
        bound = "<=" if self.at_most else ">="
        aim = "" if self.aim is None else f" ({self.aim:g})"
        goal = f"{bound} {self.must:.3g}{aim}{self.unit}"
        return self.name, goal, self._told(self.value), self.verdict

    def _within(self, bound: float) -> bool:
        return self.value <= bound if self.at_most else self.value >= bound

    def _told(self, value: float) -> str:
        return f"{value:.{0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2}f}{self.unit}"


@dataclass
class Scores:
    """The figures of a run, in their order. Made by the run, handed to each section."""

    figures: list[Figure] = field(default_factory=list)

    def add(self, figure: Figure) -> None:
        """Keep a figure, and print it where its section is printed."""
        self.figures.append(figure)
        print(f"  {figure}")

    def print_table(self) -> None:
        """Print all of them: goal (with the aim in brackets), figure, verdict."""
        rows = [("", "goal (aim)", "figure", ""), *(figure.cells for figure in self.figures)]
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        print("Summary")
        for name, goal, figure, verdict in rows:
            line = f"  {name:<{widths[0]}}  {goal:>{widths[1]}}  {figure:>{widths[2]}}  {verdict}"
            print(line.rstrip())
        missed = sum(figure.verdict == "missed" for figure in self.figures)
        print(f"\n  {len(self.figures) - missed} of {len(self.figures)} goals reached")
