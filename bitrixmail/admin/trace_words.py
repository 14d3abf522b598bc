"""A path through the rules in words: the same for a stored trace and a dry run, for all faces."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bitrixmail.admin.events_russian import event_in_russian
from bitrixmail.model.plan import RuleStep, TestResult, Trace
from bitrixmail.model.rule import Action, Test
from bitrixmail.model.text import printable
from bitrixmail.rules.fields import TIME_FIELDS

_WIDE = 300


@dataclass(frozen=True, slots=True)
class _Labels:
    """The words around what a trace tells, in one language."""

    version: str
    none: str
    matched: str
    passed: str
    skipped: str
    rule: str
    yes: str
    no: str
    seen: str
    does: str
    result: str
    note: str


_ENGLISH = _Labels(
    "rules version {}", "no rule was asked", "matched", "passed", "skipped", 'rule "{}"',
    "yes", "no", '; seen "{}"', "does {}", "result: {}", "note: {}",
)  # fmt: skip
_RUSSIAN = _Labels(
    "правила, версия {}", "ни одно правило не проверялось", "подошло", "мимо", "пропущено",
    "правило «{}»", "да", "нет", "; в письме: «{}»", "действие: {}", "итог: {}", "примечание: {}",
)  # fmt: skip
_WORK = "to be done:"
# What the engine says of its decision; what stands behind is a name.
_RESULTS = {
    "kept in": "оставлено в {}",
    "moved to": "перемещено в {}",
    "deleted (moved to Trash)": "удалено (перемещено в Trash)",
    "copied to": "копия в {}",
    "marked as read": "отмечено прочитанным",
    "marked as unread": "отмечено непрочитанным",
    "flagged": "поставлен флаг {}",
    "unflagged": "снят флаг {}",
    "given high priority": "высокая важность",
    "given low priority": "низкая важность",
    "no longer of high priority": "больше не высокой важности",
    "no longer of low priority": "больше не низкой важности",
    "tagged": "поставлена метка {}",
    "untagged": "снята метка {}",
    "discarded": "выброшено",
    "rejected:": "отказано: {}",
    "rejected": "отказано",
    "put into quarantine": "помещено в карантин",
    _WORK: "будет выполнено: {}",
}
_DAYS = {
    "Mon": "пн", "Tue": "вт", "Wed": "ср", "Thu": "чт", "Fri": "пт", "Sat": "сб", "Sun": "вс",
}  # fmt: skip
_BARE = {"flagged": "отмечено флажком", "unflagged": "снят флажок"}
_START = "|".join(re.escape(start) for start in sorted(_RESULTS, key=len, reverse=True))
_PART = re.compile(rf"({_START})(?:(?<=:)|(?= )|$)\s?(.*)", re.DOTALL)
# A name may have a comma too: only one before a word of the engine ends a part.
_COMMA = re.compile(rf", (?=(?:{_START})(?: |$|,))")
_FAULTS = {
    "skipped: a regular expression took too long": "регулярное выражение работало слишком долго",
    "skipped: the regular expressions before it took too long": (
        "регулярные выражения до него работали слишком долго"
    ),
}


def trace_lines(
    trace: Trace, language: str = "en", sentences: Mapping[str, str] | None = None
) -> list[str]:
    """Return the path line by line, in English or Russian.

    How long it took is left out, so that two runs of one message read alike. `sentences` are
    rules in words, told below those that matched.
    """
    labels = _labels(language)
    lines = [labels.version.format(trace.rule_set_version)]
    if not trace.steps:
        lines.append(f"  {labels.none}")
    for step in trace.steps:
        lines += _step(step, language)
        if step.matched and sentences and step.rule in sentences:
            lines.append(f"             {sentences[step.rule]}")
    result = trace.result if language == "en" else _result(trace.result)
    lines.append(f"  {labels.result.format(printable(result, _WIDE))}")
    # A note is a traceback: its lines stay lines.
    lines += [f"  {labels.note.format(printable(line, _WIDE))}" for line in trace.note.splitlines()]
    return lines


@dataclass(frozen=True, slots=True)
class ToldTest:
    """One comparison in words: what was asked, what was seen, and the answer."""

    asked: str
    seen: str
    matched: bool


@dataclass(frozen=True, slots=True)
class ToldStep:
    """One rule of a path in words. `fault` says why it was skipped, if it was."""

    rule: str
    matched: bool
    tests: tuple[ToldTest, ...]
    actions: tuple[str, ...]
    fault: str


def told_steps(trace: Trace, language: str) -> tuple[ToldStep, ...]:
    """Return the path step by step, in sentences of English or Russian."""
    return tuple(
        ToldStep(
            step.rule,
            step.matched,
            tuple(
                ToldTest(
                    printable(_sentence(test, language), _WIDE),
                    printable(_seen(test, language), _WIDE),
                    test.matched,
                )
                for test in step.tests
            ),
            tuple(_action(action, language) for action in step.actions),
            _fault(step.fault, language),
        )
        for step in trace.steps
    )


def told_result(trace: Trace, language: str) -> str:
    """Return what comes of it, in English or Russian."""
    return printable(trace.result if language == "en" else _result(trace.result), _WIDE)


def told_action(shown: str, language: str) -> str:
    """Say an action, given as a path shows it, in a sentence of English or Russian."""
    return printable(_action(shown, language), _WIDE)


def trace_data(trace: Trace) -> dict[str, object]:
    """Return a path with stable keys, for JSON."""
    keys = ("rule_set_version", "steps", "result", "elapsed_us", "note")
    return {key: getattr(trace, key) for key in keys}


def _labels(language: str) -> _Labels:
    return _RUSSIAN if language == "ru" else _ENGLISH


def _step(step: RuleStep, language: str) -> Iterator[str]:
    labels = _labels(language)
    word = labels.skipped if step.fault else labels.matched if step.matched else labels.passed
    wide = max(map(len, (labels.skipped, labels.matched, labels.passed)))
    yield f"  {word:{wide}}  {labels.rule.format(printable(step.rule))}"
    for test in step.tests:
        yield f"             {_test(test, language)}"
    for action in step.actions:
        told = action if language == "en" else _action(action, language)
        yield f"             {labels.does.format(printable(told, _WIDE))}"
    if step.fault:
        yield f"             {printable(_fault(step.fault, language), _WIDE)}"


def _test(test: TestResult, language: str) -> str:
    labels, asked = _labels(language), _asked(test, language)
    answer = labels.yes if test.matched else labels.no
    seen = labels.seen.format(printable(_seen(test, language), _WIDE))
    return f"{answer:3}  {printable(asked, _WIDE)}{seen}"


def _asked(test: TestResult, language: str) -> str:
    if language == "en":
        parts = [f'"{value}"' for value in test.value]
        parts += [f"a line of {name}" for name in test.lists]
        wanted = " or ".join(parts)
        return " ".join(part for part in (test.field, test.op, wanted) if part)
    return _sentence(test, language)


def _sentence(test: TestResult, language: str) -> str:
    from bitrixmail.rules.sentences import test_clause  # noqa: PLC0415 - slow, see cli.session

    return test_clause(Test(test.field, test.op, test.value, lists=test.lists), language)


def _seen(test: TestResult, language: str) -> str:
    """Return what a test looked at; of a time the day of the week is put into words."""
    day, _, rest = test.seen.partition(" ")
    if language == "ru" and test.field in TIME_FIELDS and day in _DAYS:
        return f"{_DAYS[day]} {rest}"
    return test.seen


def _action(shown: str, language: str) -> str:
    from bitrixmail.rules.sentences import action_clause  # noqa: PLC0415 - slow, see cli.session

    do, _, argument = shown.partition(" ")
    return action_clause(Action(do, argument), language)


def _fault(fault: str, language: str) -> str:
    return _FAULTS.get(fault) or event_in_russian(fault) if language == "ru" else fault


def _result(result: str) -> str:
    """Say a result in Russian; what is not of the engine stays as it is."""
    if result.startswith("rejected: "):
        return _part(result)  # the text is the rule's own, whatever stands in it
    return ", ".join(map(_part, _COMMA.split(result)))


def _part(part: str) -> str:
    found = _PART.fullmatch(part)
    if not found:
        return part
    start, name = found.groups()
    if not name and start in _BARE:
        return _BARE[start]
    if start == _WORK:  # an action with what it is for behind it
        from bitrixmail.rules.actions import KINDS  # noqa: PLC0415 - slow, and commands wait for us

        do, gap, rest = name.partition(" ")
        name = f"{event_in_russian(do)}{gap}{rest}" if do in KINDS else name
    return _RESULTS[start].format(name)
