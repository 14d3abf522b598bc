from __future__ import annotations

import pytest

from bitrixmail.model.plan import RuleStep, TestResult, Trace
from bitrixmail.store.trace_json import MAX_TEXT, trace_from_json, trace_to_json
from tests.fakes.drafts import TRACE


@pytest.mark.parametrize(
    "trace",
    [Trace(), TRACE, Trace(1, (RuleStep("x", matched=False, fault="broken"),), "kept", 9, "note")],
)
def test_a_trace_comes_back_as_it_was(trace: Trace) -> None:
    assert trace_from_json(trace_to_json(trace)) == trace


def test_a_trace_is_bounded_and_keeps_what_matched() -> None:
    long = TestResult("subject", "contains", ("x" * 100,), "y" * 100, matched=False)
    idle = RuleStep("idle", matched=False, tests=(long,))
    hit = RuleStep("hit", matched=True, actions=("move A",))
    text = trace_to_json(Trace(1, (*[idle] * 5000, hit), "kept in A"))
    assert len(text) <= MAX_TEXT
    trace = trace_from_json(text)
    assert trace.steps == (hit,)
    assert trace.note.startswith("5000 steps")
    text = trace_to_json(Trace(1, (hit,) * 20_000, "kept in A"))
    assert len(text) <= MAX_TEXT
    assert trace_from_json(text).result == "kept in A"


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"version":1}', '{"version":1,"elapsed_us":2,"steps":[3]}']
)
def test_what_is_no_trace_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no trace|Expecting"):
        trace_from_json(text)
