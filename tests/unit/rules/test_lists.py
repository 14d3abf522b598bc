from __future__ import annotations

import time

import pytest

from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.plan import Disposition
from bitrixmail.model.rule import Action, All, Not, Rule, RuleSet, Test
from bitrixmail.rules.conditions import compile_condition, complaints
from bitrixmail.rules.engine import CompiledRules
from bitrixmail.rules.lists import MAX_LIST_VALUES, list_name, no_lists, parse_list, values_of
from tests.corpus.fields import facts_of

LISTS = {
    "partners.txt": ("Boss@Romashka.example", "other@x.ru"),
    "words": ("СЧЁТ  на", "a"),
    "hours": ("Mon-Fri 09:00-18:00", "never"),
    "empty": (),
}


def lists(name: str) -> tuple[str, ...]:
    if name not in LISTS:
        raise InputError(Fault(f"/var/lists/{name}", "does not exist", "write it"))
    return LISTS[name]


def holds(test: Test, octets: bytes) -> bool:
    return compile_condition(test, 1, time.perf_counter, lists).matches(facts_of(octets), [])


def test_a_list_file_is_read_line_by_line() -> None:
    text = "\ufeff# partners\r\nboss@x.ru\n\n  Иван Петров \n#no\na # b\nboss@x.ru\n"
    assert parse_list(text) == ("boss@x.ru", "Иван Петров", "a # b")
    assert len(parse_list("\n".join(map(str, range(MAX_LIST_VALUES + 5))))) == MAX_LIST_VALUES


def test_values_of_lists_count_as_those_of_the_rule() -> None:
    boss = b"From: boss@romashka.example\r\n\r\n"
    assert holds(Test("from", "equals", (), lists=("partners.txt",)), boss)
    assert not holds(Test("from", "equals", (), exact=True, lists=("partners.txt",)), boss)
    assert not holds(Test("from", "not_equals", (), lists=("partners.txt",)), boss)
    assert holds(Test("from", "equals", ("a@b.c",), lists=("empty", "partners.txt")), boss)
    assert not holds(Test("from", "equals", (), lists=("empty",)), boss)
    assert holds(Test("from", "not_equals", (), lists=("empty",)), boss)
    russian = "Content-Type: text/plain\r\n\r\nваш счёт\r\nна оплату".encode()
    assert holds(Test("body", "contains", (), lists=("words",)), russian)


def test_a_value_stands_there_once() -> None:
    test = Test("from", "equals", ("other@x.ru", "b"), lists=("partners.txt", "partners.txt"))
    assert values_of(test, lists) == ("other@x.ru", "b", "Boss@Romashka.example")


@pytest.mark.parametrize("name", ["partners.txt", "a", "Список_1.txt", "a-b.c"])
def test_names(name: str) -> None:
    assert list_name(name) == name


@pytest.mark.parametrize("name", ["", ".", "..", "../a", "a/b", "/etc/passwd", "a\\b", "a b", ".a",
                                  "a\n", "a" * 101, "a\0"])  # fmt: skip
def test_a_name_is_never_a_path(name: str) -> None:
    with pytest.raises(ValueError, match="a list is named by letters"):
        list_name(name)
    found = list(complaints(All((Not(Test("from", "equals", lists=(name,))),))))
    assert [complaint.where for complaint in found] == ["condition 1: not: lists"]
    assert found[0].remedy


@pytest.mark.parametrize(
    ("test", "what"),
    [
        (Test("from", "equals", lists=("gone.txt",)), "/var/lists/gone.txt: does not exist"),
        (Test("time", "equals", lists=("hours",)), 'hours: "never": a working time is written'),
        (Test("size", "greater", lists=("words",)), 'words: "СЧЁТ  на": a size is a number'),
        (Test("from", "exists", lists=("words",)), '"exists" compares with nothing'),
    ],
)
def test_what_is_wrong_with_a_list_is_told_in_its_place(test: Test, what: str) -> None:
    found = list(complaints(test, lists=lists))
    assert len(found) == 1
    assert what in found[0].what
    assert found[0].remedy


def test_a_rule_whose_list_is_lost_is_passed_over() -> None:
    """Else "whoever is not in the list" would be everybody."""

    def lost(name: str) -> tuple[str, ...]:
        raise LookupError(f"list file {name} can't be read")

    strangers = Test("from", "not_equals", lists=("partners.txt",))
    for condition in (strangers, Not(strangers), Test("from", "equals", lists=("partners.txt",))):
        rule = Rule("strangers", condition, (Action("discard"),))
        compiled = CompiledRules.compile(RuleSet(rules=(rule,)), lists=lost)
        plan = compiled.judge(facts_of(b"From: a@b.c\r\n\r\n"), "box@example.org", "example.org")
        assert plan.disposition is Disposition.KEEP
        fault = "skipped: LookupError: list file partners.txt can't be read"
        assert [step.fault for step in plan.trace.steps] == [fault]


def test_without_a_folder_there_is_no_list() -> None:
    with pytest.raises(InputError, match="there are no lists here"):
        no_lists("partners.txt")
    assert not list(complaints(Test("from", "equals", lists=("partners.txt",))))
