"""The language of the search box."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitrixmail.admin.search_language import Mistake, SearchError, read_search
from bitrixmail.model.searching import Field, Sought, Term

MOSCOW = timezone(timedelta(hours=3))


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("", []),
        ("  Invoice  Ёлка ", [Term(Field.WORDS, "invoice"), Term(Field.WORDS, "елка")]),
        (
            '"two words" -no',
            [Term(Field.WORDS, "two words"), Term(Field.WORDS, "no", negated=True)],
        ),
        ("- 12:30 -", [Term(Field.WORDS, "-"), Term(Field.WORDS, "12:30"), Term(Field.WORDS, "-")]),
        ('from:"Ann Smith"', [Term(Field.FROM, "ann smith")]),
        ("-to:Bob@X.org", [Term(Field.TO, "bob@x.org", negated=True)]),
        ("ОТ:анна тема:счёт", [Term(Field.FROM, "анна"), Term(Field.SUBJECT, "счет")]),
        ("id:AbC", [Term(Field.ID, "AbC")]),
        ("has:attachment есть:вложение", [Term(Field.ATTACHED, "attachment")] * 2),
        ("is:Unread is:спам", [Term(Field.IS, "unread"), Term(Field.IS, "spam")]),
        ("score>50", [Term(Field.SCORE, op=">", number=50.0)]),
        ("score<=7,5", [Term(Field.SCORE, op="<=", number=7.5)]),
        ("score:90", [Term(Field.SCORE, op="=", number=90.0)]),
        ("size>1MiB", [Term(Field.SIZE, op=">", number=float(2**20))]),
        ("размер>1,5МиБ", [Term(Field.SIZE, op=">", number=1.5 * 2**20)]),
        (
            "размер<10кб балл>=5",
            [
                Term(Field.SIZE, op="<", number=10_000.0),
                Term(Field.SCORE, op=">=", number=5.0),
            ],
        ),
        (
            "состояние:непрочитано ящик:info папка:дела",
            [
                Term(Field.IS, "unread"),
                Term(Field.MAILBOX, "info"),
                Term(Field.FOLDER, "дела"),
            ],
        ),
        (
            "after:01.02.2026",
            [Term(Field.AFTER, moment=datetime(2026, 1, 31, 21, tzinfo=UTC))],
        ),
        (
            'до:"1.2.2026 14:00"',
            [Term(Field.BEFORE, moment=datetime(2026, 2, 1, 11, tzinfo=UTC))],
        ),
        # It is the next day already in Moscow
        ("after:today", [Term(Field.AFTER, moment=datetime(2026, 2, 28, 21, tzinfo=UTC))]),
        ("после:Вчера", [Term(Field.AFTER, moment=datetime(2026, 2, 27, 21, tzinfo=UTC))]),
        ("до:сегодня", [Term(Field.BEFORE, moment=datetime(2026, 2, 28, 21, tzinfo=UTC))]),
        (
            "before:2026-01-31",
            [Term(Field.BEFORE, moment=datetime(2026, 1, 30, 21, tzinfo=UTC))],
        ),
    ],
)
def test_what_is_typed_is_understood(text: str, terms: list[Term]) -> None:
    now = datetime(2026, 2, 28, 22, tzinfo=UTC)
    assert read_search(text, MOSCOW, now) == Sought(tuple(terms))


@pytest.mark.parametrize(
    ("text", "mistake", "at"),
    [
        ('a "b', Mistake.QUOTE, 2),
        ("a form:ann", Mistake.FIELD, 2),
        ("-http://example.org", Mistake.FIELD, 1),
        ("from:", Mistake.EMPTY, 0),
        ('from:""', Mistake.EMPTY, 0),
        ("is:red", Mistake.VALUE, 3),
        ("has:from", Mistake.VALUE, 4),
        ("x before:soon", Mistake.DATE, 9),
        ("before:31.02.2026", Mistake.DATE, 7),
        ("before:today", Mistake.DATE, 7),  # nobody has said which day it is
        ("score>x", Mistake.NUMBER, 6),
        ("score>101", Mistake.NUMBER, 6),
        ("score>nan", Mistake.NUMBER, 6),
        ("size>big", Mistake.SIZE, 5),
        ("from>ann", Mistake.COMPARED, 0),
        ("a " * 40, Mistake.LONG, 60),
        ("x" * 1001, Mistake.LONG, 1000),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, mistake: Mistake, at: int) -> None:
    with pytest.raises(SearchError) as caught:
        read_search(text, UTC)
    assert (caught.value.place.mistake, caught.value.place.at) == (mistake, at)
    (fault,) = caught.value.faults
    assert f"letter {at + 1}" in fault.where
    assert fault.remedy


def test_what_was_meant_is_proposed() -> None:
    with pytest.raises(SearchError) as caught:
        read_search("form:ann", UTC)
    assert 'did you mean "from"?' in caught.value.faults[0].remedy


@pytest.mark.parametrize(
    ("text", "meant"),
    [("has:spam", "is:spam"), ("есть:спам", "is:спам"), ("is:attachment", "has:attachment")],
)
def test_a_word_of_another_field_is_proposed_with_it(text: str, meant: str) -> None:
    with pytest.raises(SearchError) as caught:
        read_search(text, UTC)
    assert f'did you mean "{meant}"?' in caught.value.faults[0].remedy
    assert read_search(meant, UTC).terms


@given(st.text(max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    with suppress(SearchError):
        read_search(text, UTC)


@given(st.lists(st.text("абвё abc-.%_/\\'", min_size=1, max_size=9), max_size=5))
def test_quoted_words_are_found_again(words: list[str]) -> None:
    sought = read_search(" ".join(f'subject:"x{word}"' for word in words), UTC)
    assert [term.text for term in sought.terms] == [
        " ".join(f"x{word}".replace("ё", "е").split()) for word in words
    ]
