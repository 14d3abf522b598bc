"""What conditions say of one another: one holds whenever another does, or never.

Pure, and careful: what is claimed is true of every message, what is not claimed may be true too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from bitrixmail.model.rule import All, AnyOf, Condition, Not, Test
from bitrixmail.rules.fields import address_part
from bitrixmail.rules.operators import NEGATIVE, size_octets
from bitrixmail.rules.values import compose, fold

ALWAYS = All()
NEVER = AnyOf()
# A field of which a message has one text at most, so that it can't be two things. (A second Subject
# field is a fault of its message.)
_SINGLE = frozenset(
    {
        "subject", "size", "attachment_count", "spam_score", "language", "folder", "read",
        "priority", "spam",
    }
)  # fmt: skip
_NUMBERS = frozenset({"size", "attachment_count", "spam_score"})
_TEXTUAL = ("contains", "equals", "starts_with", "ends_with")
_MOST_PAIRS = 20_000


class Budget:
    """How many comparisons may still be made. Made for one look at a rule set, ends with it."""

    def __init__(self, left: int) -> None:
        self.left = left

    def spend(self, cost: int = 1) -> bool:
        """Take one; False if there are none left."""
        self.left -= cost
        return self.left >= 0


def plain(condition: Condition, *, holds: bool = True) -> Condition:
    """Return the same condition with `not` before tests alone, and no negative operators.

    Groups of one part are that part; what always or never holds becomes ALWAYS or NEVER.
    """
    if isinstance(condition, Test):
        op = NEGATIVE.get(condition.op)
        if op is None:
            return condition if holds else Not(condition)
        positive = Test(condition.field, op, condition.value, condition.exact, condition.lists)
        return Not(positive) if holds else positive
    if isinstance(condition, Not):
        return plain(condition.part, holds=not holds)
    every = isinstance(condition, All) is holds
    neutral, deciding = (ALWAYS, NEVER) if every else (NEVER, ALWAYS)
    parts: list[Condition] = []
    for part in (plain(each, holds=holds) for each in condition.parts):
        if part == deciding:
            return deciding
        if part != neutral:
            same = isinstance(part, All if every else AnyOf)
            parts += part.parts if same and not isinstance(part, Test | Not) else (part,)
    if len(parts) == 1:
        return parts[0]
    return All(tuple(parts)) if every else AnyOf(tuple(parts))


def implies(  # noqa: PLR0911 - one law a line
    given: Condition, wanted: Condition, budget: Budget
) -> bool:
    """Tell whether `wanted` holds whenever `given` does; both as `plain` returns them."""
    if not budget.spend():
        return False
    if wanted in (given, ALWAYS) or given == NEVER:
        return True
    if isinstance(wanted, All):
        return all(implies(given, part, budget) for part in wanted.parts)
    if isinstance(given, AnyOf):
        return bool(given.parts) and all(implies(part, wanted, budget) for part in given.parts)
    if isinstance(wanted, AnyOf) and any(implies(given, part, budget) for part in wanted.parts):
        return True
    if isinstance(given, All):
        return any(implies(part, wanted, budget) for part in given.parts)
    if isinstance(given, Test) and isinstance(wanted, Test):
        return _test_implies(given, wanted, budget)
    if isinstance(given, Not) and isinstance(wanted, Not):
        return implies(wanted.part, given.part, budget)
    return False


def _test_implies(  # noqa: PLR0911 - one law a line
    given: Test, wanted: Test, budget: Budget
) -> bool:
    if given.field != wanted.field:
        return False
    if wanted.op == "exists":
        return True
    if wanted.exact and not given.exact:
        return False
    if given.op == wanted.op and set(given.value) <= set(wanted.value):
        return set(given.lists) <= set(wanted.lists)
    if given.lists or not given.value or not wanted.value:
        return False
    if given.field in _NUMBERS:
        return _number_implies(given, wanted)
    if given.op not in _TEXTUAL or wanted.op not in _TEXTUAL or "time" in given.field:
        return False
    if not budget.spend(len(given.value) * len(wanted.value)):
        return False
    ours, theirs = _texts(given, wanted.exact), _texts(wanted, wanted.exact)
    return all(any(_fits(given.op, text, wanted.op, want) for want in theirs) for text in ours)


def _fits(op: str, text: str, wanted_op: str, wanted: str) -> bool:
    """Tell whether what an operator finds by a text is found by another one too."""
    if wanted_op == "contains":
        return wanted in text
    if op not in (wanted_op, "equals"):
        return False
    if wanted_op == "equals":
        return text.strip() == wanted.strip()
    # Blanks around a text that is equal are not looked at, those around a beginning are.
    if op == "equals" and wanted != wanted.strip():
        return False
    text = text.strip() if op == "equals" else text
    return text.startswith(wanted) if wanted_op == "starts_with" else text.endswith(wanted)


def _texts(test: Test, exact: bool) -> list[str]:
    return [compose(value) if exact else fold(value) for value in test.value]


def _number_implies(given: Test, wanted: Test) -> bool:
    try:
        ours = [_number(given.field, value) for value in given.value]
        theirs = [_number(wanted.field, value) for value in wanted.value]
    except ValueError:
        return False
    if given.op == wanted.op == "equals":
        return set(ours) <= set(theirs)
    if wanted.op == "greater":
        return {"greater": min(ours) >= min(theirs), "equals": min(ours) > min(theirs)}.get(
            given.op, False
        )
    if wanted.op == "less":
        return {"less": max(ours) <= max(theirs), "equals": max(ours) < max(theirs)}.get(
            given.op, False
        )
    return False


def _number(field: str, text: str) -> float:
    return size_octets(text) if field == "size" else float(text)


def contradiction(  # noqa: PLR0911 - one law a line
    condition: Condition, budget: Budget
) -> str | None:
    """Say why a condition, as `plain` returns it, can never hold; None if it may."""
    if isinstance(condition, Test):
        return _impossible(condition)
    if isinstance(condition, Not):
        return None
    if isinstance(condition, AnyOf):
        if not condition.parts:
            return "it asks for one of no conditions"
        found = [contradiction(part, budget) for part in condition.parts]
        return found[0] if None not in found else None
    literals = [part for part in condition.parts if isinstance(part, Test | Not)]
    for part in condition.parts:
        reason = contradiction(part, budget)
        if reason is not None:
            return reason
    for one, other in _pairs(literals):
        if not budget.spend():
            return None
        reason = _clash(one, other, budget)
        if reason is not None:
            return reason
    return None


def _pairs(literals: list[Test | Not]) -> Iterator[tuple[Test | Not, Test | Not]]:
    """Go through the pairs that are about one field, bounded."""
    by_field: dict[str, list[Test | Not]] = {}
    left = _MOST_PAIRS
    for literal in literals:
        inner = literal.part if isinstance(literal, Not) else literal
        if not isinstance(inner, Test):
            continue
        known = by_field.setdefault(inner.field, [])
        for other in known:
            left -= 1
            if left < 0:
                return
            yield other, literal
        known.append(literal)


def _clash(one: Test | Not, other: Test | Not, budget: Budget) -> str | None:
    """Say why two conditions can't both hold."""
    if isinstance(one, Not):
        one, other = other, one
    if isinstance(one, Not):
        return None
    if isinstance(other, Not):
        if implies(one, other.part, budget):
            return f"what {_named(one)} asks for, another condition forbids"
        return None
    if one.field not in _SINGLE or one.lists or other.lists or not one.value or not other.value:
        return None
    apart = _numbers_apart if one.field in _NUMBERS else _texts_apart
    if apart(one, other):
        return f"{_named(one)} and {_named(other)} exclude one another"
    return None


def _named(test: Test) -> str:
    return f"{test.field} {test.op}"


def _numbers_apart(one: Test, other: Test) -> bool:
    with suppress(ValueError):
        lows, highs, sets = [], [], []
        for test in (one, other):
            values = [_number(test.field, value) for value in test.value]
            if test.op == "greater":
                lows.append(min(values))
            elif test.op == "less":
                highs.append(max(values))
            elif test.op == "equals":
                sets.append(set(values))
        if lows and highs:
            return lows[0] >= highs[0]
        if len(sets) == 2:
            return not sets[0] & sets[1]
        if sets and (lows or highs):
            return not any(all(value > low for low in lows) and all(value < high for high in highs)
                           for value in sets[0])  # fmt: skip
    return False


def _texts_apart(one: Test, other: Test) -> bool:
    if len(one.value) * len(other.value) > _MOST_PAIRS:
        return False
    both = one.exact and other.exact
    ours, theirs = _texts(one, both), _texts(other, both)
    if other.op == "equals" and one.op != "equals":
        one, other, ours, theirs = other, one, theirs, ours
    if one.op == "equals" and other.op in _TEXTUAL:
        return not any(_fits("equals", a, other.op, b.strip()) for a in ours for b in theirs)
    if one.op == other.op == "starts_with":
        return not any(a.startswith(b) or b.startswith(a) for a in ours for b in theirs)
    if one.op == other.op == "ends_with":
        return not any(a.endswith(b) or b.endswith(a) for a in ours for b in theirs)
    return False


def _impossible(test: Test) -> str | None:
    """Say why one test can never hold."""
    part = address_part(test.field)[1]
    if test.lists or not test.value or test.op not in _TEXTUAL:
        return _impossible_number(test)
    if part in ("domain", "local_part", "address") and test.op == "equals":
        if not any(value.strip() for value in test.value):
            return f"no {part} is empty"
        if part == "domain" and all("@" in value for value in test.value):
            return "a domain has no @ in it"
    return None


def _impossible_number(test: Test) -> str | None:
    if test.field not in ("size", "attachment_count") or test.op != "less" or not test.value:
        return None
    with suppress(ValueError):
        if max(_number(test.field, value) for value in test.value) <= 0:
            return "nothing is less than nothing"
    return None
