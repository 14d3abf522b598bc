"""Which rules can match at all: looked up by text instead of asked one by one.

Most rules hang on one test of text: unless it holds, the rule can't match. Those tests, its keys,
are gathered here by field and operator, so that a message meets hundreds of rules for the price of
a few. Pure.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from bitrixmail.interfaces.rules import IFacts, IValues
from bitrixmail.model.rule import All, AnyOf, Condition, Not, Test
from bitrixmail.rules.fields import BODY_FIELDS, STANDING_FIELDS, foreign_name, sources
from bitrixmail.rules.values import compose, fold

_INDEXED = ("equals", "contains", "starts_with", "ends_with", "exists")
# What a test costs, roughly: a look-up, decoding a field, the body, a pattern, others' code.
_CHEAP, _TEXT, _BODY, _PATTERN, _FOREIGN = range(5)
# Of so many different values of a field it is remembered which rules they meet.
_MOST_KNOWN = 1024


def arranged(condition: Condition) -> Condition:
    """Put cheap parts first; what the condition says stays the same."""
    if isinstance(condition, Test):
        return condition
    if isinstance(condition, Not):
        return Not(arranged(condition.part))
    return replace(condition, parts=tuple(sorted(map(arranged, condition.parts), key=cost)))


def cost(condition: Condition) -> int:
    """Return how dear a condition is: as its dearest test."""
    if isinstance(condition, Not):
        return cost(condition.part)
    if isinstance(condition, All | AnyOf):
        return max(map(cost, condition.parts), default=_CHEAP)
    if foreign_name(condition.field) is not None:
        return _FOREIGN
    if condition.op == "regex":
        return _PATTERN
    if condition.field in BODY_FIELDS:
        return _BODY
    return _CHEAP if condition.op == "equals" or condition.field in STANDING_FIELDS else _TEXT


def keys_of(condition: Condition, is_text: Callable[[Test], bool]) -> tuple[Test, ...]:
    """Return tests of which one must hold for the condition to hold; none if there are none.

    `is_text` tells whether a test compares texts, as against numbers and times.
    """
    if isinstance(condition, Test):
        usable = condition.op in _INDEXED and condition.field not in STANDING_FIELDS
        # An extension is asked only where nothing else decides
        usable = usable and foreign_name(condition.field) is None
        return (condition,) if usable and is_text(condition) else ()
    if isinstance(condition, All):
        found = filter(None, (keys_of(part, is_text) for part in condition.parts))
        return min(found, key=_weight, default=())
    if isinstance(condition, AnyOf):
        parts = [keys_of(part, is_text) for part in condition.parts]
        return tuple(key for part in parts for key in part) if all(parts) else ()
    return ()


def _weight(keys: tuple[Test, ...]) -> tuple[int, bool]:
    """Rank keys: the cheap ones first; last those that ask little, and so hold most often."""
    return max(map(cost, keys)), any(key.op == "exists" for key in keys)


class _FieldIndex:
    """The keys on one field, of one way to compare. Made by an Index, lives as long as it."""

    __slots__ = ("_contained", "_ends", "_equal", "_exist", "_known", "_starts")

    def __init__(self) -> None:
        self._known: dict[IValues, list[int]] = {}
        self._equal: dict[str, list[int]] = {}
        self._contained: list[tuple[str, int]] = []
        self._starts: list[tuple[str, int]] = []
        self._ends: list[tuple[str, int]] = []
        self._exist: list[int] = []

    def add(self, op: str, value: str, position: int) -> None:
        """Note that the rule at a position wants this."""
        if op == "equals":
            self._equal.setdefault(value.strip(), []).append(position)
        elif op == "contains":
            self._contained.append((value, position))
        elif op == "starts_with":
            self._starts.append((value, position))
        elif op == "ends_with":
            self._ends.append((value, position))
        else:
            self._exist.append(position)

    def find(self, values: IValues, exact: bool) -> list[int]:
        """Return the positions of the rules that get what they want by these, some repeatedly."""
        if not values.lasting:
            return self._find(values.forms(exact))
        known = self._known
        found = known.get(values)
        if found is None:
            if len(known) >= _MOST_KNOWN:
                known.clear()
            found = known[values] = self._find(values.forms(exact))
        return found

    def _find(self, texts: tuple[str, ...]) -> list[int]:
        equal, contained, starts, ends = self._equal, self._contained, self._starts, self._ends
        found = list(self._exist) if texts else []
        for text in texts:
            if equal:
                found += equal.get(text, ())
                bare = text.strip()
                if bare != text:
                    found += equal.get(bare, ())
            if contained:
                found += [position for value, position in contained if value in text]
            if starts:
                found += [position for value, position in starts if text.startswith(value)]
            if ends:
                found += [position for value, position in ends if text.endswith(value)]
        return found


class _Keys:
    """Some of the keys of a sequence of rules. Made by an Index, lives as long as it."""

    def __init__(self, pairs: Sequence[tuple[int, Key]]) -> None:
        fields: dict[tuple[str, bool], _FieldIndex] = {}
        for position, key in pairs:
            test = key.test
            index = fields.setdefault((test.field, test.exact), _FieldIndex())
            for value in key.values or ("",):
                index.add(test.op, compose(value) if test.exact else fold(value), position)
        # With each field the header field it is read from, if there is no other source
        self._fields = [
            (field, exact, _only_source(field), index) for (field, exact), index in fields.items()
        ]
        self._positions = [position for position, _ in pairs]

    def find(self, facts: IFacts, seen: dict[str, str]) -> list[int]:
        """Return the positions of the rules of which a key holds, some repeatedly.

        Notes what each field shows. If a field can't be read, all of them: asked one by one, each
        notes what is wrong.
        """
        found: list[int] = []
        present = facts.present
        try:
            for field, exact, source, index in self._fields:
                # No key wants that a text is missing, and most fields of a rule set are
                if source is not None and source not in present:
                    continue
                values = facts.values(field)
                seen[field] = values.shown
                found += index.find(values, exact)
        except Exception:  # noqa: BLE001 - what fails here fails again where the step says so
            return self._positions
        return found


def _only_source(field: str) -> bytes | None:
    found = sources(field)
    return found[0] if len(found) == 1 else None


@dataclass(frozen=True, slots=True)
class Key:
    """A key, with all its values: those of its lists too."""

    test: Test
    values: tuple[str, ...]


class Index:
    """The keys of a sequence of rules, by their positions. Made by CompiledRules, lives as long.

    A rule without keys is always asked. The body is looked into only if a rule that needs it is
    reached.
    """

    def __init__(self, keys: Sequence[tuple[Key, ...]]) -> None:
        pairs = [(position, key) for position, some in enumerate(keys) for key in some]
        dear = {position for position, key in pairs if cost(key.test) >= _BODY}
        self._always = [position for position, some in enumerate(keys) if not some]
        self._cheap = _Keys([pair for pair in pairs if pair[0] not in dear])
        self._dear = _Keys([pair for pair in pairs if pair[0] in dear])
        self._first_dear = min(dear, default=None)

    def ask(self, facts: IFacts, seen: dict[str, str]) -> Iterable[int]:
        """Return the positions of the rules that may match, in their order.

        What was looked at is noted in `seen`, field by field.
        """
        found = sorted({*self._cheap.find(facts, seen), *self._always})
        first = self._first_dear
        return found if first is None else self._ask_dear(found, first, facts, seen)

    def _ask_dear(
        self, found: list[int], first: int, facts: IFacts, seen: dict[str, str]
    ) -> Iterator[int]:
        before = bisect_left(found, first)
        yield from found[:before]
        yield from sorted({*found[before:], *self._dear.find(facts, seen)})
