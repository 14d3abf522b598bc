"""Stored messages in the hands of a person."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC
from pathlib import Path
from typing import Any, cast

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock
from zope.interface import implementer

from bitrixmail.admin.event_log import Asked, EventLog
from bitrixmail.admin.handling import MOST_AT_ONCE, Deleted, Handling, Trained
from bitrixmail.admin.letters import SOURCE_OCTETS, Letters
from bitrixmail.admin.rule_runs import RuleRuns
from bitrixmail.admin.searching import Searching
from bitrixmail.admin.spam import Spam
from bitrixmail.interfaces.threads import IThreads
from bitrixmail.model.errors import InputError, NotFoundError
from bitrixmail.model.rule import Action, Rule, RuleSet, Test
from bitrixmail.pipeline.testifying import Witnesses
from bitrixmail.rules.judging import Judging
from bitrixmail.store.opening import InlineStores
from bitrixmail.tasks import InlineThreads
from tests.fakes.drafts import make_draft
from tests.fakes.stored_mail import filed, fill
from tests.fakes.stores import make_stores, result_of


@dataclass
class Desk:
    """What a person has at hand."""

    stores: InlineStores
    searching: Searching
    handling: Handling
    letters: Letters
    log: EventLog

    def ids(self, text: str) -> list[int]:
        return [hit.key.place_id for hit in result_of(self.searching.all(text, UTC))]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    clock = Clock()
    clock.advance(1_800_000_000)
    with make_stores(tmp_path, clock) as stores:
        fill(stores, 12)
        at, threads = cast("IReactorTime", clock), InlineThreads()
        spam = Spam(stores.counters, stores.directory, stores.messages, Witnesses((), at), at)
        runs = RuleRuns(
            stores.rulebook, stores.directory, stores.runs, threads, at, judging=Judging()
        )
        yield Desk(
            stores,
            Searching(stores.searching, at),
            Handling(
                stores.searching, stores.messages, spam=spam, runs=runs, threads=threads, clock=at
            ),
            Letters(stores.messages, threads),
            EventLog(stores.event_log, at),
        )


def test_they_are_marked(desk: Desk) -> None:
    ids = desk.ids("is:unread")
    assert result_of(desk.handling.mark(ids, "read", "me")) == len(ids) > 0
    assert desk.ids("is:unread") == []
    assert result_of(desk.handling.mark(ids, "read", "me")) == 0
    with pytest.raises(InputError):
        result_of(desk.handling.mark(ids, "blue", "me"))


def test_what_is_deleted_goes_to_trash_and_then_for_good(desk: Desk) -> None:
    ids = desk.ids("subject:casino")
    assert result_of(desk.handling.gone_for_good(ids)) == 0
    assert result_of(desk.handling.delete(ids, "me")) == Deleted(len(ids), 0)
    assert desk.ids("folder:trash") == ids
    assert result_of(desk.handling.gone_for_good(ids)) == len(ids)
    assert result_of(desk.handling.delete(ids, "me")) == Deleted(0, len(ids))
    assert desk.ids("subject:casino") == []


def test_spam_is_learned_and_put_aside_and_back(desk: Desk) -> None:
    ids = desk.ids("subject:casino")
    number = len(ids)
    assert result_of(desk.handling.train(ids, "me", spam=True)) == Trained(number, 0, number, 0)
    assert desk.ids("folder:spam") == ids
    assert result_of(desk.stores.counters.scopes())[0].corpus.spam == len(ids)
    assert result_of(desk.handling.train(ids, "me", spam=True)) == Trained(0, number, 0, 0)
    assert result_of(desk.handling.train(ids, "me", spam=False)) == Trained(number, 0, number, 0)
    assert desk.ids("folder:spam") == []
    assert result_of(desk.stores.counters.scopes())[0].corpus.spam == 0


def test_spam_in_quarantine_stays_there_and_what_is_none_comes_back(desk: Desk) -> None:
    ids = desk.ids("subject:casino")
    number = len(ids)
    result_of(desk.handling.move(ids, "Quarantine", "me"))
    assert result_of(desk.handling.train(ids, "me", spam=True)) == Trained(number, 0, 0, number)
    assert desk.ids("folder:quarantine") == ids
    assert result_of(desk.handling.train(ids, "me", spam=False)) == Trained(number, 0, number, 0)
    assert set(ids) <= set(desk.ids("folder:inbox"))
    result_of(desk.handling.move(ids, "News", "me"))
    assert result_of(desk.handling.train(ids, "me", spam=False)) == Trained(0, number, 0, 0)
    assert desk.ids("folder:news") == ids


def test_they_are_passed_on_by_jobs_of_the_queue(desk: Desk) -> None:
    ids = desk.ids("subject:casino")
    assert result_of(desk.handling.send_on([*ids, *ids], "Bob@Example.com")) == len(ids)
    with pytest.raises(InputError):
        result_of(desk.handling.send_on(ids, "nobody"))


def test_rules_are_applied_to_these_alone(desk: Desk) -> None:
    rule = Rule(
        "News",
        condition=Test("subject", "contains", ("news",)),
        actions=(Action("move", "News"),),
        on=frozenset({"manual"}),
    )
    result_of(desk.stores.rulebook.replace(RuleSet(rules=(rule,)), "me", ""))
    ids = desk.ids("subject:news")
    run = result_of(desk.handling.apply_rules(ids[:1], "me"))
    assert (run.total, run.changed, run.author) == (1, 1, "me")
    assert desk.ids("folder:news") == ids[:1]


def test_they_are_downloaded_in_one_file(desk: Desk) -> None:
    octets = result_of(desk.handling.download(desk.ids("id:Q00001")))
    with zipfile.ZipFile(io.BytesIO(octets)) as archive:
        assert archive.namelist() == ["Q00001.eml"]
        assert archive.read("Q00001.eml") == result_of(desk.stores.messages.export("Q00001"))
    with pytest.raises(NotFoundError):
        result_of(desk.handling.download([999]))


def test_there_is_a_most(desk: Desk) -> None:
    with pytest.raises(InputError):
        result_of(desk.handling.mark(range(MOST_AT_ONCE + 1), "read", "me"))


def test_neighbours_are_those_of_the_search(desk: Desk) -> None:
    hits = result_of(desk.searching.all("is:unread", UTC))
    found = result_of(desk.searching.neighbours("is:unread", UTC, hits[1].key))
    assert (found.newer, found.older) == (hits[0], hits[2])
    ends = result_of(desk.searching.neighbours("is:unread", UTC, hits[-1].key))
    assert (ends.newer, ends.older) == (hits[-2], None)


def test_searches_have_names(desk: Desk) -> None:
    view = result_of(desk.searching.keep_view("me", " mine ", "is:read", UTC))
    assert (view.name, view.query) == ("mine", "is:read")
    for name, query in (("", "x"), ("a\nb", "x"), ("x" * 61, "x"), ("x", "form:x")):
        with pytest.raises(InputError):
            result_of(desk.searching.keep_view("me", name, query, UTC))


def test_a_letter_is_taken_apart(desk: Desk) -> None:
    letter = result_of(desk.letters.open("Q00001"))
    assert (letter.first("subject"), letter.unpacked.text) == ("News 1", "body 1\n")
    source, whole = result_of(desk.letters.source("Q00001"))
    assert whole
    assert "From: Ann <ann@example.net>\n" in source
    (part,) = result_of(desk.letters.outline("Q00001"))
    assert (part.depth, part.type, part.size_octets) == (0, "text/plain", 8)
    with pytest.raises(NotFoundError):
        result_of(desk.letters.enclosure("Q00001", 0))


def test_its_head_is_looked_at_without_the_rest(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = b"Subject: long\r\n\r\n" + b"a line\r\n" * 100_000
    info = result_of(desk.stores.directory.mailbox("info@example.org"))
    assert info is not None
    draft = replace(make_draft("QLONG", octets=long), filings=(filed(info.id, "INBOX"),))
    result_of(desk.stores.messages.append(draft))
    monkeypatch.setattr(desk.stores.messages, "export", None)
    head = result_of(desk.letters.head("QLONG"))
    assert (head.first("subject"), head.size_octets > len(long)) == ("long", True)
    source, whole = result_of(desk.letters.source("QLONG"))
    assert not whole
    assert "Subject: long\n\na line\n" in source
    assert 200_000 < len(source) <= SOURCE_OCTETS
    with pytest.raises(NotFoundError):
        result_of(desk.letters.head("QNONE"))


@implementer(IThreads)
class _Later:
    """Begins what it is given only when it is told to."""

    def __init__(self) -> None:
        self.begun: list[Callable[[], None]] = []

    def run(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Deferred[Any]:
        result: Deferred[Any] = Deferred()
        self.begun.append(lambda: result.callback(function(*args, **kwargs)))
        return result


def test_few_are_in_memory_at_once(desk: Desk) -> None:
    threads = _Later()
    letters = Letters(desk.stores.messages, threads)
    opened = [Deferred.fromCoroutine(letters.open("Q00001")) for _ in range(4)]
    outline = Deferred.fromCoroutine(letters.outline("Q00001"))
    assert len(threads.begun) == 2
    # Nobody waits for them who wants the head alone
    head = Deferred.fromCoroutine(letters.head("Q00001"))
    threads.begun.pop()()
    assert head.called
    for _ in range(5):
        threads.begun.pop(0)()
        assert len(threads.begun) <= 2
    assert all(each.called for each in opened)
    assert outline.called
    # Nor does one that failed take the place of another
    for _ in range(3):
        Deferred.fromCoroutine(letters.open("QNONE")).addErrback(lambda _failure: None)
    assert not Deferred.fromCoroutine(letters.open("Q00001")).called
    assert len(threads.begun) == 1


def test_the_log_is_read_by_what_is_typed(desk: Desk) -> None:
    told = result_of(desk.log.read(Asked("info@example.org", "filed"), UTC, 0, 3))
    assert [each.event.kind for each in told.entries] == ["filed"] * 3
    assert (told.full, told.next) == (True, told.entries[-1].id)
    with pytest.raises(InputError, match="before"):
        result_of(desk.log.read(Asked(before="soon"), UTC, 0, 3))
    with pytest.raises(InputError):
        result_of(desk.log.read(Asked("x" * 300), UTC, 0, 3))
