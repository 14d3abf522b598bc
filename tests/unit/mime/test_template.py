"""Texts with places: filled safely, and what is wrong with them said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitrixmail.mime.template import filled, places, template_fault

NAMES = ("subject", "from_name")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello {from_name}!", "Hello Ann!"),
        ("{{{subject}}}", "{An {from_name} order}"),
        ("{subject}{subject}", "An {from_name} orderAn {from_name} order"),
        ("{unknown}", ""),
        ("}} {{", "} {"),
        ("a lone { brace", "a lone { brace"),
    ],
)
def test_places_are_filled_once(text: str, expected: str) -> None:
    values = {"from_name": "Ann", "subject": "An {from_name} order"}
    assert filled(text, values) == expected


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{from_name.__class__}", "{from_name}"),
        ("{subject[0]}", "{subject}"),
        ("{subject!r}", "{subject}"),
        ("{subject:>900000000}", "{subject}"),
        ("{}", "there are {subject}, {from_name}"),
        ("{0}", "there are {subject}, {from_name}"),
        ("{sender}", 'place "{sender}"'),
        ("a { b", 'write "{{"'),
        ("a } b", 'write "}}"'),
    ],
)
def test_what_is_no_place_is_a_fault(text: str, what: str) -> None:
    assert what in template_fault(text, NAMES)


def test_what_is_right_is_no_fault() -> None:
    assert template_fault("{subject} {{literally}} {from_name}", NAMES) == ""
    assert places("{subject} {{no}} {x}") == {"subject", "x"}


@given(st.text("{}ab_.!:[]", max_size=30))
def test_no_text_makes_it_raise(text: str) -> None:
    assert isinstance(filled(text, {"a": "{b}"}), str)
    assert isinstance(template_fault(text, ("a", "b")), str)
