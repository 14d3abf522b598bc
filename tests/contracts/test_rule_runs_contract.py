"""What every store of runs does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from zope.interface.verify import verifyObject

from bitrixmail.interfaces.rule_runs import IRuleRuns
from bitrixmail.model.directory import Domain, Mailbox
from bitrixmail.model.errors import InputError, NotFoundError
from bitrixmail.model.rule_run import (
    Chunk,
    Extent,
    Refiling,
    RuleRun,
    RunState,
    StoredPlace,
    Timer,
    Timers,
)
from bitrixmail.store.opening import Stores
from tests.fakes.both_stores import BOTH, Opened
from tests.fakes.drafts import BODY, RECEIVED, make_draft, make_filing

pytestmark = pytest.mark.parametrize("opened", BOTH)
BEGUN = datetime(2026, 6, 1, 12, tzinfo=UTC)
HEAD = BODY[:49]


async def fill(stores: Stores) -> tuple[Mailbox, Mailbox]:
    """Put Q0-Q3 into INBOX of a@, a day apart, Q3 into Copies too; Q4 into INBOX of b@."""
    await stores.directory.add_domain(Domain("example.org"))
    a = await stores.directory.add_mailbox(Mailbox(0, "a@example.org"), None)
    b = await stores.directory.add_mailbox(Mailbox(0, "b@example.org"), None)
    for number in range(5):
        folders = ("INBOX", "Copies") if number == 3 else ("INBOX",)
        whose = b if number == 4 else a
        filing = make_filing(whose.id, *folders, recipient="alias@example.org")
        received = RECEIVED + timedelta(days=number)
        await stores.messages.append(make_draft(f"Q{number}", filing, received=received))
    return a, b


async def places(stores: Stores) -> list[StoredPlace]:
    ceiling, _ = await stores.runs.measure(Extent())
    return list(await stores.runs.page(Extent(), 0, ceiling, 100))


def new_run(ceiling: int = 100) -> RuleRun:
    extent = Extent("a@example.org", "INBOX", RECEIVED, ("a@example.org", "example.org"))
    return RuleRun(0, BEGUN, "me", "manual", 7, ("Счета", "B"), extent, ceiling, 6)


def marked(place: StoredPlace) -> Refiling:
    return Refiling(place.id, place.modseq, None, (), frozenset({"\\Seen"}), place.tags, why='"B"')


async def test_provides_the_interface(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        verifyObject(IRuleRuns, stores.runs)


async def test_an_extent_may_be_places_alone(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        await fill(stores)
        ids = tuple(each.id for each in await places(stores))
        extent = Extent(places=(ids[0], ids[-1], 999))
        assert (await stores.runs.measure(extent))[1] == 2
        found = await stores.runs.page(extent, 0, max(ids), 100)
        assert [each.id for each in found] == [ids[0], ids[-1]]
        run = await stores.runs.begin(replace(new_run(), extent=extent), Timers())
        assert (await stores.runs.run(run.id)) == run


async def test_a_place_is_read_with_all_that_judging_needs(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        await fill(stores)
        first, *_, copied, _last = await places(stores)
        assert replace(first, id=0) == StoredPlace(
            id=0,
            modseq=1,
            mailbox="a@example.org",
            folder="INBOX",
            queue_id="Q0",
            received=RECEIVED,
            sender="ann@example.net",
            recipients=("alias@example.org",),
            header_from="Ann",
            subject="Invoice",
            size_octets=len(BODY),
            head=HEAD,
            flags=frozenset({"\\Flagged"}),
            tags=frozenset({"work", "счёт"}),
        )
        assert (copied.folder, copied.elsewhere) == ("Copies", frozenset({"INBOX"}))
        assert await stores.runs.content(first.id, 1000) == BODY
        assert await stores.runs.content(first.id, 7) == BODY[:7]
        assert await stores.runs.content(9999, 7) == b""


async def test_head_and_content_come_from_a_blob_too(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        a, _ = await fill(stores)
        writer = stores.blobs.create()
        writer.write(BODY)
        await writer.finish()
        await stores.messages.append(
            make_draft("Q9", make_filing(a.id, "INBOX"), blob_id=writer.blob_id)
        )
        place = (await places(stores))[-1]
        assert (place.queue_id, place.head) == ("Q9", HEAD)
        assert await stores.runs.content(place.id, 1000) == BODY
        assert await stores.runs.content(place.id, 7) == BODY[:7]


async def test_pages_follow_one_another_and_end_at_the_ceiling(
    opened: Opened, tmp_path: Path
) -> None:
    async with opened(tmp_path) as stores:
        await fill(stores)
        ids = [place.id for place in await places(stores)]
        assert ids == sorted(ids)
        assert len(ids) == 6
        assert await stores.runs.measure(Extent()) == (ids[-1], 6)
        page = await stores.runs.page(Extent(), ids[0], ids[4], 3)
        assert [place.id for place in page] == ids[1:4]
        page = await stores.runs.page(Extent(), ids[3], ids[4], 3)
        assert [place.id for place in page] == ids[4:5]


@pytest.mark.parametrize(
    ("extent", "found"),
    [
        (Extent(mailbox="b@example.org"), ["Q4"]),
        (Extent(mailbox="nobody@example.org"), []),
        (Extent(folder="Copies"), ["Q3"]),
        (Extent(since=RECEIVED + timedelta(days=3)), ["Q3", "Q3", "Q4"]),
        (Extent(whose=("b@example.org",)), ["Q4"]),
        (Extent(whose=("example.org",), folder="INBOX"), ["Q0", "Q1", "Q2", "Q3", "Q4"]),
        (Extent(whose=("example.com",)), []),
        (Extent(mailbox="a@example.org", whose=("b@example.org",)), []),
    ],
)
async def test_an_extent_has_these_places(
    opened: Opened, tmp_path: Path, extent: Extent, found: list[str]
) -> None:
    async with opened(tmp_path) as stores:
        await fill(stores)
        ceiling, count = await stores.runs.measure(extent)
        page = await stores.runs.page(extent, 0, ceiling, 100)
        assert [place.queue_id for place in page] == found
        assert count == len(found)


async def test_a_run_is_kept_as_it_was_begun(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        run = await stores.runs.begin(new_run(), Timers())
        other = await stores.runs.begin(replace(new_run(), extent=Extent()), Timers())
        assert run == replace(new_run(), id=run.id)
        assert await stores.runs.run(run.id) == run
        assert await stores.runs.run(other.id) == other
        assert await stores.runs.runs(9) == (other, run)
        assert await stores.runs.runs(1) == (other,)
        assert await stores.runs.run(999) is None


async def test_a_run_that_found_nothing_to_do_is_not_listed(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        run = await stores.runs.begin(new_run(), Timers())
        done = await stores.runs.refile(Chunk(run.id, 0, 5, 6, last=True))
        assert (done.state, done.cursor, done.judged) == (RunState.DONE, 5, 6)
        assert await stores.runs.runs(9) == ()


async def test_only_the_next_chunk_is_done(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        await fill(stores)
        run = await stores.runs.begin(new_run(), Timers())
        first, second, *_ = await places(stores)
        chunk = Chunk(run.id, 0, first.id, 1, (marked(first),))
        assert (await stores.runs.refile(chunk)).changed == 1
        wrong = [
            chunk,
            replace(chunk, before=second.id),
            replace(chunk, run_id=999),
        ]
        for each in wrong:
            with pytest.raises(InputError, match="another process carries it on"):
                await stores.runs.refile(each)
        assert (await stores.runs.run(run.id)) == replace(run, cursor=first.id, judged=1, changed=1)


async def test_what_changed_after_it_was_judged_is_left_alone(
    opened: Opened, tmp_path: Path
) -> None:
    async with opened(tmp_path) as stores:
        a, _ = await fill(stores)
        run = await stores.runs.begin(new_run(), Timers())
        first, second, third, *_ = await places(stores)
        refilings = (marked(first), replace(marked(second), modseq=99), marked(third))
        view = await stores.messages.folder(a.id, "INBOX")
        assert view is not None
        await stores.messages.expunge(view.id, [3])
        run = await stores.runs.refile(Chunk(run.id, 0, third.id, 3, refilings))
        assert (run.changed, run.stale) == (1, 2)
        view = await stores.messages.folder(a.id, "INBOX")
        assert view is not None
        assert [sorted(place.flags) for place in view.places] == [
            ["\\Seen"],
            ["\\Flagged"],
            ["\\Flagged"],
        ]


async def test_a_run_is_taken_back_in_parts(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        await fill(stores)
        before = await places(stores)
        run = await stores.runs.begin(new_run(), Timers())
        moved = tuple(
            Refiling(place.id, place.modseq, "Else", ("More",), frozenset(), frozenset({"new"}))
            for place in before[:3]
        )
        await stores.runs.refile(Chunk(run.id, 0, before[2].id, 3, moved))
        assert len(await places(stores)) == 9
        taken = await stores.runs.take_back(run.id, 2)
        assert (taken.count, taken.notes, taken.more) == (2, (), True)
        found = await stores.runs.run(run.id)
        assert found is not None
        assert found.state is RunState.UNDOING
        with pytest.raises(InputError):
            await stores.runs.refile(Chunk(run.id, before[2].id, before[3].id, 1))
        taken = await stores.runs.take_back(run.id, 2)
        assert (taken.count, taken.more) == (1, False)
        found = await stores.runs.run(run.id)
        assert found is not None
        assert found.state is RunState.UNDONE
        after = await places(stores)
        assert [replace(place, modseq=0) for place in after] == [
            replace(place, modseq=0) for place in before
        ]
        taken = await stores.runs.take_back(run.id, 2)
        assert (taken.count, taken.more) == (0, False)
        with pytest.raises(NotFoundError):
            await stores.runs.take_back(999, 2)


async def test_timers_are_kept_with_the_run_they_begin(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        timer, other = Timer("A", "0 3 * * *", BEGUN), Timer("Б", "0 4 * * *", BEGUN)
        await stores.runs.set_timers(Timers((timer, other)))
        assert await stores.runs.timers() == (timer, other)
        later = replace(timer, last=BEGUN + timedelta(days=1))
        await stores.runs.begin(new_run(), Timers((later,)))
        assert await stores.runs.timers() == (later, other)
        await stores.runs.set_timers(Timers((other,), whole=True))
        assert await stores.runs.timers() == (other,)


async def test_old_runs_are_forgotten_and_can_not_be_taken_back(
    opened: Opened, tmp_path: Path
) -> None:
    async with opened(tmp_path) as stores:
        await fill(stores)
        first, second, *_ = await places(stores)
        old = await stores.runs.begin(new_run(), Timers())
        both = (marked(first), marked(second))
        await stores.runs.refile(Chunk(old.id, 0, second.id, 2, both, last=True))
        young = await stores.runs.begin(replace(new_run(), started=BEGUN + timedelta(1)), Timers())
        assert await stores.runs.forget(BEGUN + timedelta(hours=1), 2)
        assert not await stores.runs.forget(BEGUN + timedelta(hours=1), 2)
        assert await stores.runs.runs(9) == (young,)
        with pytest.raises(NotFoundError):
            await stores.runs.take_back(old.id, 2)
