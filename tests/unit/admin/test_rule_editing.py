"""Rules put, moved, switched and removed one at a time."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bitrixmail.admin.rule_editing import RuleEditing, mark_of_rule
from bitrixmail.model.errors import ChangedMeanwhileError, InputError, NotFoundError
from bitrixmail.model.rule import Action, All, Rule, RuleSet, Test
from bitrixmail.pipeline.routing import Router
from bitrixmail.rules.judging import Judging
from tests.fakes.stores import result_of
from tests.unit.admin.conftest import House, faults


def rule(name: str, order: int = 500, mailbox: str = "", domain: str = "") -> Rule:
    return Rule(name, All(), (Action("stop"),), order=order, mailbox=mailbox, domain=domain)


@pytest.fixture
def editing(house: House) -> RuleEditing:
    stores = house.stores
    router = Router(stores.directory, "mx.example.org")
    return RuleEditing(stores.rulebook, stores.directory, router, Judging(0.1))


def put(house: House, *rules: Rule) -> None:
    result_of(house.stores.rulebook.replace(RuleSet(rules=rules), "ann", ""))


def names(editing: RuleEditing) -> list[str]:
    return [each.rule.name for each in result_of(editing.listing())]


def version(house: House) -> int:
    return result_of(house.stores.rulebook.current()).version


def test_the_list_goes_as_the_engine_does(house: House, editing: RuleEditing) -> None:
    put(
        house,
        rule("m", 1, mailbox="info@example.org"),
        rule("d", 1, domain="example.org"),
        rule("b"),
        rule("a", 100),
        rule("c"),
    )
    listed = result_of(editing.listing())
    assert [(each.rule.name, each.whose, each.place, each.of) for each in listed] == [
        ("a", "", 1, 3),
        ("b", "", 2, 3),
        ("c", "", 3, 3),
        ("d", "example.org", 1, 1),
        ("m", "info@example.org", 1, 1),
    ]


def test_a_rule_takes_the_place_of_the_one_it_was(house: House, editing: RuleEditing) -> None:
    put(house, rule("a"), rule("b"), rule("c"))
    result_of(editing.put(rule("B"), "b", "ann"))
    assert names(editing) == ["a", "B", "c"]
    result_of(editing.put(rule("d"), "", "ann"))
    assert names(editing) == ["a", "B", "c", "d"]
    comments = [each.comment for each in result_of(house.stores.rulebook.versions(2))]
    assert comments == ["new: d", "edit: B"]


def test_what_another_has_changed_since_is_not_undone(house: House, editing: RuleEditing) -> None:
    put(house, rule("a"), rule("b"))
    seen = mark_of_rule(result_of(editing.find("a")))
    result_of(editing.put(rule("b", 7), "b", "ann"))  # of another rule
    result_of(editing.put(rule("a", 1), "a", "ann", seen))
    before = version(house)
    with pytest.raises(ChangedMeanwhileError, match="meanwhile"):
        result_of(editing.put(rule("a", 2), "a", "bob", seen))
    result_of(editing.put(rule("a", 1), "a", "bob", seen))  # the same is no quarrel
    assert version(house) == before
    result_of(editing.put(rule("a", 2), "a", "bob", mark_of_rule(rule("a", 1))))
    assert version(house) == before + 1


def test_what_does_not_change_makes_no_version(house: House, editing: RuleEditing) -> None:
    put(house, rule("a"), rule("b"))
    before = version(house)
    result_of(editing.put(rule("a"), "a", "ann"))
    result_of(editing.switch("a", "ann", on=True))
    result_of(editing.move("a", 1, "ann"))
    result_of(editing.move("b", 99, "ann"))
    assert version(house) == before


@pytest.mark.parametrize("instead", ["", "b"])
def test_no_two_rules_have_a_name(house: House, editing: RuleEditing, instead: str) -> None:
    put(house, rule("a"), rule("b"))
    with pytest.raises(InputError) as caught:
        result_of(editing.put(rule("a"), instead, "ann"))
    assert faults(caught) == ['rule "a": name: is that of another rule (each has its own)']
    with pytest.raises(InputError):
        result_of(editing.with_draft(rule("a"), instead))


def test_what_cannot_be_used_is_not_put(house: House, editing: RuleEditing) -> None:
    wrong = Rule("a", Test("subject", "regex", ("(",)), (Action("stop"),))
    with pytest.raises(InputError, match="regular expression"):
        result_of(editing.put(wrong, "", "ann"))
    assert version(house) == 0


def test_what_is_gone_is_told(house: House, editing: RuleEditing) -> None:
    put(house, rule("Invoices"))
    for asked in (
        editing.find("Invoice"),
        editing.put(rule("x"), "Invoice", "ann"),
        editing.remove("Invoice", "ann"),
        editing.switch("Invoice", "ann", on=True),
        editing.move("Invoice", 1, "ann"),
    ):
        with pytest.raises(NotFoundError, match='did you mean "Invoices"'):
            result_of(asked)


def test_a_draft_is_asked_and_not_kept(house: House, editing: RuleEditing) -> None:
    put(house, rule("a"), rule("b"))
    found = result_of(editing.with_draft(rule("B"), "b"))
    assert [each.name for each in found.rules] == ["a", "B"]
    assert names(editing) == ["a", "b"]


def test_an_order_that_differs_alone_is_kept(house: House, editing: RuleEditing) -> None:
    put(house, rule("a"), rule("b"), rule("c"))
    result_of(editing.move("c", 1, "ann"))
    assert names(editing) == ["c", "a", "b"]
    assert {each.rule.order for each in result_of(editing.listing())} == {500}


_SCOPES = st.sampled_from(["", "info@example.org", "shop@example.org"])


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_move_moves_one_rule(house: House, editing: RuleEditing, data: st.DataObject) -> None:
    drawn = data.draw(st.lists(st.tuples(st.integers(1, 4), _SCOPES), min_size=1, max_size=8))
    put(house, *(rule(f"r{n}", order, scope) for n, (order, scope) in enumerate(drawn)))
    before = result_of(editing.listing())
    moved = data.draw(st.sampled_from(before))
    place = data.draw(st.integers(1, moved.of))
    result_of(editing.move(moved.rule.name, place, "ann"))
    after = result_of(editing.listing())
    (there,) = (each for each in after if each.rule.name == moved.rule.name)
    assert (there.place, there.whose) == (place, moved.whose)
    others = [each.rule for each in before if each.rule.name != moved.rule.name]
    assert [each.rule for each in after if each.rule.name != moved.rule.name] == others
