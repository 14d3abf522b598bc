"""A thousand messages of many kinds: the dry run of a stored one goes the way its trace tells."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock

from bitrixmail.admin.messages import Messages
from bitrixmail.admin.rules import Rules
from bitrixmail.admin.traces import Traces
from bitrixmail.model.directory import Domain, Mailbox
from bitrixmail.model.plan import Trace
from bitrixmail.pipeline.routing import Router
from bitrixmail.rules.judging import Judging
from bitrixmail.rules.syntax import parse_rules
from bitrixmail.store.trace_json import trace_from_json
from tests.fakes.corpus import Sample, samples
from tests.fakes.letters import Sender
from tests.fakes.stores import make_stores, result_of

COPIES = 10
SENDERS = ("buyer@example.net", "", "Boss@Пример.РФ", "news@lists.example.com")
RECIPIENTS = ("info@example.org", "sales@example.org", "info+Later@example.org", "x@example.org")
RULES = """\
[[rule]]
name = "tag"
order = 1
condition = [{field = "subject", op = "contains", value = ["счёт", "invoice"]}]
action = [{do = "tag", tag = "bill"}, {do = "priority", level = "high"}]

[[rule]]
name = "by tag"
order = 2
condition = [
    {field = "tag", op = "equals", value = "bill"},
    {field = "priority", op = "equals", value = "high"},
]
action = [{do = "move", folder = "Счета"}, {do = "flag"}]

[[rule]]
name = "body"
match = "any"
condition = [
    {field = "body", op = "contains", value = ["hello", "деньги", "page"]},
    {field = "attachment_name", op = "ends_with", value = [".pdf", ".exe"]},
    {field = "attachment_size", op = "greater", value = "1MB"},
]
action = [{do = "tag", tag = "seen inside"}]

[[rule]]
name = "pattern"
condition = [{field = "headers", op = "regex", value = '^X-Number: \\d*7$'}]
action = [{do = "copy", folder = "Sevens"}]

[[rule]]
name = "nested"
condition = [
    {not = {field = "language", op = "equals", value = "ru"}},
    {match = "any", condition = [
        {field = "charset", op = "not_contains", value = "utf"},
        {field = "from.domain", op = "equals", value = ["example.net", "пример.рф"]},
        {field = "time", op = "equals", value = "Mon-Fri 09:00-18:00 Europe/Moscow"},
    ]},
    {field = "age", op = "less", value = "1d"},
]
action = [{do = "mark_read"}]

[[rule]]
name = "by list"
condition = [
    {field = "from.domain", op = "equals", value = "example.de", lists = ["partners.txt"]},
    {field = "time", op = "not_equals", value = "Sat,Sun", lists = ["hours"]},
]
action = [{do = "tag", tag = "partner"}]

[[rule]]
name = "bounces"
condition = [{field = "envelope_sender", op = "not_contains", value = "@"}]
action = [{do = "move", folder = "Bounces"}, {do = "stop"}]

[[rule]]
name = "of the domain"
domain = "example.org"
condition = [{field = "message", op = "contains", value = "another message"}]
action = [{do = "move", folder = "Another"}]

[[rule]]
name = "of the mailbox"
mailbox = "info@example.org"
condition = [
    {field = "envelope_recipient", op = "starts_with", value = "sales"},
    {field = "folder", op = "equals", value = "INBOX"},
]
action = [{do = "move", folder = "Sales"}]
"""


LISTS = {"partners.txt": ("example.net", "пример.рф"), "hours": ("22:00-07:00 Europe/Moscow",)}


def shape(trace: Trace) -> Trace:
    """Return a trace without what differs between two runs: how long they took."""
    return replace(trace, elapsed_us=0)


def varied(sample: Sample, number: int) -> bytes:
    return f"X-Number: {number}\r\n".encode() + sample.content


def test_a_thousand_dry_runs_go_the_way_of_their_traces(tmp_path: Path) -> None:
    clock = Clock()
    clock.advance(1_800_000_000)
    with make_stores(tmp_path, clock) as stores:
        directory, rulebook = stores.directory, stores.rulebook
        result_of(directory.add_domain(Domain("example.org", catch_all="shop@example.org")))
        for name in ("info", "shop"):
            mailbox = Mailbox(0, f"{name}@example.org", plus_folders=True)
            result_of(directory.add_mailbox(mailbox, None))
        result_of(
            directory.set_alias("sales@example.org", ("info@example.org", "shop@example.org"))
        )
        result_of(rulebook.replace(parse_rules(RULES, "rules.toml"), "test", ""))
        judging = Judging(0.1, lists=LISTS.__getitem__)
        sender = Sender(stores, clock, judging=judging)
        router = Router(directory, "mx.example.org")
        time = cast("IReactorTime", clock)
        rules = Rules(rulebook, directory, stores.messages, router, clock=time, judging=judging)
        messages = Messages(stores.messages, Traces(trace_from_json, rulebook))
        # The one of 25 MiB goes once.
        letters = [
            varied(sample, number)
            for number in range(COPIES)
            for sample in samples()
            if number == 0 or len(sample.content) < 1_000_000
        ]
        compared, ways, asked = 0, set(), set[str]()
        for number, octets in enumerate(letters):
            clock.advance(3571)
            queue_id = sender.deliver(
                octets,
                *RECIPIENTS[number % len(RECIPIENTS) :][: 1 + number % 3],
                sender=SENDERS[number // 7 % len(SENDERS)],
            )
            for told in result_of(messages.trace(queue_id, 10)):
                if told.trace is None:
                    continue
                dry = result_of(
                    rules.test_stored(queue_id, told.event.address, sender=None, recipient=None)
                )
                assert shape(dry.trace) == shape(told.trace), octets[:400]
                compared += 1
                tests = (test for step in told.trace.steps for test in step.tests)
                asked.update(name for test in tests for name in test.lists)
                ways.add(tuple(step.matched for step in told.trace.steps))
        assert compared >= 1000
        assert len(ways) > 20  # they do not all go one way
        assert {"partners.txt", "hours"} <= asked
