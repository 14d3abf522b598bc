"""What everything does that brings news of changes."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from bitrixmail.interfaces.changes import IChanges
from bitrixmail.model.directory import Domain
from bitrixmail.model.rule import RuleSet
from bitrixmail.store.opening import done, inline_stores
from bitrixmail.store.pulse import DatabasePulse
from bitrixmail.store.sequences import JOBS, RETRIES
from tests.fakes.both_stores import BOTH, Opened, opened_threaded
from tests.fakes.drafts import RECEIVED, make_draft
from tests.fakes.jobs import make_job, make_letter

SOON = RECEIVED + timedelta(minutes=1)

ADD_DOMAIN = """
import sys
from pathlib import Path
from twisted.internet.task import Clock
from bitrixmail.model.directory import Domain
from bitrixmail.store.opening import done, inline_stores
folder = Path(sys.argv[1])
with inline_stores(f"sqlite:///{folder / 'mail.sqlite'}", folder / "data", Clock()) as stores:
    done(stores.directory.add_domain(Domain("example.org")))
"""


def add_domain_elsewhere(folder: Path) -> None:
    subprocess.run([sys.executable, "-c", ADD_DOMAIN, str(folder)], check=True, timeout=20)


@pytest.mark.parametrize("opened", BOTH)
async def test_own_changes_are_told_at_once_by_topic(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        verifyObject(IChanges, stores.changes)
        told: list[str] = []
        stores.changes.watch("rules", lambda: told.append("rules"))
        stores.changes.watch("directory", lambda: told.append("directory"))
        stores.changes.watch("directory", lambda: told.append("again"))
        await stores.rulebook.replace(RuleSet(), "ann", "")
        assert told == ["rules"]
        await stores.directory.add_domain(Domain("example.org"))
        assert told == ["rules", "directory", "again"]
        await stores.changes.poll()
        assert told == ["rules", "directory", "again"]


@pytest.mark.parametrize("opened", BOTH)
async def test_another_process_is_noticed(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        told: list[str] = []
        stores.changes.watch("directory", lambda: told.append("directory"))
        add_domain_elsewhere(tmp_path)
        await stores.changes.poll()
        assert told == ["directory"]


@pytest.mark.parametrize("opened", BOTH)
async def test_who_sends_hears_of_the_jobs_of_others(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        await stores.directory.add_domain(Domain("example.org"))
        await stores.changes.poll()
        told: list[str] = []
        stores.changes.watch(JOBS, lambda: told.append(JOBS))
        stores.changes.watch(RETRIES, lambda: told.append(RETRIES))
        url = f"sqlite:///{stores.database.file.path}"
        with inline_stores(url, stores.data_dir, cast("IReactorTime", Clock())) as others:
            done(others.messages.append(make_draft("Q1")))
            await stores.changes.poll()
            assert told == []
            done(others.messages.append(make_letter("Q2", make_job())))
            await stores.changes.poll()
            assert told == [JOBS]
            done(others.queue.hold([1]))
            await stores.changes.poll()
            assert told == [JOBS]
            done(others.queue.release([1]))
            await stores.changes.poll()
            assert told == [JOBS, JOBS]
            done(others.queue.retry([1], SOON, SOON))
            await stores.changes.poll()
            assert told == [JOBS, JOBS, RETRIES]


async def test_what_was_cached_is_forgotten_within_a_second(tmp_path: Path) -> None:
    from twisted.internet import reactor  # noqa: PLC0415 - pytest-twisted chooses it

    async with opened_threaded(tmp_path) as stores:
        assert await stores.directory.domain("example.org") is None
        told: Deferred[None] = Deferred()
        stores.changes.watch("directory", lambda: told.callback(None))
        add_domain_elsewhere(tmp_path)
        await told.addTimeout(1.0, reactor)
        assert await stores.directory.domain("example.org") == Domain("example.org")


async def test_a_cached_look_up_does_not_suspend(tmp_path: Path) -> None:
    async with opened_threaded(tmp_path) as stores:
        assert not Deferred.fromCoroutine(stores.directory.alias("a@example.org")).called
        await stores.directory.alias("a@example.org")
        assert Deferred.fromCoroutine(stores.directory.alias("a@example.org")).called


@pytest.mark.parametrize("opened", BOTH)
async def test_each_commit_is_heard_of_once(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        await stores.changes.poll()
        told: list[str] = []
        stores.changes.committed = lambda: told.append("committed")
        await stores.changes.poll()
        assert told == []
        before = await DatabasePulse(stores.database).look(None)
        await stores.messages.append(make_letter("A1", make_job("a@b.example")))
        await stores.changes.poll()
        await stores.changes.poll()
        assert told == ["committed"]
        now = await DatabasePulse(stores.database).look(before)
        assert (now.queue_ids, now.count, "received" in now.kinds) == (("A1",), 1, True)
        assert now.last_job > before.last_job
        assert (await DatabasePulse(stores.database).look(now)).count == 0


@pytest.mark.parametrize("opened", BOTH)
async def test_a_watchers_bug_is_its_own(
    opened: Opened, tmp_path: Path, nothing_lost_or_left: list[object]
) -> None:
    async with opened(tmp_path) as stores:
        told: list[str] = []
        stores.changes.watch("rules", lambda: told.remove("never"))
        stores.changes.watch("rules", lambda: told.append("rules"))
        await stores.rulebook.replace(RuleSet(), "ann", "")
        assert told == ["rules"]
        assert len(nothing_lost_or_left) == 1
        nothing_lost_or_left.clear()
