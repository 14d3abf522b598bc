"""Where a message is judged, and when the rules are made ready anew."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, cast

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock

from bitrixmail.interfaces.threads import IThreads
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.model.directory import Mailbox
from bitrixmail.model.errors import InputError
from bitrixmail.model.plan import Plan
from bitrixmail.model.route import Target
from bitrixmail.pipeline.judge import Judge
from bitrixmail.pipeline.list_files import ListFiles
from bitrixmail.rules.facts import Facts
from bitrixmail.rules.judging import Judging
from bitrixmail.rules.syntax import parse_rules
from bitrixmail.store.opening import InlineStores
from bitrixmail.tasks import InlineThreads
from tests.fakes.stores import make_stores, result_of

TARGETS = [(Target(Mailbox(1, "info@example.org")), ("info@example.org",))]
REGEX = """
[[rule]]
name = "pattern"
condition = [{field = "subject", op = "regex", value = '(a|aa)+$'}]
action = [{do = "tag", tag = "found"}]
"""
BODY = """
[[rule]]
name = "body"
condition = [{field = "body", op = "contains", value = "needle"}]
action = [{do = "tag", tag = "found"}]
"""
LISTED = """
[[rule]]
name = "listed"
condition = [{field = "subject", op = "equals", lists = ["partners.txt"]}]
action = [{do = "tag", tag = "found"}]
"""


class CountedThreads:
    """Runs everything at once, and counts. Made by a test."""

    def __init__(self) -> None:
        self.runs = 0

    def run(self, function: Any, *args: Any, **named: Any) -> Deferred[Any]:
        self.runs += 1
        return InlineThreads().run(function, *args, **named)


class Court:
    def __init__(self, folder: Path, rules: str) -> None:
        self.stores: InlineStores = make_stores(folder)
        self.stores.open_now()
        self.threads = CountedThreads()
        lists = ListFiles(folder / "lists")
        self.judging = Judging(0.05, "UTC", lists.read)
        self.judge = Judge(
            self.stores.rulebook,
            cast("IThreads", self.threads),
            cast("IReactorTime", Clock()),
            self.judging,
            lists,
        )
        result_of(self.stores.rulebook.replace(parse_rules(rules, "x"), "test", ""))
        result_of(self.judge.load())
        self.threads.runs = 0

    def plan(self, subject: str, body: bytes = b"") -> Plan:
        octets = f"Subject: {subject}\r\n\r\n".encode() + body
        rules = self.judge.rules
        facts = Facts(
            HeaderSection.parse(octets),
            "",
            len(octets),
            octets=octets if rules.reads_body else None,
        )
        (plan,) = result_of(self.judge.plans(rules, facts, TARGETS))
        return plan


@pytest.mark.parametrize(
    ("rules", "subject", "body", "found", "in_thread"),
    [
        (REGEX, "aaa", b"", True, False),
        (REGEX, "b", b"", False, False),
        (REGEX, "a" * 60 + "!", b"", False, True),
        (BODY, "x", b"a needle\r\n", True, False),
        (BODY, "x", b"hay\r\n" * 10_000 + b"a needle\r\n", True, True),
        (REGEX, "aaa\r\nTo: x@y.example" + ",\r\n a@й.рф" * 700, b"", True, True),
    ],
)
def test_what_takes_long_is_done_in_a_thread(
    tmp_path: Path, rules: str, subject: str, body: bytes, found: bool, in_thread: bool
) -> None:
    court = Court(tmp_path, rules)
    plan = court.plan(subject, body)
    assert plan.tags == ({"found"} if found else set())
    assert bool(court.threads.runs) is in_thread
    assert all("bug" not in step.fault for step in plan.trace.steps)


def test_a_pattern_out_of_time_is_told_by_its_step(tmp_path: Path) -> None:
    plan = Court(tmp_path, REGEX).plan("a" * 60 + "!")
    (step,) = plan.trace.steps
    assert step.fault == "skipped: a regular expression took too long"


def test_a_list_file_counts_as_soon_as_it_changes(tmp_path: Path) -> None:
    court = Court(tmp_path, LISTED)
    assert court.plan("Romashka").tags == set()  # there is no file yet: mail goes on
    folder = tmp_path / "lists"
    folder.mkdir()
    file = folder / "partners.txt"
    for number, (text, found) in enumerate((("# ours\nRomashka\n", True), ("Other\n", False))):
        file.write_text(text)
        os.utime(file, ns=(number, number))
        result_of(court.judge.look_at_lists())
        assert court.plan("Romashka").tags == ({"found"} if found else set())
    court.threads.runs = 0
    result_of(court.judge.look_at_lists())
    assert court.threads.runs == 1  # looked at, and not made ready again


def test_a_list_with_a_value_nobody_can_use_costs_only_its_rule(tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists/partners.txt").write_text("(\n")
    court = Court(tmp_path, LISTED.replace("equals", "regex") + REGEX)
    plan = court.plan("aaa")
    assert plan.tags == {"found"}
    assert "partners.txt: not a regular expression" in plan.trace.steps[0].fault
    with pytest.raises(InputError, match=r"rule \"listed\": condition 1: lists: partners\.txt"):
        court.judging.check(parse_rules(LISTED.replace("equals", "regex"), "x"))
