"""A path through the rules as text: the same for a stored trace and a dry run."""

from __future__ import annotations

from collections.abc import Iterator

from bitrixmail.model.plan import RuleStep, TestResult, Trace
from bitrixmail.model.text import printable

_WIDE = 300


def trace_lines(trace: Trace) -> list[str]:
    """Return the path line by line.

    How long it took is left out, so that two runs of one message read alike.
    """
    lines = [f"rules version {trace.rule_set_version}"]
    if not trace.steps:
        lines.append("  no rule was asked")
    for step in trace.steps:
        lines += _step(step)
    lines.append(f"  result: {printable(trace.result, _WIDE)}")
    # A note is a traceback: its lines stay lines.
    lines += [f"  note: {printable(line, _WIDE)}" for line in trace.note.splitlines()]
    return lines


def _step(step: RuleStep) -> Iterator[str]:
    word = "skipped" if step.fault else "matched" if step.matched else "passed"
    yield f'  {word:7}  rule "{printable(step.rule)}"'
    for test in step.tests:
        yield f"             {_test(test)}"
    for action in step.actions:
        yield f"             does {printable(action, _WIDE)}"
    if step.fault:
        yield f"             {printable(step.fault, _WIDE)}"


def _test(test: TestResult) -> str:
    wanted = " or ".join(f'"{value}"' for value in test.value)
    asked = " ".join(part for part in (test.field, test.op, wanted) if part)
    answer = "yes" if test.matched else "no"
    return f'{answer:3}  {printable(asked, _WIDE)}; seen "{printable(test.seen, _WIDE)}"'
