"""The settings of the action `ticket`, and how it reads: in English and in Russian."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from bitrixmail.model.rule import Action
from bitrixmail.model.work import plain
from bitrixmail.rules.fill import check
from bitrixmail.rules.operators import compile_pattern
from bitrixmail.rules.outside import (
    Setting,
    Shape,
    choice_of,
    line,
    number,
    switch,
    text,
    texts,
)
from bitrixmail.rules.speech import shown

# What the desk writes into its own subjects
NUMBER_IN_SUBJECT = (r"\[#(\d{1,9})\]",)
# What an acknowledgement may name
GREETING_NAMES = ("number", "subject", "sender")
_MAX_PATTERNS = 20
_MAX_PATTERN = 500
_MAX_WORD = 100


@lru_cache(maxsize=1024)
def pattern_of(pattern: str) -> Any:
    """Compile the pattern of a subject, whose first group is the number. Raises ValueError."""
    compiled = compile_pattern(pattern, exact=False)
    if not compiled.groups:
        raise ValueError(r"must have a group for the number, such as (\d+)")
    return compiled


def _patterns(given: Any) -> tuple[str, ...]:
    found = texts(given)
    if len(found) > _MAX_PATTERNS or any(len(each) > _MAX_PATTERN for each in found):
        raise ValueError(f"must be at most {_MAX_PATTERNS} texts of {_MAX_PATTERN} characters")
    for each in found:
        pattern_of(each)
    return found


def _greeting(given: Any) -> str:
    return check(text(given), GREETING_NAMES)


def _word(given: Any) -> str:
    found = line(given).strip()
    if len(found) > _MAX_WORD:
        raise ValueError(f"must have at most {_MAX_WORD} characters")
    return found


TICKET_SETTINGS = {
    "who_may_add": choice_of("owner", "domain", "anyone", example='"owner"'),
    "subject_patterns": Setting(_patterns, r"['\[#(\d+)\]']", shape=Shape.TEXTS),
    "category": Setting(_word, '"Billing"'),
    "criticality": Setting(_word, '"high"'),
    "hidden": Setting(switch, "true", shape=Shape.SWITCH),
    "sender": choice_of("from", "reply_to", example='"reply_to"'),
    "acknowledge": Setting(_greeting, '"Your letter has the number {number}."', shape=Shape.TEXT),
    "most_per_hour": Setting(number(1, 1000), "20", shape=Shape.NUMBER),
    "desk": Setting(_word, '"zammad"'),
}


def english(action: Action) -> str:
    """Say in English what it does."""
    given = plain(action.settings)
    who = {
        "domain": "its owner and others of his domain may add to it",
        "anyone": "anybody may add to it",
    }.get(given.get("who_may_add", ""), "only its owner may add to it")
    parts = [
        _told("of the category {}", given.get("category"), '""'),
        _told("of the criticality {}", given.get("criticality"), '""'),
        _told("at the help desk {}", given.get("desk"), '""'),
        "hidden from its owner" if given.get("hidden") else "",
        "with an acknowledgement" if given.get("acknowledge") else "",
    ]
    what = ", ".join(["put it into its ticket or open a new one", *filter(None, parts)])
    return f"{what} ({who})"


def russian(action: Action) -> str:
    """Say in Russian what it does."""
    given = plain(action.settings)
    who = {
        "domain": "дополнять может автор и другие из его домена",
        "anyone": "дополнять может кто угодно",
    }.get(given.get("who_may_add", ""), "дополнять может только автор")
    parts = [
        _told("с категорией {}", given.get("category"), "«»"),
        _told("с критичностью {}", given.get("criticality"), "«»"),
        _told("в службе поддержки {}", given.get("desk"), "«»"),
        "скрыто от автора" if given.get("hidden") else "",
        "с уведомлением о приёме" if given.get("acknowledge") else "",
    ]
    what = ", ".join(["добавить в обращение или завести новое", *filter(None, parts)])
    return f"{what} ({who})"


def _told(words: str, value: str | None, quotes: str) -> str:
    return words.format(shown(value, quotes)) if value else ""
