from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bitrixmail.mime.headers import HeaderSection
from bitrixmail.model.errors import InputError
from bitrixmail.model.plan import Disposition, Plan
from bitrixmail.model.rule import Action, All, AnyOf, Condition, Rule, RuleSet, Test
from bitrixmail.rules.engine import CompiledRules
from bitrixmail.rules.facts import Facts, Values

FACTS = Facts(HeaderSection.parse(b"Subject: Invoice 17\r\nFrom: a@b.ru\r\n\r\n"), "a@b.ru", 1000)


def rule(name: str, *actions: str, condition: Condition | None = None, **more: Any) -> Rule:
    made = (Action(do, argument) for do, _, argument in (each.partition(" ") for each in actions))
    return Rule(name, condition or All(), tuple(made), **more)


def judge(*rules: Rule, **more: Any) -> Plan:
    compiled = CompiledRules.compile(RuleSet(7, rules))
    mine = FACTS.for_mailbox("info@example.org", "info@example.org")
    plan = compiled.judge(mine, "info@example.org", "example.org", **more)
    return replace(plan, trace=compiled.whole(plan.trace))


def tried(plan: Plan) -> list[str]:
    return [step.rule for step in plan.trace.steps]


def test_without_rules_a_message_stays() -> None:
    plan = judge()
    assert (plan.disposition, plan.folder, plan.trace.result) == (
        Disposition.KEEP, "INBOX", "kept in INBOX",
    )  # fmt: skip
    assert judge(folder="News").trace.result == "kept in News"


def test_scope_then_order_then_place() -> None:
    plan = judge(
        rule("mailbox", "mark_read", mailbox="info@example.org", order=1),
        rule("domain", "mark_read", domain="example.org", order=2),
        rule("last", "mark_read", order=900),
        rule("first", "mark_read", order=-5),
        rule("second", "mark_read"),
        rule("third", "mark_read"),
        rule("other", "mark_read", mailbox="other@example.org"),
        rule("else", "mark_read", domain="example.net"),
        rule("off", "mark_read", active=False),
        rule("by hand", "mark_read", on=frozenset({"manual"})),
    )
    assert tried(plan) == ["first", "second", "third", "last", "domain", "mailbox"]
    assert plan.trace.rule_set_version == 7


def test_what_was_found_for_one_message_is_not_told_of_another() -> None:
    compiled = CompiledRules.compile(
        RuleSet(
            7,
            (
                rule("a", "tag a", condition=Test("from", "contains", ("a@",))),
                rule("not a", "tag n", condition=Test("from", "not_contains", ("a@",))),
                rule("size", "tag s", condition=Test("size", "greater", ("100B",))),
            ),
        )
    )
    for local_part, size, tags in [("b", 101, {"n", "s"}), ("a", 100, {"a"}), ("b", 99, {"n"})] * 2:
        headers = HeaderSection.parse(f"From: {local_part}@b.ru\r\n\r\n".encode())
        plan = compiled.judge(Facts(headers, "", size), "i@example.org", "example.org")
        assert plan.tags == tags
        shown = {t.field: t.seen for s in compiled.whole(plan.trace).steps for t in s.tests}
        assert shown == {"from": f"{local_part}@b.ru", "size": str(size)}


def test_the_occasion_chooses_the_rules() -> None:
    rules = (rule("by hand", "mark_read", on=frozenset({"manual"})), rule("both", "mark_read"))
    assert tried(judge(*rules, occasion="manual")) == ["by hand", "both"]


def test_stop_ends_after_a_match_only() -> None:
    no = Test("subject", "contains", ("no",))
    plan = judge(
        rule("unmatched", "mark_read", condition=no, stop=True),
        rule("matched", "stop", "mark_read"),
        rule("never", "discard"),
    )
    assert tried(plan) == ["unmatched", "matched"]
    assert plan.flags == {"\\Seen"}
    assert tried(judge(rule("one", "mark_read", stop=True), rule("two", "discard"))) == ["one"]


@pytest.mark.parametrize(
    ("actions", "expected", "result"),
    [
        (["move A", "move B/C"], {"folder": "B/C"}, "moved to B/C"),
        (["delete"], {"folder": "Trash"}, "deleted (moved to Trash)"),
        (["copy A", "copy A", "copy B"], {"copies": ("A", "B")},
         "kept in INBOX, copied to A, copied to B"),
        (["copy A", "move A"], {"copies": (), "folder": "A"}, "moved to A"),
        (["mark_read", "mark_unread"], {"flags": frozenset()}, "kept in INBOX"),
        (["mark_read"], {"flags": {"\\Seen"}}, "kept in INBOX, marked as read"),
        (["flag"], {"flags": {"\\Flagged"}}, "kept in INBOX, flagged"),
        (["flag", "unflag"], {"flags": frozenset()}, "kept in INBOX"),
        (["flag $Work"], {"flags": {"$Work"}}, "kept in INBOX, flagged $Work"),
        (["tag a b", "tag c", "untag c"], {"tags": {"a b"}}, "kept in INBOX, tagged a b"),
        (["discard", "move A"], {"disposition": Disposition.DISCARD}, "discarded"),
        (["reject No thanks"], {"disposition": Disposition.REJECT, "text": "No thanks"},
         "rejected: No thanks"),
        (["reject"], {"disposition": Disposition.REJECT, "text": ""}, "rejected"),
        (["copy A", "move B", "quarantine"],
         {"disposition": Disposition.QUARANTINE, "folder": "Quarantine", "copies": ()},
         "put into quarantine"),
        (["move inbox"], {"folder": "INBOX"}, "kept in INBOX"),
    ],
)  # fmt: skip
def test_actions(actions: list[str], expected: dict[str, object], result: str) -> None:
    plan = judge(rule("one", *actions))
    assert {key: getattr(plan, key) for key in expected} == expected
    assert plan.trace.result == result


@pytest.mark.parametrize("end", ["discard", "reject no", "quarantine"])
def test_an_end_ends_the_evaluation(end: str) -> None:
    plan = judge(rule("end", "copy A", end, "tag late"), rule("never", "move A"))
    assert tried(plan) == ["end"]
    assert plan.trace.steps[0].actions == ("copy A", end)
    assert plan.tags == frozenset()
    assert plan.copies == ()


def test_a_later_rule_overrules_an_earlier_one() -> None:
    plan = judge(rule("one", "move A", "tag x"), rule("two", "move B", "untag x"))
    assert (plan.folder, plan.tags) == ("B", frozenset())


def test_the_trace_tells_each_test() -> None:
    found = judge(rule("one", "move A", condition=Test("subject", "starts_with", ("INV",))))
    step = found.trace.steps[0]
    assert step.matched
    assert step.actions == ("move A",)
    assert (step.tests[0].seen, step.tests[0].matched) == ("Invoice 17", True)


def test_the_whole_trace_tells_of_rules_that_could_not_match() -> None:
    subject = Test("subject", "contains", ("x", "y"))
    sender = Test("envelope_sender", "equals", ("a@b.example",))
    compiled = CompiledRules.compile(
        RuleSet(
            3,
            (
                rule("all", "flag", condition=All((subject, sender))),
                rule("any", "flag", condition=AnyOf((subject, sender))),
                rule("matches", "tag z"),
                rule("body", "flag", condition=Test("body", "contains", ("x",)), domain="d"),
            ),
        )
    )
    letter = b"Subject: Aa\r\n\r\nHello"
    facts = Facts(HeaderSection.parse(letter), "z@b.example", 1, octets=letter)
    short = compiled.judge(facts, "m", "d").trace
    assert [step.rule for step in short.steps] == ["matches"]
    whole = compiled.whole(short)
    assert whole.skimmed is None
    assert [step.rule for step in whole.steps] == ["all", "any", "matches", "body"]
    told = [[(test.field, test.seen, test.matched) for test in step.tests] for step in whole.steps]
    about = ("subject", "Aa", False), ("envelope_sender", "z@b.example", False)
    assert told == [[about[1]], [about[1], about[0]], [], [("body", "Hello", False)]]
    assert compiled.whole(whole) is whole


def test_the_body_is_read_only_for_a_rule_that_is_reached() -> None:
    class Watched(Facts):
        def values(self, field: str) -> Values:
            asked.append(field)
            return super().values(field)

    asked: list[str] = []
    rules = (
        rule("ends", "discard", condition=Test("subject", "contains", ("a",))),
        rule("looks", "flag", condition=Test("body", "contains", ("x",))),
    )
    compiled = CompiledRules.compile(RuleSet(1, rules))
    assert compiled.reads_body
    for letter, reads in ((b"Subject: a\r\n\r\n", False), (b"Subject: b\r\n\r\n", True)):
        facts = Watched(HeaderSection.parse(letter), "", 1, octets=letter)
        compiled.judge(facts, "m", "d")
        assert ("body" in asked) is reads


def test_a_rule_that_takes_too_long_is_passed_over() -> None:
    hostile = Test("subject", "regex", (r"(a|aa)+\d",))
    head = b"Subject: " + b"a" * 32 + b"!\r\n\r\n"
    compiled = CompiledRules.compile(
        RuleSet(1, (rule("slow", "discard", condition=hostile), rule("next", "flag"))), 0.03
    )
    plan = compiled.judge(Facts(HeaderSection.parse(head), "", 1), "m", "d")
    assert plan.trace.steps[0].fault == "skipped: a regular expression took too long"
    assert not plan.trace.steps[0].matched
    assert plan.flags == {"\\Flagged"}


def test_a_rule_that_fails_is_passed_over() -> None:
    class Broken(HeaderSection):
        __slots__ = ()

        def texts(self, name: str) -> tuple[str, ...]:
            raise RuntimeError(name)

    compiled = CompiledRules.compile(
        RuleSet(1, (rule("bad", "discard", condition=Test("subject", "exists")), rule("b", "flag")))
    )
    plan = compiled.judge(Facts(Broken([(b"Subject", b" x")], 0), "", 1), "m", "d")
    assert plan.trace.steps[0].fault == "skipped: RuntimeError: subject"
    assert plan.disposition is Disposition.KEEP
    assert plan.flags == {"\\Flagged"}


def test_only_a_regular_expression_needs_a_thread() -> None:
    plain = rule("a", "flag", condition=All((Test("subject", "contains", ("a",)),)))
    regex = rule("a", "flag", condition=All((Test("subject", "regex", ("a",)),)))
    assert not CompiledRules.compile(RuleSet(1, (plain,))).needs_thread
    assert CompiledRules.compile(RuleSet(1, (regex,))).needs_thread


def test_every_fault_is_named() -> None:
    with pytest.raises(InputError) as error:
        CompiledRules.compile(
            RuleSet(1, (
                rule("A", "move", condition=All((Test("subject", "regex", ("(",)),))),
                rule("B", "fly", active=False),
                rule("C"),
                rule("D", "flag", domain="a.ru", mailbox="a@a.ru"),
            ))
        )  # fmt: skip
    assert [fault.where for fault in error.value.faults] == [
        'rule "A": condition 1: value', 'rule "A": action 1: folder', 'rule "B": action 1: do',
        'rule "C": action', 'rule "D": mailbox',
    ]  # fmt: skip
    assert all(fault.remedy for fault in error.value.faults)


def test_time_is_measured() -> None:
    ticks = iter((1.0, 1.5))
    compiled = CompiledRules.compile(RuleSet(), monotonic=lambda: next(ticks))
    assert compiled.judge(FACTS, "m", "d").trace.elapsed_us == 500_000
