"""A few thousand inputs for every target; `make fuzz` throws as many as there is time for."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from random import Random

import chardet
import pytest

from bitrixmail.smtp import wire
from tests.fuzz.campaign import Campaign, Report
from tests.fuzz.charset_guesses import mostly_made_up
from tests.fuzz.target import NAMES, Target, make_target

SECONDS = 0.25


def short_run(target: Target, seed: int, **bounds: float) -> Report:
    return Campaign(target, seed).run(
        inputs=int(bounds.get("inputs", 0)), seconds=bounds.get("seconds", 0.0)
    )


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chardet, "detect", mostly_made_up)
    report = short_run(make_target(name), seed=Random(name).getrandbits(32), seconds=SECONDS)
    assert not report.finds, report.finds
    assert report.inputs > 20


def planted(run: object) -> Target:
    assert callable(run)
    return Target("planted", run, seeds=(b"some words",), words=(b"bang", b"x"), max_octets=60)


def test_a_fault_is_found_once_and_cut_down() -> None:
    def run(octets: bytes) -> Hashable:
        if b"bang" in octets and b"bang!" not in octets:
            raise ZeroDivisionError
        return len(octets)

    report = short_run(planted(run), seed=1, inputs=2000)
    (find,) = report.finds
    assert find.octets == b"bang"
    assert find.error == "ZeroDivisionError"


def test_what_depends_on_inputs_before_is_found() -> None:
    seen: list[bytes] = []

    def run(octets: bytes) -> Hashable:
        seen.append(octets)
        return len(seen)

    assert "then" in short_run(planted(run), seed=1, inputs=200).finds[0].error


def test_a_hang_is_interrupted() -> None:
    def run(octets: bytes) -> Hashable:
        while b"bang" in octets:
            pass
        return len(octets)

    target = replace(planted(run), seeds=(b"bang",))
    found = Campaign(target, 1, hang_s=0.1).run(inputs=1).finds
    assert [find.error.partition(":")[0] for find in found] == ["tests.fuzz.watch.HangError"]


def test_the_same_seed_makes_the_same_inputs() -> None:
    made: list[list[bytes]] = [[], []]
    for inputs in made:

        def run(octets: bytes, inputs: list[bytes] = inputs) -> Hashable:
            inputs.append(octets)
            return len(octets)

        short_run(planted(run), seed=7, inputs=300)
    assert made[0] == made[1]


def test_a_reader_of_dots_that_forgets_the_cut_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model tells: a stuffed dot, or an end, over two reads."""
    monkeypatch.setattr(wire, "_beginning_at_end", lambda _raw: 0)
    assert short_run(make_target("framing"), seed=1, inputs=500).finds
