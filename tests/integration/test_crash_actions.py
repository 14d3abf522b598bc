"""A server that dies between a commit and its couriers, or in them, does all that rules want.

The long form, a hundred deaths: `make crashact`.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.crash.actions import Books, Campaign, faults, table

ONE, TWO = "<1@x>", "<2@x>"


def test_all_is_done_and_has_one_effect_where_keys_are_known(tmp_path: Path) -> None:
    campaign = Campaign(tmp_path, kills=2, seed=2, points=("work-acknowledged", "amid-command"))
    campaign.run()
    assert not campaign.wrong, campaign.wrong
    # else it would have shown nothing
    assert campaign.books.deaths.keys() == {"work-acknowledged", "amid-command"}, table(campaign)
    assert campaign.books.acknowledged
    assert campaign.books.unsettled


class TestTheJudgeSees:
    """Each fault that it is there to find."""

    @staticmethod
    def judge(attempts: dict[str, int], effects: dict[str, int], deaths: int = 0) -> list[str]:
        books = Books({ONE, TWO}, {ONE}, Counter({(ONE, "command"): deaths}))
        return faults(books, "command", attempts, effects)

    def test_all_well(self) -> None:
        assert not self.judge({ONE: 1}, {ONE: 1})

    def test_what_was_not_done(self) -> None:
        assert self.judge({}, {}) == [f"command not done: {ONE}"]

    def test_what_nobody_sent(self) -> None:
        wrong = self.judge({ONE: 1, "<3@x>": 1}, {ONE: 1, "<3@x>": 1})
        assert wrong == ["command done for what nobody sent: <3@x>"]

    def test_a_second_effect_and_none(self) -> None:
        assert self.judge({ONE: 1}, {ONE: 2}) == [f"command had 2 effects: {ONE}"]
        assert self.judge({ONE: 1}, {}) == [f"command had 0 effects: {ONE}"]

    def test_more_attempts_than_deaths_account_for(self) -> None:
        assert not self.judge({ONE: 3}, {ONE: 1}, deaths=2)
        assert len(self.judge({ONE: 3}, {ONE: 1}, deaths=1)) == 1
