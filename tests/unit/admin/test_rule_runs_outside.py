"""What rules want done outside, when they are applied to stored messages."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bitrixmail.admin.rule_runs import SCHEDULE, Wish
from bitrixmail.model.job import JobState, Settlement
from bitrixmail.model.orders import job_of, work_name
from bitrixmail.model.plan import Plan
from bitrixmail.model.queue import Queued, Search
from bitrixmail.model.rule_run import Extent
from bitrixmail.model.work import Work
from bitrixmail.store.opening import InlineStores
from tests.fakes.drafts import RECEIVED
from tests.fakes.jobs import make_attempt
from tests.fakes.stored_mail import filed, fill, letter
from tests.fakes.stores import make_stores, result_of
from tests.unit.admin.test_rule_runs import Desk

RULES = """
[[rule]]
name = "Orders"
on = ["receive", "manual", "schedule"]
schedule = "0 4 * * *"
condition = [{field = "subject", op = "contains", value = "order"}]
action = [{do = "command", name = "order"}]

[[rule]]
name = "Own"
mailbox = "info@example.org"
condition = [{field = "subject", op = "contains", value = "news"}]
action = [{do = "tag", tag = "seen"}, {do = "python", name = "shop.book"}]

[[rule]]
name = "Gone"
on = ["manual"]
condition = [{field = "subject", op = "contains", value = "casino"}]
action = [{do = "command", name = "casino"}, {do = "discard"}]
"""


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[InlineStores]:
    with make_stores(tmp_path) as stores:
        yield stores


@pytest.fixture
def desk(stores: InlineStores) -> Desk:
    fill(stores, 40)
    return Desk(stores, RULES)


def jobs(desk: Desk) -> tuple[Queued, ...]:
    return result_of(desk.stores.queue.find(Search(), 1000))


def test_it_is_left_out_unless_asked_for(desk: Desk) -> None:
    wish = Wish(rules=("Orders", "Own"))
    counts = desk.look(wish).counts
    assert counts.left_out.keys() == {"command", "python"}
    assert {rule for rule, _ in counts.actions} == {"Own"}
    assert {action for _, action in counts.actions} == {"tag seen"}
    desk.apply(wish)
    assert not jobs(desk)


def test_a_preview_shows_it_and_does_nothing(desk: Desk) -> None:
    counts = desk.look(Wish(rules=("Orders",), outside=True)).counts
    assert counts.effects == {"to be done: command order": counts.changes}
    assert not jobs(desk)


def test_each_message_has_a_job_of_its_own(desk: Desk) -> None:
    run = desk.apply(Wish(rules=("Orders", "Own"), outside=True)).run
    found = jobs(desk)
    assert {job.state for job in found} == {JobState.WAITING}
    orders = [job for job in found if job.action == "command"]
    own = [job for job in found if job.action == "python"]
    assert {job.rule for job in orders} == {"Orders"}
    assert {job.recipient for job in own} == {"info@example.org"}
    # A message that lies in two places has it done once
    assert len({job.queue_id for job in orders}) == len(orders)
    assert run.changed >= len(found)
    order_ids = {job.queue_id for job in orders}
    assert len(order_ids) == 8


def end(desk: Desk, state: JobState = JobState.DONE) -> None:
    """Let all that is to be done end, and its jobs be forgotten."""
    stores = desk.stores
    ids = [job.id for job in jobs(desk)]
    leased = result_of(
        stores.jobs.lease_these("x", RECEIVED + timedelta(days=1), ids, [JobState.WAITING])
    )
    result_of(stores.jobs.settle([Settlement(job, state, make_attempt()) for job in leased]))
    result_of(stores.messages.expire(datetime(2100, 1, 1, tzinfo=UTC)))
    assert not jobs(desk)


def test_a_run_that_is_resumed_does_each_once_and_the_next_one_says_so(desk: Desk) -> None:
    wish = Wish(rules=("Orders",), outside=True)
    work = desk.begin(wish)
    desk.go_on(work, pages=2)
    before = len(jobs(desk))
    resumed = result_of(desk.runs.resume(None))
    assert not desk.go_on(resumed)
    assert before < len(jobs(desk)) == 8
    desk.apply(wish)
    assert len(jobs(desk)) == 8
    end(desk)
    counts = desk.look(wish).counts
    assert (counts.before, counts.changes) == ({"command": 9}, 0)
    again = replace(wish, again=True)
    counts = desk.look(again).counts
    assert (counts.before, counts.acts, counts.changes) == ({"command": 9}, {"command": 9}, 9)
    desk.apply(again)
    assert len(jobs(desk)) == 8


def test_by_the_clock_it_is_done_once_for_each_message(desk: Desk, tmp_path: Path) -> None:
    rules = result_of(desk.stores.rulebook.current())
    chosen = [rule for rule in rules.rules if SCHEDULE in rule.on]

    def tick() -> int:
        preview = result_of(desk.runs.prepared(rules, chosen, SCHEDULE, Extent()))
        work = result_of(desk.runs.begin(preview, SCHEDULE))
        assert not desk.go_on(work)
        return work.run.changed

    assert tick() == 8  # of two places of one message, the second had it done by then
    assert len(jobs(desk)) == 8
    # At the next tick, and long after its jobs are forgotten: once for each message
    assert tick() == 0
    end(desk, JobState.DEAD)
    assert tick() == 0
    assert not jobs(desk)
    file = tmp_path / "mail.sqlite"
    with closing(sqlite3.connect(file)) as reader:
        noted = "SELECT count(*) FROM once WHERE key LIKE 'done:%'"
        assert reader.execute(noted).fetchone() == (8,)
        # It is forgotten with its message
        result_of(desk.stores.directory.remove_mailbox("info@example.org"))
        result_of(desk.stores.directory.remove_mailbox("shop@example.org"))
        assert reader.execute(noted).fetchone() == (0,)


def test_what_was_done_as_it_came_in_is_not_done_again(desk: Desk, stores: InlineStores) -> None:
    work = Work("command", "Orders", 1, own=False, argument="order", reach="order")
    to = "info@example.org"
    came = job_of(f"Q00042:{work_name(work, 1)}", work, Plan(), to, to, RECEIVED)
    draft = replace(letter(42), filings=(filed(1, "INBOX"),), jobs=(came,))
    result_of(stores.messages.append(draft))
    before = desk.look(Wish(rules=("Orders",), outside=True)).counts.before
    end(desk)
    assert before == desk.look(Wish(rules=("Orders",), outside=True)).counts.before
    assert before == {"command": 1}


def test_what_is_discarded_has_it_done_first(desk: Desk) -> None:
    desk.apply(Wish(rules=("Gone",), outside=True))
    found = jobs(desk)
    assert {job.destination for job in found} == {"casino"}
    assert result_of(desk.stores.jobs.read(1_000_000, 0, 1)) if not found else True
    assert all(job.size_octets for job in found)


def test_taking_a_run_back_leaves_it_as_it_is(desk: Desk) -> None:
    run = desk.apply(Wish(rules=("Own",), outside=True)).run
    count = len(jobs(desk))
    desk.take_back(run.id)
    assert len(jobs(desk)) == count
