"""Faults beside what they concern; the buttons of a form; words for all there is."""

from __future__ import annotations

import pytest

from bitrixmail.model.errors import InputError
from bitrixmail.model.toml import read_toml
from bitrixmail.rules.actions import KINDS
from bitrixmail.rules.fields import FIELDS
from bitrixmail.rules.operators import OPERATORS
from bitrixmail.rules.outside import Shape
from bitrixmail.web.rule_form.form import Deed, Form, Part, empty_form, fields_of, form_of
from bitrixmail.web.rule_form.reading import form_of_text, rule_of
from bitrixmail.web.rule_form.steps import step
from bitrixmail.web.rule_form.words import (
    ACTION_HELP,
    ARGUMENT_LABELS,
    FIELD_GROUPS,
    OPERATOR_LABELS,
    SETTING_HELP,
)

WRONG = Part(field="subject", op="greater", value="x")
GOOD = Part(field="subject", op="contains", value="x")


def paths(form: Form) -> set[str]:
    return set(rule_of(form)[1])


def form(root: Part, *deeds: Deed, **rest: str) -> Form:
    found = Form(name="A: b", root=root, deeds=list(deeds) or [Deed("stop")])
    for key, value in rest.items():
        setattr(found, key, value)
    return found


@pytest.mark.parametrize(
    ("root", "path"),
    [
        (Part("all", [WRONG]), "c.0"),
        (Part("any", [GOOD, WRONG]), "c.1"),
        (Part("all", [GOOD, Part("any", [GOOD, WRONG])]), "c.1.1"),
        (Part("all", [GOOD, Part("none", [WRONG])]), "c.1.0"),
        (Part("all", [GOOD, Part("none", [GOOD, WRONG])]), "c.1.1"),
        (Part("all", [Part("none", [Part("all", [GOOD, WRONG])])]), "c.0.0.1"),
        (Part("all", [Part("none", [GOOD, Part("none", [WRONG])])]), "c.0.1.0"),
        (Part("none", [WRONG]), "c.0"),
        (Part("none", [GOOD, WRONG]), "c.1"),
        (Part("none", [GOOD, Part("any", [WRONG])]), "c.1.0"),
    ],
)
def test_a_fault_stands_at_its_condition(root: Part, path: str) -> None:
    assert paths(form(root)) == {path}


def test_faults_stand_at_fields_and_actions() -> None:
    good = Part("all", [GOOD])
    assert paths(form(good, Deed("stop"), Deed("move"))) == {"a.1"}
    assert paths(form(good, Deed("reply", "", {"text": "x", "once_per": "1s"}))) == {"a.0"}
    assert paths(form(good, name="")) == {"name"}
    assert paths(form(good, order="first")) == {"order"}
    assert paths(form(good, whose="@example.org")) == {"whose"}
    assert paths(form(good, schedule="x")) == {"schedule"}
    nothing = form(good)
    nothing.deeds, nothing.on = [], ()
    assert paths(nothing) == {"a", "on"}


def test_what_is_wrong_is_told_without_its_place() -> None:
    _, faults = rule_of(form(Part("all", [WRONG])))
    (fault,) = faults["c.0"]
    assert fault.where == "op"


def test_buttons_change_the_form() -> None:
    found = empty_form()
    for button in ("test:c", "group:c", "test:c.2", "deed:", "deed:"):
        step(found, button)
    assert [part.kind for part in found.root.parts] == ["test", "test", "any"]
    assert len(found.root.parts[2].parts) == 2
    assert len(found.deeds) == 3
    found.deeds[2].do = "stop"
    step(found, "up:a.2")
    assert [deed.do for deed in found.deeds] == ["move", "stop", "move"]
    for button in ("drop:c.2.1", "drop:c.0", "drop:a.0", "up:a.0"):
        step(found, button)
    assert [part.kind for part in found.root.parts] == ["test", "any"]
    assert [deed.do for deed in found.deeds] == ["stop", "move"]


@pytest.mark.parametrize(
    "button",
    [
        "",
        ":",
        "drop:c",
        "drop:c.9",
        "test:c.0",
        "test:x",
        "drop:a.9",
        "up:a.x",
        "drop:",
        "group:c.0.0",
    ],
)
def test_what_cannot_be_done_changes_nothing(button: str) -> None:
    found = empty_form()
    step(found, button)
    assert found == empty_form()


def test_groups_have_an_end() -> None:
    found, path = empty_form(), "c"
    for _ in range(30):
        step(found, f"group:{path}")
        path += ".1"
    told = [fault.what for each in rule_of(form(found.root))[1].values() for fault in each]
    assert told
    assert not [what for what in told if "nested" in what]
    assert form_of(fields_of(found)).root == found.root


def test_a_text_is_one_rule() -> None:
    with pytest.raises(InputError, match="holds 0 rules, not one"):
        form_of_text("")
    two = '[[rule]]\nname = "a"\nstop = true\n[[rule]]\nname = "b"\nstop = true\n'
    with pytest.raises(InputError, match="holds 2 rules, not one"):
        form_of_text(two)


def test_there_are_words_for_all_there_is() -> None:
    assert set(ACTION_HELP) == set(KINDS)
    assert set(OPERATOR_LABELS) == set(OPERATORS)
    assert {kind.key for kind in KINDS.values()} - {""} == set(ARGUMENT_LABELS)
    assert {name for _, names in FIELD_GROUPS for name in names} >= set(FIELDS)
    settings = {(do, name) for do, kind in KINDS.items() for name in kind.settings}
    assert set(SETTING_HELP) == settings


_TYPES = {
    Shape.LINE: str,
    Shape.TEXT: str,
    Shape.SWITCH: bool,
    Shape.NUMBER: int,
    Shape.TEXTS: list,
    Shape.TABLE: dict,
}


@pytest.mark.parametrize(
    ("do", "name"), [(do, name) for do, kind in KINDS.items() for name in kind.settings]
)
def test_a_setting_is_of_the_shape_it_says(do: str, name: str) -> None:
    setting = KINDS[do].settings[name]
    example = setting.example.partition(", the ")[0].partition(", or ")[0]
    value = read_toml(f"x = {example}", "example", "")["x"]
    assert isinstance(value, _TYPES[setting.shape])
    assert not setting.words or value in setting.words
    for word in setting.words:
        setting.read(word)
