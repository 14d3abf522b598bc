"""A trace as the event log keeps it: JSON, what has its default left out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pydantic_core import to_json

from bitrixmail.model.plan import RuleStep, Skimmed, TestResult, Trace

# Thousands of rules make long traces; then only the steps that did something are kept.
MAX_TEXT = 256 * 1024


def trace_to_json(trace: Trace) -> str:
    """Write a trace; beyond MAX_TEXT without the steps that did not match, or without all."""
    text = _dump(trace)
    if len(text) > MAX_TEXT:
        text = _dump(_only(trace, "that did not match", lambda step: step.matched or step.fault))
    if len(text) > MAX_TEXT:
        text = _dump(_only(trace, "in all", lambda _: False))
    return text


def _only(trace: Trace, which: str, wanted: Callable[[RuleStep], object]) -> Trace:
    """Leave steps out, and say so. What is left is no short form: nobody can complete it."""
    steps = tuple(filter(wanted, trace.steps))
    note = f"{len(trace.steps) - len(steps)} steps {which} are left out\n{trace.note}"
    return replace(trace, steps=steps, note=note[:MAX_TEXT], skimmed=None)


def _dump(trace: Trace) -> str:
    data: dict[str, Any] = {"version": trace.rule_set_version, "elapsed_us": trace.elapsed_us}
    if trace.steps:
        data["steps"] = [_step(step) for step in trace.steps]
    if trace.result:
        data["result"] = trace.result
    if trace.note:
        data["note"] = trace.note
    skimmed = trace.skimmed
    if skimmed is not None:
        data["for"] = [skimmed.mailbox, skimmed.domain, skimmed.occasion]
        data["asked"] = skimmed.asked
        if skimmed.places:
            data["at"] = skimmed.places
        if skimmed.seen:
            data["seen"] = dict(skimmed.seen)
    # A third of the time that the standard library takes; there is one for every filing
    return to_json(data).decode()


def _step(step: RuleStep) -> dict[str, Any]:
    data: dict[str, Any] = {"rule": step.rule, "matched": step.matched}
    if step.tests:
        data["tests"] = [
            [test.field, test.op, test.value, test.seen, test.matched, *test.lists]
            for test in step.tests
        ]
    if step.actions:
        data["actions"] = step.actions
    if step.fault:
        data["fault"] = step.fault
    return data


def trace_from_json(text: str) -> Trace:
    """Read a trace as `trace_to_json` wrote it. Raises ValueError."""
    try:
        data = json.loads(text)
        return Trace(
            rule_set_version=data["version"],
            steps=tuple(_read_step(step) for step in data.get("steps", ())),
            result=data.get("result", ""),
            elapsed_us=data["elapsed_us"],
            note=data.get("note", ""),
            skimmed=_read_skimmed(data) if "asked" in data else None,
        )
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"no trace: {error}") from error


def _read_skimmed(data: dict[str, Any]) -> Skimmed:
    mailbox, domain, occasion = data["for"]
    return Skimmed(
        mailbox,
        domain,
        occasion,
        data["asked"],
        tuple(data.get("at", ())),
        tuple(data.get("seen", {}).items()),
    )


def _read_step(data: dict[str, Any]) -> RuleStep:
    tests = tuple(
        TestResult(field, op, tuple(value), seen, matched, tuple(lists))
        for field, op, value, seen, matched, *lists in data.get("tests", ())
    )
    return RuleStep(
        rule=data["rule"],
        matched=data["matched"],
        tests=tests,
        actions=tuple(data.get("actions", ())),
        fault=data.get("fault", ""),
    )
