"""Rules over stored messages: preview, run, interruption anywhere, and all of it taken back."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock

from bitrixmail.admin.rule_runs import Preview, RuleRuns, Wish, Work
from bitrixmail.model.errors import InputError, NotFoundError
from bitrixmail.model.rule_run import RunState
from bitrixmail.rules.judging import Judging
from bitrixmail.rules.syntax import parse_rules
from bitrixmail.store.opening import InlineStores
from bitrixmail.tasks import InlineThreads
from tests.fakes.stored_mail import Snapshot, add, filed, fill, letter, snapshot
from tests.fakes.stores import make_stores, result_of
from tests.unit.admin.conftest import faults

RULES = """
[[rule]]
name = "Invoices"
condition = [{field = "subject", op = "starts_with", value = "счёт"}]
action = [{do = "move", folder = "Invoices/2026"}, {do = "flag"}, {do = "copy", folder = "Books"}]

[[rule]]
name = "News"
domain = "example.org"
condition = [{field = "subject", op = "starts_with", value = "news"}]
action = [{do = "mark_read"}, {do = "untag", tag = "old"}, {do = "tag", tag = "новости"}]

[[rule]]
name = "Casino"
mailbox = "info@example.org"
condition = [{field = "subject", op = "contains", value = "casino"}]
action = [{do = "delete"}, {do = "mark_unread"}]

[[rule]]
name = "Orders"
condition = [{field = "subject", op = "contains", value = "order"}]
action = [{do = "copy", folder = "Orders"}]
"""
OTHERS = """
[[rule]]
name = "Gone"
on = ["manual"]
condition = [{field = "subject", op = "contains", value = "news"}]
action = [{do = "discard"}]

[[rule]]
name = "Live"
on = ["receive"]
action = [{do = "flag"}]

[[rule]]
name = "Off"
active = false
action = [{do = "flag"}]

[[rule]]
name = "Refused"
condition = [{field = "subject", op = "contains", value = "casino"}]
action = [{do = "flag"}, {do = "reject", text = "no"}]
"""


class Desk:
    """The use cases over stores of a test's, in small pages."""

    def __init__(self, stores: InlineStores, rules: str = RULES, page: int = 5) -> None:
        clock = Clock()
        clock.advance(1_800_000_000)
        self.stores = stores
        self.runs = RuleRuns(
            stores.rulebook,
            stores.directory,
            stores.runs,
            InlineThreads(),
            cast("IReactorTime", clock),
            judging=Judging(),
            page=page,
        )
        if rules:
            self.put(rules)

    def put(self, rules: str) -> None:
        result_of(self.stores.rulebook.replace(parse_rules(rules, "rules"), "me", ""))

    def look(self, wish: Wish | None = None) -> Preview:
        preview = result_of(self.runs.look(wish or Wish()))
        while result_of(self.runs.look_on(preview)):
            pass
        return preview

    def begin(self, wish: Wish | None = None) -> Work:
        return result_of(self.runs.begin(self.look(wish), "me"))

    def go_on(self, work: Work, pages: int = 10_000) -> bool:
        """Do so many pages; tell whether there are more."""
        return all(result_of(self.runs.go_on(work)) for _ in range(pages))

    def apply(self, wish: Wish | None = None) -> Work:
        work = self.begin(wish)
        assert not self.go_on(work)
        return work

    def take_back(self, run_id: int, pages: int = 10_000) -> list[str]:
        notes: list[str] = []
        for _ in range(pages):
            taken = result_of(self.runs.take_back(run_id))
            notes += taken.notes
            if not taken.more:
                break
        return notes


@pytest.fixture
def desk(stores: InlineStores) -> Desk:
    fill(stores, 40)
    return Desk(stores)


def of(found: Snapshot, address: str, folder: str) -> list[str]:
    return [queue_id for queue_id, _, _ in found.get((address, folder), [])]


def test_a_preview_counts_and_changes_nothing(desk: Desk) -> None:
    before = snapshot(desk.stores)
    preview = desk.look()
    assert snapshot(desk.stores) == before
    counts = preview.counts
    assert counts.judged == preview.run.total == 44
    assert counts.actions["Invoices", "move Invoices/2026"] == 9
    assert counts.effects["move to Invoices/2026"] == 9
    assert counts.effects["mark as read"] == 4
    assert counts.effects["move to Trash"] == 6
    assert len(counts.examples) == 5
    assert result_of(desk.runs.listed(9)) == ()


def test_a_run_does_what_its_preview_said(desk: Desk) -> None:
    counts = desk.look().counts
    work = desk.apply()
    assert (work.run.state, work.run.changed, work.run.judged) == (
        RunState.DONE,
        counts.changes,
        counts.judged,
    )
    found = snapshot(desk.stores)
    for address in ("info@example.org", "shop@example.org"):
        moved = of(found, address, "Invoices/2026")
        assert moved
        assert set(moved) == set(of(found, address, "Books"))
        assert not set(moved) & set(of(found, address, "INBOX"))
    assert of(found, "info@example.org", "Trash") == [
        "Q00003", "Q00013", "Q00018", "Q00028", "Q00033", "Q00033",
    ]  # fmt: skip
    assert "\\Seen" not in "".join(flags for _, flags, _ in found["info@example.org", "Trash"])
    for queue_id, flags, tags in found["info@example.org", "INBOX"]:
        if int(queue_id[1:]) % 5 == 1:
            assert ("\\Seen" in flags, tags) == (True, "новости")


def test_a_second_run_finds_nothing_left_to_do(desk: Desk) -> None:
    desk.apply()
    after = snapshot(desk.stores)
    assert desk.look().counts.changes == 0
    desk.apply()
    assert snapshot(desk.stores) == after


@pytest.mark.parametrize("stopped", range(10))
def test_stopped_after_any_page_resumed_and_taken_back_nothing_differs(
    tmp_path: Path, stopped: int
) -> None:
    """A new process knows nothing but the database; so does each new Desk here."""
    (tmp_path / "whole").mkdir()
    with make_stores(tmp_path / "whole") as stores:
        fill(stores, 40)
        Desk(stores).apply()
        wanted = snapshot(stores)
    with make_stores(tmp_path) as stores:
        fill(stores, 40)
        before = snapshot(stores)
        desk = Desk(stores)
        work = desk.begin()
        assert desk.go_on(work, stopped) == (stopped < 9)
        if stopped < 9:
            again = Desk(stores, rules="")
            assert not again.go_on(result_of(again.runs.resume(None)))
        assert snapshot(stores) == wanted
        Desk(stores, rules="").take_back(work.run.id, stopped)
        assert Desk(stores, rules="").take_back(work.run.id) == []
        assert snapshot(stores) == before
        (run,) = result_of(desk.runs.listed(9))
        assert run.state is RunState.UNDONE


def test_a_run_that_was_interrupted_can_be_taken_back_and_then_not_resumed(desk: Desk) -> None:
    before = snapshot(desk.stores)
    work = desk.begin()
    desk.go_on(work, 3)
    assert snapshot(desk.stores) != before
    assert desk.take_back(result_of(desk.runs.undoable(None)).id) == []
    assert snapshot(desk.stores) == before
    with pytest.raises(InputError, match="another process carries it on"):
        desk.go_on(work)
    with pytest.raises(NotFoundError, match="none that was interrupted"):
        result_of(desk.runs.resume(None))
    with pytest.raises(InputError, match="is undone"):
        result_of(desk.runs.resume(work.run.id))
    assert snapshot(desk.stores) == before


def test_two_processes_never_do_the_same_page(desk: Desk) -> None:
    work = desk.begin()
    other = result_of(desk.runs.resume(work.run.id))
    desk.go_on(work, 1)
    after = snapshot(desk.stores)
    with pytest.raises(InputError, match="another process carries it on"):
        desk.go_on(other)
    assert snapshot(desk.stores) == after


def test_resumed_it_keeps_to_the_rules_with_which_it_began(desk: Desk) -> None:
    work = desk.begin()
    desk.go_on(work, 2)
    desk.put('[[rule]]\nname = "Invoices"\naction = [{do = "discard"}]\n')
    again = result_of(desk.runs.resume(None))
    assert not desk.go_on(again)
    assert of(snapshot(desk.stores), "info@example.org", "Invoices/2026")
    assert sum(isinstance(rows, list) and len(rows) for rows in snapshot(desk.stores).values()) > 44


def test_what_comes_while_it_runs_is_left_to_the_live_rules(desk: Desk) -> None:
    work = desk.begin()
    desk.go_on(work, 1)
    info = result_of(desk.stores.directory.mailbox("info@example.org"))
    assert info is not None
    add(desk.stores, letter(100), filed(info.id, "INBOX"))
    desk.go_on(work)
    assert "Q00100" in of(snapshot(desk.stores), "info@example.org", "INBOX")


def test_the_extent_limits_it(desk: Desk) -> None:
    preview = desk.look(Wish(rules=("Invoices",), mailbox="Shop@example.org"))
    assert {verdict.place.mailbox for verdict in preview.counts.examples} == {"shop@example.org"}
    assert {rule for rule, _ in preview.counts.actions} == {"Invoices"}
    assert desk.look(Wish(folder="Copies")).counts.judged == 4
    since = desk.look(Wish(since="2026-05-05 17:00"))
    assert since.counts.judged == 2
    assert desk.look(Wish(rules=("Casino",))).counts.judged == 30  # of info@ alone


def test_trash_and_quarantine_are_met_only_by_rules_that_mean_them(stores: InlineStores) -> None:
    info, _ = fill(stores, 0)
    add(stores, letter(0), filed(info.id, "Trash"))
    add(stores, letter(5), filed(info.id, "Quarantine"))
    desk = Desk(stores)
    assert desk.look().counts.changes == 0
    assert desk.look(Wish(folder="Trash")).counts.changes == 1
    desk.put(
        '[[rule]]\nname = "Empty"\ncondition = [{field = "folder", op = "equals", value = "Trash"}]\n'
        'action = [{do = "discard"}]\n'
    )
    assert desk.look().counts.discards == 1
    desk.put(
        '[[rule]]\nname = "Guard"\norder = 1\nstop = true\n'
        '[[rule]]\nname = "Empty"\ncondition = [{field = "folder", op = "equals", value = "Trash"}]\n'
        'action = [{do = "discard"}]\n'
    )
    assert desk.look().counts.discards == 0  # a rule before it protects there as anywhere


def test_what_is_discarded_stays_gone_and_the_rest_comes_back(stores: InlineStores) -> None:
    fill(stores, 10)
    before = snapshot(stores)
    desk = Desk(stores, OTHERS)
    counts = desk.look().counts
    assert (counts.discards, counts.rejected, counts.changes) == (2, 2, 4)
    work = desk.apply()
    found = snapshot(stores)
    assert "Q00001" not in of(found, "info@example.org", "INBOX")
    assert found["info@example.org",] < before["info@example.org",]
    assert desk.take_back(work.run.id) == [
        "Q00001: was discarded, which is for good",
        "Q00006: was discarded, which is for good",
    ]
    before["info@example.org", "INBOX"] = [
        row for row in before["info@example.org", "INBOX"] if row[0] not in {"Q00001", "Q00006"}
    ]
    assert snapshot(stores)["info@example.org", "INBOX"] == before["info@example.org", "INBOX"]


def test_what_people_changed_meanwhile_stays(desk: Desk) -> None:
    work = desk.apply(Wish(rules=("Invoices",)))
    desk.put('[[rule]]\nname = "Person"\naction = [{do = "move", folder = "Mine"}]\n')
    desk.apply(Wish(mailbox="shop@example.org", folder="Invoices/2026"))
    desk.apply(Wish(mailbox="info@example.org", folder="Books"))
    mine = of(snapshot(desk.stores), "shop@example.org", "Mine")
    notes = desk.take_back(work.run.id)
    assert [note for note in notes if "was moved meanwhile" in note] == [
        f"{queue_id}: was moved meanwhile, so it stays where it is" for queue_id in mine
    ]
    assert any("the copy was changed meanwhile" in note for note in notes)
    found = snapshot(desk.stores)
    assert of(found, "shop@example.org", "Mine") == mine
    assert not of(found, "info@example.org", "Invoices/2026")
    assert of(found, "info@example.org", "Mine")


def test_what_happened_is_told_of_each_message(desk: Desk) -> None:
    work = desk.apply()
    desk.take_back(work.run.id)
    events = result_of(desk.stores.messages.events("Q00005", None, 9))
    assert [(event.kind, event.address, event.text) for event in events[2:]] == [
        (
            "moved",
            "shop@example.org",
            'to Invoices/2026, copied to Books, set \\Flagged, by "Invoices" (run 1)',
        ),
        ("moved", "shop@example.org", "back to INBOX, taken back (run 1)"),
    ]
    events = result_of(desk.stores.messages.events("Q00006", None, 9))
    assert [(event.kind, event.text) for event in events[2:]] == [
        ("flagged", 'set \\Seen, tagged новости, by "News" (run 1)'),
        ("flagged", "taken back (run 1)"),
    ]


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        (Wish(rules=("Nobody",)), '--rule "Nobody": there is no such rule'),
        (Wish(rules=("Live",)), '--rule "Live": is not for use by hand'),
        (Wish(rules=("Off",)), '--rule "Off": is switched off'),
        (Wish(mailbox="x@example.org"), "mailbox x@example.org: there is none"),
        (Wish(since="soon"), '--since "soon"'),
    ],
)
def test_a_wish_that_can_not_be_is_told(stores: InlineStores, wish: Wish, said: str) -> None:
    fill(stores, 0)
    desk = Desk(stores, OTHERS)
    with pytest.raises(InputError) as caught:
        desk.look(wish)
    assert faults(caught)[0].startswith(said)


def test_without_rules_by_hand_it_says_so(stores: InlineStores) -> None:
    with pytest.raises(InputError, match="none is in force for use by hand"):
        Desk(stores, "").look()


def test_a_body_is_read_where_a_rule_asks_for_it(stores: InlineStores) -> None:
    fill(stores, 12)
    desk = Desk(
        stores,
        '[[rule]]\nname = "B"\ncondition = [{field = "body", op = "contains", value = "body 7"}]\n'
        'action = [{do = "flag"}]\n',
    )
    assert [verdict.place.queue_id for verdict in desk.look().counts.examples] == ["Q00007"]
