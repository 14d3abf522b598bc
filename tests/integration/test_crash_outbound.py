"""A server that dies amid deliveries loses nothing, and doubles what was in flight at most.

The long form, a hundred deaths: `make crashsend`.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.crash.far_side import Copy
from tests.crash.outbound import BOUND, Books, Campaign, Death, faults, table

ONE, TWO = ("<1@x>", "b@quick.example"), ("<2@x>", "b@quick.example")
NO_DEATH = Death(frozenset(), frozenset(), 0)


def test_nothing_is_lost_and_only_what_was_in_flight_is_doubled(tmp_path: Path) -> None:
    campaign = Campaign(tmp_path, kills=5, seed=20226)
    campaign.run()
    assert not campaign.wrong, campaign.wrong
    assert len(campaign.deaths) == 5
    assert len(campaign.books.acknowledged) > 50
    # else it would have shown nothing
    assert any(death.sessions for death in campaign.deaths), table(campaign)


class TestTheJudgeSees:
    """Each fault that it is there to find."""

    @staticmethod
    def judge(taken: Counter[Copy], *deaths: Death) -> list[str]:
        return faults(Books({ONE, TWO}, {ONE}), taken, deaths)

    def test_all_well(self) -> None:
        assert not self.judge(Counter({ONE: 1}), NO_DEATH)

    def test_a_lost_copy(self) -> None:
        assert self.judge(Counter({TWO: 1})) == [f"lost: {ONE}"]

    def test_a_copy_that_nobody_sent(self) -> None:
        other = ("<3@x>", "b@quick.example")
        assert self.judge(Counter({ONE: 1, other: 1})) == [f"never sent: {other}"]

    def test_a_double_for_each_death_and_no_more(self) -> None:
        death = Death(frozenset({ONE}), frozenset({ONE}), 1)
        assert not self.judge(Counter({ONE: 3}), death, death)
        assert self.judge(Counter({ONE: 3}), death)
        assert self.judge(Counter({ONE: 2}), NO_DEATH)

    def test_more_in_flight_than_there_may_be(self) -> None:
        copies = frozenset((f"<{number}@x>", "b@quick.example") for number in range(BOUND + 1))
        assert len(self.judge(Counter({ONE: 1}), Death(copies, copies, 9))) == 1
        together = frozenset(("<1@x>", f"b{number}@quick.example") for number in range(BOUND + 1))
        assert not self.judge(Counter({ONE: 1}), Death(together, together, 9))
