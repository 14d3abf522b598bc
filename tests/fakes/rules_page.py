"""The page on rules, taken apart: its examples, and the tables whose rows are examples too."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bitrixmail.mime.headers import HeaderSection
from bitrixmail.model.testimony import Testimony
from bitrixmail.rules.facts import Facts, Standing
from bitrixmail.rules.lists import parse_list
from bitrixmail.rules.operators import size_octets
from bitrixmail.rules.times import read_moment, zone_of
from tests.corpus.fields import attachment, mixed, text_part

PAGE = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")
_EXAMPLE = re.compile(
    r"```toml\n(?P<rules>.*?)```\s+"
    r"(?:`(?P<list>[\w.-]+)`:\s+```list\n(?P<listed>.*?)```\s+)?"
    r"```mail\n(?P<mail>.*?)```\s+(?P<results>(?:Result[^\n]*\n\s*)+)",
    re.DOTALL,
)
_RESULT = re.compile(r"Result(?:, if it (?P<story>.*))?: `(?P<result>.*?)`\n")
# The message of the tables: the story is told in the paragraph above it.
_SPECIMEN = re.compile(
    r"\n\n(?P<story>Each condition of[^`]*`.*?)\n\n```mail\n(?P<mail>.*?)```", re.DOTALL
)
_CONDITION = re.compile(r"\| `(field = .*)` \|$", re.MULTILINE)
_ACTION = re.compile(r"\| `(do = .*?)` \| `(.*?)` \|$", re.MULTILINE)
MAILBOX = "info@example.org"


def _told(pattern: str, story: str) -> str:
    found = re.search(pattern + r"\s+`([^`]+)`", story)
    return found[1] if found else ""


def _moment(text: str) -> datetime | None:
    return read_moment(text).span(zone_of("UTC"))[0] if text else None


def facts_of(mail: str, story: str) -> Facts:
    """Return the facts of a message as the page tells its story."""
    octets = mail.encode()
    file_size = _told("a file of", story)
    if file_size:
        file = attachment("file.bin", "application/octet-stream", bytes(size_octets(file_size)))
        octets = mixed(octets, text_part("Hi"), file)
    flags = {flag for word, flag in (("read", "\\Seen"), ("flagged", "\\Flagged")) if word in story}
    tag = _told("tagged", story)
    facts = Facts(
        HeaderSection.parse(octets),
        _told("named", story) or "someone@example.net",
        len(octets),
        octets=octets,
        received=_moment(_told("came", story)),
        now=_moment(_told("asked again", story)),
    )
    return facts.for_mailbox(
        MAILBOX,
        _told("for", story) or MAILBOX,
        standing=Standing(_told("lies in", story) or "INBOX", flags, {tag} if tag else set()),
        said=(Testimony("shop.links", 80.0, apart=True),),
    )


@dataclass(frozen=True, slots=True)
class Example:
    """Rules, a message, and what comes of it."""

    rules: str
    facts: Facts
    result: str
    lists: dict[str, tuple[str, ...]]


def examples() -> list[Example]:
    """Return the examples of whole rules, one for each result that is told."""
    return [
        Example(
            found["rules"],
            facts_of(found["mail"], told["story"] or ""),
            told["result"],
            {found["list"]: parse_list(found["listed"])} if found["list"] else {},
        )
        for found in _EXAMPLE.finditer(PAGE)
        for told in _RESULT.finditer(found["results"])
    ]


def specimen() -> Facts:
    """Return the message for which the conditions of the tables hold."""
    found = _SPECIMEN.search(PAGE)
    assert found
    return facts_of(found["mail"], found["story"])


def conditions() -> list[dict[str, Any]]:
    """Return the conditions of the tables."""
    return [tomllib.loads(f"x = {{{row}}}")["x"] for row in _CONDITION.findall(PAGE)]


def actions() -> list[tuple[dict[str, Any], str]]:
    """Return the actions of the tables, each with its result."""
    return [(tomllib.loads(f"x = {{{row}}}")["x"], result) for row, result in _ACTION.findall(PAGE)]
