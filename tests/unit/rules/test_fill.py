from __future__ import annotations

import contextlib
import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitrixmail.rules.fill import MOST_FILLED, NAMES, check, fill, places

VALUES = {"subject": "Счёт {from}", "from_name": "Ann"}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("{subject}", "Счёт {from}"),
        ("Mail of {from_name}: {subject:4}!", "Mail of Ann: Счёт!"),
        ("{{{from_name}}} {{x}}", "{Ann} {x}"),
        ("{cc}", ""),
        ("none", "none"),
        ("{subject}{subject}", "Счёт {from}Счёт {from}"),
        ("}} {{", "} {"),
    ],
)
def test_filled_in(text: str, filled: str) -> None:
    assert fill(check(text), VALUES) == filled
    assert fill(text, lambda name: VALUES.get(name, "")) == filled


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{subjekt}", 'has an unknown name "subjekt": did you mean "subject"?'),
        ("{x}", "use one of from, from_name"),
        ("{", "write it twice"),
        ("a } b", "write it twice"),
        ("{}", "is no name"),
        ("{subject.__class__}", "is no name"),
        ("{subject[0]}", "is no name"),
        ("{subject!r}", "is no name"),
        ("{subject:>9999999999}", "is no name"),
        ("{ subject }", "is no name"),
        ("{subject:>900000000}", "is no name"),
        ("{0}", "is no name"),
    ],
)
def test_what_is_wrong(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=r".+") as error:
        check(text)
    assert complaint in str(error.value)


def test_what_was_never_checked_is_filled_all_the_same() -> None:
    assert fill("a lone { brace, {unknown}", VALUES) == "a lone { brace, "


def test_values_are_put_down_as_they_are_written() -> None:
    assert fill("<b>{from_name}</b>", {"from_name": "A & B"}, html.escape) == "<b>A &amp; B</b>"


@given(st.text("{}ab_.!:[]09", max_size=30))
def test_no_text_raises_but_what_is_told(text: str) -> None:
    assert isinstance(fill(text, {"a": "{b}"}), str)
    with contextlib.suppress(ValueError):
        assert check(text, ("a", "b")) == text


def test_only_what_is_wanted_is_worked_out_and_the_whole_is_bounded() -> None:
    asked = []

    def value(name: str) -> str:
        asked.append(name)
        return "x" * 150_000

    assert len(fill("{text}{html}", value)) == MOST_FILLED
    assert asked == ["text", "html"]
    assert places("{text} {subject:9} {text}") == ("text", "subject")
    assert check("".join(f"{{{name}}}" for name in NAMES))


def test_many_places_of_a_long_value_take_no_room() -> None:
    """As long as the whole would be more than any computer has."""
    filled = fill("{a}" * 100_000, {"a": "x" * 1_000_000})
    assert filled == "x" * MOST_FILLED
    assert fill("ab{a}cd", {"a": "y" * (MOST_FILLED - 3)})[-3:] == "yyc"
    assert (
        fill("{a}", {"a": "<" * MOST_FILLED}, html.escape) == ("&lt;" * MOST_FILLED)[:MOST_FILLED]
    )
