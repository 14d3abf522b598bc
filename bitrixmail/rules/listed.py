"""How a trace names the list files of a test: each is a text of its own behind the values."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bitrixmail.model.rule import Test

_LINE_OF = "a line of "
_LISTED = re.compile(rf"{_LINE_OF}(\w[\w.-]{{0,99}})")


def asked_values(test: Test) -> tuple[str, ...]:
    """Return what a test compares with, as its results tell it: its values, then its lists."""
    if not test.lists:
        return test.value
    return (*test.value, *(f"{_LINE_OF}{name}" for name in test.lists))


def apart(asked: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Part what `asked_values` returned into values and names of lists."""
    values, names = [], []
    for text in asked:
        found = _LISTED.fullmatch(text)
        if found:
            names.append(found[1])
        else:
            values.append(text)
    return tuple(values), tuple(names)
