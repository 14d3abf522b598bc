"""What two rule sets differ in."""

from __future__ import annotations

from dataclasses import replace

from bitrixmail.model.rule import Action, All, Rule, RuleSet, Test
from bitrixmail.rules.difference import Difference, RuleDifference, difference

FLAG = (Action("flag"),)
A = Rule("a", All((Test("subject", "contains", ("x",)),)), FLAG, description="d", order=7)
B, C = Rule("b", All(), FLAG, group="g"), Rule("c", All(), FLAG)


def test_rules_that_came_went_and_changed() -> None:
    changed = replace(A, order=8, condition=All((Test("subject", "contains", ("y", "z")),)))
    found = difference(RuleSet(1, (A, B)), RuleSet(2, (changed, C)))
    assert found.any
    assert found.rules == (
        RuleDifference(
            "a",
            "changed",
            (
                ' name = "a"',
                ' description = "d"',
                "-order = 7",
                "+order = 8",
                " ",
                " [[rule.condition]]",
                ' field = "subject"',
                ' op = "contains"',
                '-value = "x"',
                '+value = ["y", "z"]',
                " ",
                " [[rule.action]]",
            ),
        ),
        RuleDifference(
            "c",
            "added",
            ("+[[rule]]", '+name = "c"', "+", "+[[rule.action]]", '+do = "flag"'),
        ),
        RuleDifference(
            "b",
            "removed",
            ("-[[rule]]", '-name = "b"', '-group = "g"', "-", "-[[rule.action]]", '-do = "flag"'),
        ),
    )
    assert [found.named(what) for what in ("added", "changed", "removed")] == [
        ("c",),
        ("a",),
        ("b",),
    ]


def test_lines_far_from_a_change_are_left_out() -> None:
    long = replace(A, actions=tuple(Action("tag", f"t{n}") for n in range(9)))
    other = replace(long, order=8, actions=(*long.actions[:-1], Action("tag", "last")))
    (only,) = difference(RuleSet(1, (long,)), RuleSet(1, (other,))).rules
    assert only.lines.count("  …") == 1
    assert '+tag = "last"' in only.lines
    assert ' tag = "t3"' not in only.lines


def test_another_order_of_the_same_rules() -> None:
    assert difference(RuleSet(1, (A, B, C)), RuleSet(2, (A, C, B))) == Difference(moved=True)
    assert not difference(RuleSet(1, (A, B, C)), RuleSet(2, (A, C))).moved


def test_groups_that_were_switched() -> None:
    off = RuleSet(1, (B,), frozenset({"g"}))
    assert difference(RuleSet(1, (B,)), off) == Difference(groups_off=("g",))
    assert difference(off, RuleSet(1, (B,))) == Difference(groups_on=("g",))
    assert not difference(off, off).any
