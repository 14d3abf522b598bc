from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bitrixmail.store.values import from_us, from_words, storable, to_key, to_us, to_words


@given(st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_moments_are_exact(moment: datetime) -> None:
    assert from_us(to_us(moment)) == moment


def test_moments_of_other_zones_are_the_same_moment() -> None:
    from datetime import timezone  # noqa: PLC0415 - only here

    moment = datetime(2027, 1, 1, 3, tzinfo=timezone(timedelta(hours=3)))
    assert from_us(to_us(moment)) == datetime(2027, 1, 1, tzinfo=UTC)


@given(st.frozensets(st.text(min_size=1).filter(lambda word: "\n" not in word)))
def test_words_come_back(words: frozenset[str]) -> None:
    assert from_words(to_words(words)) == words


@given(st.text(st.characters(codec=None)))
def test_every_text_becomes_storable(text: str) -> None:
    found = storable(text)
    assert "\0" not in found.encode().decode()
    assert len(found) == len(text)


def test_addresses_are_folded() -> None:
    assert to_key("Info+X@Example.ORG") == "info+x@example.org"
    assert to_key("") == ""
