"""A trace as the event log keeps it: JSON, what has its default left out."""

from __future__ import annotations

import json
from typing import Any

from bitrixmail.model.plan import RuleStep, TestResult, Trace

# Thousands of rules make long traces; then only the steps that did something are kept.
MAX_TEXT = 256 * 1024
# Made once: `json.dumps` would make one each time.
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


def trace_to_json(trace: Trace) -> str:
    """Write a trace; beyond MAX_TEXT without the steps that did not match."""
    text = _dump(trace, trace.steps, trace.note)
    if len(text) <= MAX_TEXT:
        return text
    steps = [step for step in trace.steps if step.matched or step.fault]
    note = f"{len(trace.steps) - len(steps)} steps that did not match are left out\n{trace.note}"
    text = _dump(trace, steps, note)
    if len(text) <= MAX_TEXT:
        return text
    return _dump(trace, (), f"{len(trace.steps)} steps are left out\n{trace.note}"[:MAX_TEXT])


def _dump(trace: Trace, steps: Any, note: str) -> str:
    data: dict[str, Any] = {"version": trace.rule_set_version, "elapsed_us": trace.elapsed_us}
    if steps:
        data["steps"] = [_step(step) for step in steps]
    if trace.result:
        data["result"] = trace.result
    if note:
        data["note"] = note
    return _encode(data)


def _step(step: RuleStep) -> dict[str, Any]:
    data: dict[str, Any] = {"rule": step.rule, "matched": step.matched}
    if step.tests:
        data["tests"] = [
            [test.field, test.op, test.value, test.seen, test.matched] for test in step.tests
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
        )
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"no trace: {error}") from error


def _read_step(data: dict[str, Any]) -> RuleStep:
    tests = tuple(
        TestResult(field, op, tuple(value), seen, matched)
        for field, op, value, seen, matched in data.get("tests", ())
    )
    return RuleStep(
        rule=data["rule"],
        matched=data["matched"],
        tests=tests,
        actions=tuple(data.get("actions", ())),
        fault=data.get("fault", ""),
    )
