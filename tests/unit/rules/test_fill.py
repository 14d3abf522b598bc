from __future__ import annotations

import pytest

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
    ],
)
def test_what_is_wrong(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=r".+") as error:
        check(text)
    assert complaint in str(error.value)


def test_only_what_is_wanted_is_worked_out_and_the_whole_is_bounded() -> None:
    asked = []

    def value(name: str) -> str:
        asked.append(name)
        return "x" * 150_000

    assert len(fill("{text}{html}", value)) == MOST_FILLED
    assert asked == ["text", "html"]
    assert places("{text} {subject:9} {text}") == ("text", "subject")
    assert check("".join(f"{{{name}}}" for name in NAMES))
