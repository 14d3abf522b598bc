"""A loaded server dies, or is asked to end, and comes back with every message it acknowledged.

The long form, with every fail point several times: `make crashtest`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.campaign import Campaign
from tests.crash.judge import SETTLED, Found, Verdict, judge
from tests.crash.ledger import Attempt, Ledger
from tests.crash.letters import FOLDER, INBOX, Letter, write_letter
from tests.crash.plan import Plan, Stop
from tests.crash.points import POINTS, Phase, Point, place_of
from tests.crash.power import possible
from tests.crash.report import Report

# On both sides of the durable line; each costs a start
SOME_POINTS = ("before-folder-sync", "amid-commit", "before-reply")


class Scripted(Plan):
    """A plan of a few stops that a test has chosen: one of each kind, then the points."""

    def stops(self, victim: int) -> list[Stop]:
        kinds = [Stop(0.8), Stop(0.3, graceful=True)][: self.kills - len(self.points)]
        return kinds + [self.stop(victim, number, name) for number, name in enumerate(self.points)]


def test_nothing_acknowledged_is_lost_or_doubled(tmp_path: Path) -> None:
    # Where that can be done, each death is a power cut as well, which loses more
    kills, power_cuts = 2 + len(SOME_POINTS), possible()
    chosen = Scripted(kills, 20225, 1, senders=8, points=SOME_POINTS, power_cuts=power_cuts)
    Campaign(tmp_path / "victim-0", chosen, 0).run()
    report = Report(tmp_path, chosen, 0.0)
    assert not report.faults, report.faults
    assert {stop["kind"] for stop in report.stops if stop["struck"]} == {
        "SIGKILL",
        "SIGTERM",
        *SOME_POINTS,
    }
    [found] = report.rounds
    assert found["acknowledged"] > 50
    assert all(found["marks"].values()), found["marks"]


def test_a_server_that_breaks_the_promise_is_found_out(tmp_path: Path) -> None:
    ways = ("early", "twice", "cut", "misfiled")
    broken = Scripted(1, 20225, victims=1, senders=8, points=(), broken=ways)
    Campaign(tmp_path / "victim-0", broken, 0).run()
    [found] = Report(tmp_path, broken, 0.0).rounds
    verdict = found["verdict"]
    assert all(verdict[kind] for kind in ("lost", "doubled", "damaged", "misfiled")), verdict


@pytest.mark.skipif(not possible(), reason="mounting a file needs root and loop devices")
def test_a_server_that_never_syncs_is_found_out_by_a_power_cut(tmp_path: Path) -> None:
    broken = Scripted(
        1, 20225, victims=1, senders=8, points=(), broken=("unsynced",), power_cuts=True
    )
    Campaign(tmp_path / "victim-0", broken, 0).run()
    [found] = Report(tmp_path, broken, 0.0).rounds
    assert found["acknowledged"] > 20
    assert found["verdict"]["lost"], found["verdict"]


def test_an_interrupted_campaign_goes_on_where_it_was(tmp_path: Path) -> None:
    chosen = Plan(kills=40, seed=1, victims=2, senders=1, points=("opened",))
    chosen.save(tmp_path)
    assert Plan.load(tmp_path) == chosen
    both = chosen.stops(0) + chosen.stops(1)
    assert len(both) == 40
    assert sum(stop.point == "opened" for stop in both) == chosen.times == 5
    assert sum(stop.graceful for stop in both) == 4
    assert chosen.stops(1) == Plan.load(tmp_path).stops(1)


def test_a_point_that_was_missed_is_tried_again_but_not_for_ever() -> None:
    chosen = Plan(kills=20, seed=1, victims=1, senders=1, points=("opened", "closed"))
    assert chosen.times == 5
    all_struck = [(name, True) for name in chosen.points for _ in range(5)]
    assert chosen.missed(0, all_struck) == ""
    one_missed = [*all_struck[:-1], ("closed", False)]
    assert chosen.missed(0, one_missed) == "closed"
    assert chosen.missed(0, [*one_missed, ("closed", True)]) == ""
    assert chosen.missed(0, one_missed + [("closed", False)] * 4) == ""


class TestTheLedger:
    LETTER = Letter("0.0.0.1.1", ("a@x", "b@x"), b"X-Attempt: 0.0.0.1.1\r\n", chunked=True)

    def test_is_read_back_up_to_its_last_whole_line(self, tmp_path: Path) -> None:
        file = tmp_path / "ledger"
        ledger = Ledger(file)
        ledger.begin(self.LETTER)
        ledger.acknowledge(self.LETTER.attempt)
        ledger.close()
        with file.open("ab") as torn:
            torn.write(b"A 0.0.0.1.2 abc")
        again = Ledger(file)
        assert again.attempts == ledger.attempts
        assert again.acknowledged == {self.LETTER.attempt}
        assert again.acknowledged_where("B") == 1
        assert again.acknowledged_where("T") == 0
        with pytest.raises(ValueError, match="made before"):
            again.begin(self.LETTER)
        again.close()

    def test_a_letter_is_the_same_whenever_it_is_written(self) -> None:
        first, second = (write_letter("0.0.0.1.7", ("a@x", "b@x"), "1") for _ in range(2))
        assert first == second
        assert write_letter("0.0.0.1.8", ("a@x", "b@x"), "1").digest != first.digest


class TestTheJudgeSees:
    """Each fault that it is there to find."""

    LETTER = Letter(
        "1", ("a@x", "b@x"), b"X-Attempt: 1\r\nSubject: s\r\n\r\nbody\r\n", chunked=False
    )
    READ = b"Return-Path: <a@example.net>\r\nReceived: from c\r\n\tby d\r\n" + LETTER.content
    IN_A = Found("a@x", INBOX, READ)
    IN_B = Found("b@x", INBOX, READ)

    @pytest.fixture
    def ledger(self, tmp_path: Path) -> Iterator[Ledger]:
        ledger = Ledger(tmp_path / "ledger")
        ledger.begin(self.LETTER)
        yield ledger
        ledger.close()

    def judge(self, ledger: Ledger, *found: Found, acknowledged: bool = True) -> Verdict:
        if acknowledged:
            ledger.acknowledge("1")
        return judge(ledger, found)

    def test_all_well(self, ledger: Ledger) -> None:
        assert self.judge(ledger, self.IN_A, self.IN_B).clean

    def test_a_lost_copy(self, ledger: Ledger) -> None:
        assert self.judge(ledger, self.IN_A).lost == ["1 for b@x"]

    def test_an_unacknowledged_message_is_not_owed_but_may_be_there(self, ledger: Ledger) -> None:
        verdict = self.judge(ledger, self.IN_A, acknowledged=False)
        assert verdict.clean
        assert verdict.kept_unacknowledged == 1

    @pytest.mark.parametrize("acknowledged", [True, False])
    def test_a_doubled_message(self, ledger: Ledger, acknowledged: bool) -> None:
        verdict = self.judge(ledger, self.IN_A, self.IN_A, self.IN_B, acknowledged=acknowledged)
        assert verdict.doubled == ["1 in a@x: 2 times"]

    def test_a_message_that_was_removed_and_is_here_again(self, ledger: Ledger) -> None:
        ledger.acknowledge("1")
        old = Found("a@x", INBOX, self.READ.replace(b"Attempt: 1", b"Attempt: 9"))
        verdict = judge(ledger, [self.IN_A, self.IN_B, old], lambda _: SETTLED)
        assert verdict.doubled == [f"9 in a@x: {SETTLED}"]

    @pytest.mark.parametrize(
        "message", [READ[:-3], READ + b"x", b"X-Odd: y\r\n" + READ], ids=["cut", "longer", "field"]
    )
    def test_a_damaged_message(self, ledger: Ledger, message: bytes) -> None:
        verdict = self.judge(ledger, Found("a@x", INBOX, message), self.IN_B)
        assert len(verdict.damaged) == 1

    def test_a_message_in_another_folder(self, ledger: Ledger) -> None:
        verdict = self.judge(ledger, Found("a@x", FOLDER, self.READ), self.IN_B)
        assert verdict.misfiled == ["1 in a@x: Invoices, not INBOX"]

    def test_a_message_nobody_sent_there(self, ledger: Ledger) -> None:
        unmarked = Found("a@x", INBOX, b"Subject: z\r\n")
        elsewhere = Found("c@x", INBOX, self.READ)
        verdict = self.judge(ledger, self.IN_A, self.IN_B, elsewhere, unmarked)
        assert len(verdict.strange) == 2

    def test_a_content_that_was_cut_off_by_an_orderly_end(self, ledger: Ledger) -> None:
        ledger.cut_off("1")
        assert self.judge(ledger, self.IN_A, self.IN_B).cut == ["1"]

    def test_what_a_dead_machine_took_out_of_the_ledger(self, tmp_path: Path) -> None:
        empty = Ledger(tmp_path / "empty")
        again = Attempt(self.LETTER.digest, INBOX, "-", self.LETTER.recipients)
        verdict = judge(empty, [self.IN_A], lambda _: again)
        assert verdict.clean
        assert verdict.kept_unacknowledged == 1
        assert judge(empty, [self.IN_A, self.IN_A], lambda _: again).doubled
        assert judge(empty, [self.IN_A]).strange
        empty.close()


class TestFailPoints:
    @pytest.mark.parametrize("point", POINTS, ids=lambda point: point.name)
    def test_names_what_is_there(self, point: Point) -> None:
        for target in (point.target, *point.constants):
            holder, name = place_of(target)
            assert name in vars(holder)

    def test_a_name_that_is_gone_is_told(self) -> None:
        for target in ("bitrixmail.store.blobs:_Gone.sync", "bitrixmail.store.gone:sync"):
            with pytest.raises(LookupError, match=f"{target} is not there any more"):
                place_of(target)

    def test_each_has_a_name_of_its_own_and_every_phase_has_some(self) -> None:
        assert len({point.name for point in POINTS}) == len(POINTS)
        assert {point.phase for point in POINTS} == set(Phase)
