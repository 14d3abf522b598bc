"""The queue as the pages list it, over the use cases as the server is handed them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock

from bitrixmail.admin.office import Office
from bitrixmail.app.office import office_of
from bitrixmail.app.settings.loading import load_settings
from bitrixmail.model.job import JobState, Kind, Result, Settlement
from bitrixmail.model.queue import Search
from bitrixmail.store.opening import InlineStores
from bitrixmail.tasks import InlineThreads
from tests.fakes.drafts import RECEIVED
from tests.fakes.jobs import make_attempt, make_job, make_letter
from tests.fakes.stores import make_stores, result_of


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[InlineStores]:
    with make_stores(tmp_path) as stores:
        yield stores


@pytest.fixture
def office(stores: InlineStores, tmp_path: Path) -> Office:
    settings = load_settings(None, {}, [f"server.data_dir={tmp_path}/var"])
    clock = cast("IReactorTime", Clock())
    return office_of(settings, stores, clock, InlineThreads())


def fill(stores: InlineStores) -> None:
    jobs = [make_job(f"{name}@example.com") for name in "abc"]
    jobs.append(replace(make_job("d@example.net"), held=True))
    result_of(stores.messages.append(make_letter("Q1", *jobs)))


def test_pages_follow_one_another_and_are_counted(stores: InlineStores, office: Office) -> None:
    fill(stores)
    queue = office.queue
    first = result_of(queue.listing(Search(), 3))
    rest = result_of(queue.listing(Search(), 3, first[-1].id))
    assert [job.recipient[0] for job in (*first, *rest)] == ["a", "b", "c", "d"]
    assert len(rest) == 1
    assert result_of(queue.found(Search())) == 4
    for state, count in ((JobState.WAITING, 3), (JobState.HELD, 1), (JobState.DEAD, 0)):
        assert result_of(queue.found(Search(states=(state,)))) == count
    assert result_of(queue.found(Search(domain="example.net"))) == 1
    assert result_of(queue.found(Search(states=tuple(JobState)))) == 4


def test_places_say_what_is_down_and_until_when(stores: InlineStores, office: Office) -> None:
    fill(stores)
    ids = [job.id for job in result_of(stores.queue.find(Search(domain="example.com"), 1))]
    until = RECEIVED + timedelta(hours=1)
    (job,) = result_of(stores.jobs.lease_these("me", until, ids, (JobState.WAITING,)))
    attempt = make_attempt(Result.DEFERRED, "421 not now")
    result_of(stores.jobs.settle([Settlement(job, JobState.WAITING, attempt, until)]))
    down, up = result_of(office.queue.places())
    assert (down[0].kind, down[0].destination, down[0].waiting) == (Kind.REMOTE, "example.com", 3)
    assert down[1] is not None
    assert down[1].last.reply == "421 not now"
    assert office.queue.asked_again(down[1]) > RECEIVED
    assert (up[0].destination, up[0].held, up[1]) == ("example.net", 1, None)
