"""What every memory of answers and notices does."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from zope.interface.verify import verifyObject

from bitrixmail.interfaces.answers import IAnswers
from bitrixmail.model.answer import Noticed
from tests.fakes.both_stores import BOTH, Opened
from tests.fakes.drafts import RECEIVED

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
INFO, RULE, ANN = "info@example.org", "Away", "ann@example.net"
BOSS = "boss@example.com"
pytestmark = pytest.mark.parametrize("opened", BOTH)


async def test_a_sender_is_answered_once_in_his_time(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        answers = stores.answers
        verifyObject(IAnswers, answers)
        assert await answers.answered(INFO, RULE, ANN, RECEIVED) is None
        await answers.note(INFO, RULE, ANN, RECEIVED, RECEIVED + 7 * DAY)
        assert await answers.answered(INFO, RULE, ANN, RECEIVED + 6 * DAY) == RECEIVED
        assert await answers.answered(INFO, RULE, ANN, RECEIVED + 7 * DAY) is None
        for other in ((INFO, "Else", ANN), ("a@example.org", RULE, ANN), (INFO, RULE, BOSS)):
            assert await answers.answered(*other, RECEIVED) is None
        later = RECEIVED + 8 * DAY
        await answers.note(INFO, RULE, ANN, later, later + DAY)
        assert await answers.answered(INFO, RULE, ANN, later) == later


async def test_answers_of_a_mailbox_are_counted(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        answers = stores.answers
        for number in range(3):
            at = RECEIVED + number * HOUR / 2
            await answers.note(INFO, RULE, f"{number}@example.net", at, at + DAY)
        await answers.note("a@example.org", RULE, ANN, RECEIVED, RECEIVED + DAY)
        assert await answers.count(INFO, RECEIVED - HOUR) == 3
        assert await answers.count(INFO, RECEIVED) == 2
        assert await answers.count(INFO, RECEIVED + HOUR) == 0


async def test_notices_beyond_the_bound_are_owed(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        answers = stores.answers
        asked = [await answers.may_tell(INFO, RULE, BOSS, 2, RECEIVED) for _ in range(5)]
        assert asked == [0, 0, None, None, None]
        assert await answers.may_tell(INFO, RULE, ANN, 2, RECEIVED) == 0
        assert await answers.owed(RECEIVED + HOUR / 2) == ()
        owed = Noticed(INFO, RULE, BOSS, RECEIVED, 3)
        assert await answers.owed(RECEIVED + HOUR) == (owed,)
        # the next notice says so as well
        assert await answers.may_tell(INFO, RULE, BOSS, 2, RECEIVED + HOUR) == 3
        assert await answers.owed(RECEIVED + 3 * HOUR) == ()


async def test_what_is_told_is_owed_no_more(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        answers = stores.answers
        for _ in range(3):
            await answers.may_tell(INFO, RULE, BOSS, 1, RECEIVED)
        (owed,) = await answers.owed(RECEIVED + HOUR)
        await answers.told(owed, RECEIVED + HOUR)
        assert await answers.owed(RECEIVED + 3 * HOUR) == ()
        # it counted as one itself
        assert await answers.may_tell(INFO, RULE, BOSS, 1, RECEIVED + HOUR) is None
        # one that was told of before meanwhile changes nothing
        await answers.told(owed, RECEIVED + HOUR)
        (again,) = await answers.owed(RECEIVED + 2 * HOUR)
        assert again.owed == 1


async def test_what_bears_on_nothing_is_forgotten(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        answers = stores.answers
        await answers.note(INFO, RULE, ANN, RECEIVED, RECEIVED + DAY)
        await answers.may_tell(INFO, RULE, BOSS, 1, RECEIVED)
        await answers.may_tell(INFO, RULE, ANN, 1, RECEIVED)
        await answers.may_tell(INFO, RULE, ANN, 1, RECEIVED)
        assert await answers.forget(RECEIVED) == 0
        assert await answers.forget(RECEIVED + 2 * DAY) == 2
        assert len(await answers.owed(RECEIVED + 2 * DAY)) == 1
