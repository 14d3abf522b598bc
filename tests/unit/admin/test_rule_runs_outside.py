"""What rules want done outside, when they are applied to stored messages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bitrixmail.admin.rule_runs import SCHEDULE, Wish
from bitrixmail.model.job import JobState
from bitrixmail.model.queue import Queued, Search
from bitrixmail.model.rule_run import Extent
from bitrixmail.store.opening import InlineStores
from tests.fakes.stored_mail import fill
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


def test_the_next_run_does_it_again_and_an_interrupted_one_does_not(desk: Desk) -> None:
    wish = Wish(rules=("Orders",), outside=True)
    work = desk.begin(wish)
    desk.go_on(work, pages=2)
    before = len(jobs(desk))
    resumed = result_of(desk.runs.resume(None))
    assert not desk.go_on(resumed)
    assert before < len(jobs(desk)) == 8
    desk.apply(wish)
    assert len(jobs(desk)) == 16


def test_by_the_clock_it_is_done(desk: Desk) -> None:
    rules = result_of(desk.stores.rulebook.current())
    chosen = [rule for rule in rules.rules if SCHEDULE in rule.on]
    preview = result_of(desk.runs.prepared(rules, chosen, SCHEDULE, Extent()))
    assert not desk.go_on(result_of(desk.runs.begin(preview, SCHEDULE)))
    assert len(jobs(desk)) == 8


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
