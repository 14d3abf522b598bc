"""What the benchmark says of a figure."""

from __future__ import annotations

import pytest

from bench.goals import Figure, Scores


@pytest.mark.parametrize(
    ("value", "verdict"), [(1.9, "missed"), (2.0, "reached"), (3.1, "reached, and the aim")]
)
def test_more_is_better(value: float, verdict: str) -> None:
    assert Figure("rate", value, 2.0, 3.0).verdict == verdict


@pytest.mark.parametrize(
    ("value", "verdict"), [(8.1, "missed"), (8.0, "reached"), (3.9, "reached, and the aim")]
)
def test_or_less_is(value: float, verdict: str) -> None:
    assert Figure("memory", value, 8.0, 4.0, " KiB", at_most=True).verdict == verdict


def test_the_table_ends_with_how_many_were_reached(capsys: pytest.CaptureFixture[str]) -> None:
    scores = Scores()
    scores.add(Figure("rate", 2.5, 2.0, 3.0))
    scores.add(Figure("start", 1.75, 1.5, None, " s", at_most=True))
    capsys.readouterr()
    scores.print_table()
    told = capsys.readouterr().out
    assert "rate    >= 2 (3)x   2.50x  reached\n" in told
    assert "start    <= 1.5 s  1.75 s  missed\n" in told
    assert told.endswith("\n  1 of 2 goals reached\n")
