"""Random tests, conditions and actions of the whole rule language, all of them sound."""

from __future__ import annotations

from hypothesis import strategies as st

from bitrixmail.model.rule import Action, All, AnyOf, Condition, Not, Test
from bitrixmail.rules.facts import ADDRESS_FIELDS, FIELDS, NUMBER_FIELDS, TIME_FIELDS
from bitrixmail.rules.fields import ADDRESS_PARTS
from bitrixmail.rules.operators import CLOCK_OPERATORS, NUMBER_OPERATORS, TEXT_OPERATORS

LETTERS = st.characters(codec="utf-8")
TEXTS = st.text(LETTERS, min_size=1, max_size=20)
_WORDS = {"read": ["yes", "no"], "spam": ["yes", "no"], "priority": ["high", "normal", "low"]}
_VALUES = {
    "size": ["1 KiB", "2", "1.5MB"],
    "attachment_size": ["10MB", "0"],
    "attachment_count": ["0", "3"],
    "spam_score": ["5", "-1.5", "0"],
    "age": ["7d", "30m", "2w"],
    "date": ["2026-01-31", "2026-01-31 14:00 Europe/Moscow"],
    "received": ["2026-11-24", "2026-11-24 12:30:00 +03:00"],
    "time": ["Mon-Fri 09:00-18:00", "22:00-07:00 Europe/Moscow", "Сб,Вс"],
}
TEXT_FIELDS = sorted(
    {*FIELDS, "header:X-A", "header:Subject"}.difference(NUMBER_FIELDS, TIME_FIELDS)
    | {f"{field}.{part}" for field in ADDRESS_FIELDS for part in ADDRESS_PARTS}
    - {"envelope_sender.name", "envelope_recipient.name"}
)


def _listed(values: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(values, min_size=1, max_size=3).map(tuple)


def _text_test(field: str, op: str) -> st.SearchStrategy[Test]:
    if op == "exists":
        return st.just(Test(field, op))
    if op == "regex":
        values = st.sampled_from([r"^\d+", r"а.?б", "[^@]+@", "x|y"])
    else:
        values = st.sampled_from(_WORDS[field]) if field in _WORDS else TEXTS
    lists = st.sampled_from([(), (), ("partners.txt",), ("a", "Список-2.txt")])
    return st.builds(Test, st.just(field), st.just(op), _listed(values), st.booleans(), lists)


def _number_test(field: str) -> st.SearchStrategy[Test]:
    operators = CLOCK_OPERATORS if field == "time" else NUMBER_OPERATORS
    values = _listed(st.sampled_from(_VALUES[field]))
    compared = [op for op in operators if op != "exists"]
    return st.one_of(
        st.builds(Test, st.just(field), st.sampled_from(compared), values),
        st.just(Test(field, "exists")),
    )


TESTS = st.one_of(
    st.tuples(st.sampled_from(TEXT_FIELDS), st.sampled_from(TEXT_OPERATORS)).flatmap(
        lambda pair: _text_test(*pair)
    ),
    st.sampled_from([*NUMBER_FIELDS, *TIME_FIELDS]).flatmap(_number_test),
)
CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    TESTS,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(All, st.lists(inner, max_size=3).map(tuple)),
        st.builds(AnyOf, st.lists(inner, max_size=3).map(tuple)),
    ),
    max_leaves=8,
)
ACTIONS = st.sampled_from(
    [Action("move", "A/Счета"), Action("copy", "B"), Action("flag"), Action("flag", "$Work"),
     Action("unflag"), Action("tag", "счёт"), Action("untag", "счёт"), Action("mark_read"),
     Action("mark_unread"), Action("priority", "high"), Action("priority", "normal"),
     Action("delete"), Action("reject", 'No "way"'), Action("discard"), Action("quarantine"),
     Action("stop")]
)  # fmt: skip
LISTS = {"partners.txt": ("boss@x.ru", "1"), "a": ("а", "5"), "Список-2.txt": ()}
