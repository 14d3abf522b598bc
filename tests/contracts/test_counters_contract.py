"""What every store of the filter's counts does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from zope.interface.verify import verifyObject

from bitrixmail.interfaces.counters import ICounters
from bitrixmail.model.bayes import SITE, Corpus, Learned, Lesson
from bitrixmail.store import learning
from bitrixmail.store.opening import Stores
from bitrixmail.tasks import gather, utcnow
from tests.fakes.both_stores import BOTH, Opened

pytestmark = pytest.mark.parametrize("opened", BOTH)
OWN = 7


def lessons(count: int, tokens: Sequence[int], *, spam: bool, first: int = 0) -> list[Lesson]:
    return [Lesson(b"%d" % number, tokens, spam) for number in range(first, first + count)]


async def known(
    stores: Stores, scope: int = SITE, tokens: Sequence[int] = (1, 2, 3, -4)
) -> tuple[Corpus, dict[int, tuple[int, int]]] | None:
    await stores.changes.poll()
    tables = await stores.counters.tables([scope], tokens)
    if not tables:
        return None
    corpus, table = tables[0]
    return corpus, {token: found for token in tokens if (found := table.get(token))}


async def taught(stores: Stores) -> None:
    await stores.counters.learn(SITE, lessons(30, [1, 2], spam=False))
    await stores.counters.learn(SITE, lessons(25, [2, -4], spam=True, first=100))


async def test_nothing_is_said_before_enough_was_learned(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        verifyObject(ICounters, stores.counters)
        assert await known(stores) is None
        await stores.counters.learn(SITE, lessons(30, [1, 2], spam=False))
        await stores.counters.learn(SITE, lessons(19, [2, -4], spam=True, first=100))
        assert await known(stores) is None
        await stores.counters.learn(SITE, lessons(20, [2, -4], spam=True, first=100))
        assert await known(stores) == (Corpus(30, 20), {1: (30, 0), 2: (30, 20), -4: (0, 20)})
        assert not stores.counters.idle
        assert await known(stores, OWN) is None


async def test_a_message_counts_once_and_a_change_of_mind_takes_it_back(
    opened: Opened, tmp_path: Path
) -> None:
    async with opened(tmp_path) as stores:
        await taught(stores)
        before = await known(stores)
        again = lessons(1, [1, 2], spam=False)
        assert await stores.counters.learn(SITE, again) == Learned(0, 0, 1)
        assert await known(stores) == before
        other = lessons(1, [1, 2], spam=True)
        assert await stores.counters.learn(SITE, other) == Learned(0, 1, 0)
        assert await known(stores) == (
            Corpus(29, 26), {1: (29, 1), 2: (29, 26), -4: (0, 25)},
        )  # fmt: skip
        assert await stores.counters.learn(SITE, again) == Learned(0, 1, 0)
        assert await known(stores) == before


async def test_the_same_message_twice_in_one_go_counts_once(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        await taught(stores)
        twice = [Lesson(b"x", [3], True), Lesson(b"x", [3], True)]
        assert await stores.counters.learn(SITE, twice) == Learned(1, 0, 1)
        mind = [Lesson(b"y", [3], True), Lesson(b"y", [3], False)]
        await stores.counters.learn(SITE, mind)
        found = await known(stores)
        assert found is not None
        assert found[1][3] == (1, 1)
        assert found[0] == Corpus(31, 26)


async def test_many_at_the_same_time_lose_no_count(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        await taught(stores)
        await gather(
            *(
                stores.counters.learn(SITE, [Lesson(b"n%d" % number, [3], bool(number % 2))])
                for number in range(40)
            )
        )
        found = await known(stores)
        assert found is not None
        assert found[1][3] == (20, 20)


async def test_scopes_are_apart_and_one_is_forgotten_alone(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        await taught(stores)
        await stores.counters.learn(OWN, lessons(20, [3], spam=False))
        await stores.counters.learn(OWN, lessons(20, [3], spam=True, first=50))
        assert await known(stores, OWN) == (Corpus(20, 20), {3: (20, 20)})
        scopes = await stores.counters.scopes()
        assert [(each.scope, each.corpus, each.tokens) for each in scopes] == [
            (SITE, Corpus(30, 25), 3), (OWN, Corpus(20, 20), 1),
        ]  # fmt: skip
        await stores.counters.forget(SITE)
        assert await known(stores) is None
        assert await known(stores, OWN) is not None
        # It may be taught anew, and the same messages count again
        await taught(stores)
        assert await known(stores) == (Corpus(30, 25), {1: (30, 0), 2: (30, 25), -4: (0, 25)})


async def test_counts_from_elsewhere_are_added_once(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        counts = [(token, 1, 2) for token in range(5000)]
        assert await stores.counters.add(SITE, Corpus(100, 200), counts, b"m")
        assert not await stores.counters.add(SITE, Corpus(100, 200), counts, b"m")
        found = await known(stores, tokens=(0, 4999, 5000))
        assert found == (Corpus(100, 200), {0: (1, 2), 4999: (1, 2)})


async def test_what_is_old_counts_half(
    opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path) as stores:
        monkeypatch.setattr(learning, "HALVED_AT", 100)
        await stores.counters.learn(SITE, lessons(40, [1], spam=False))
        await stores.counters.learn(SITE, lessons(60, [2, 3], spam=True, first=100))
        assert await known(stores) == (Corpus(40, 60), {1: (40, 0), 2: (0, 60), 3: (0, 60)})
        await stores.counters.learn(SITE, lessons(1, [2], spam=True, first=900))
        assert await known(stores) == (Corpus(20, 30), {1: (20, 0), 2: (0, 30), 3: (0, 30)})
        await stores.counters.learn(SITE, lessons(2, [1], spam=False, first=910))
        assert await known(stores) == (Corpus(22, 30), {1: (22, 0), 2: (0, 30), 3: (0, 30)})


async def test_rare_tokens_go_when_they_are_not_seen_again(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        await taught(stores)
        await stores.counters.learn(SITE, [Lesson(b"rare", [3], True)])
        now = utcnow(stores.counters._clock)
        assert await stores.counters.expire(now + timedelta(days=80)) == 0
        assert await stores.counters.expire(now + timedelta(days=100)) == 1
        assert await stores.counters.expire(now + timedelta(days=400)) == 3
