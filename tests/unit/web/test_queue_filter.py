"""What the form of the queue says, as a search: never more than what it shows."""

from __future__ import annotations

import pytest

from bitrixmail.admin.queue import OPEN
from bitrixmail.admin.queue_advice import ADVICE
from bitrixmail.model.dsn import Reason
from bitrixmail.model.job import JobState, Kind, Priority, Result
from bitrixmail.web.pages.queue import Filter, filter_of
from bitrixmail.web.words import queue as words


def read(**given: str) -> Filter:
    return filter_of(lambda name: given.get(name, ""))


def test_nothing_said_means_what_is_open() -> None:
    assert read().search().states == OPEN
    assert read().path == "/queue"


def test_what_is_said_is_searched_for() -> None:
    wanted = read(state="dead", kind="webhook", sender=" a@b.example ", domain="@example.org")
    search = wanted.search()
    assert (search.states, search.kind) == ((JobState.DEAD,), Kind.WEBHOOK)
    assert (search.sender, search.domain) == ("a@b.example", "example.org")
    assert read(state="any").search().states == tuple(JobState)


@pytest.mark.parametrize(
    "given", [{"state": "x"}, {"kind": "x"}, {"older": "1y"}, {"state": "DEAD"}]
)
def test_unknown_words_say_nothing(given: dict[str, str]) -> None:
    assert read(**given) == Filter()


def test_the_page_is_named_with_all_that_was_said() -> None:
    assert read(state="held", sender="a&b@c.example").path == (
        "/queue?state=held&sender=a%26b%40c.example"
    )


def test_there_are_words_for_everything() -> None:
    assert words.STATES.keys() == words.LOOKS.keys() == set(JobState)
    assert words.KINDS.keys() == set(Kind)
    assert words.PRIORITIES.keys() == set(Priority)
    assert words.RESULTS.keys() == set(Result)
    assert words.REASONS.keys() == set(Reason)
    assert words.ADVICE.keys() == ADVICE.keys()
