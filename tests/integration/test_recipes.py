"""The pages of docs/recipes: short, whole, and doing what they say."""

from __future__ import annotations

import re
import sqlite3
import tomllib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from bitrixmail.app.settings.loading import load_settings
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.model.extension import Context, Parts
from bitrixmail.rules.actions import KINDS
from bitrixmail.rules.engine import CompiledRules
from bitrixmail.rules.facts import Facts
from bitrixmail.rules.foreign import Foreign
from bitrixmail.rules.letter import Letter
from bitrixmail.rules.lists import parse_list
from bitrixmail.rules.syntax import parse_rules
from tests.fakes.process import ROOT

PAGES = sorted(set((ROOT / "docs/recipes").glob("*.md")) - {ROOT / "docs/recipes/README.md"})
_MOST_LINES = 10
_MAIL = re.compile(r"```mail\n(.*?)```\s+((?:Result[^\n]*\n\s*)+)", re.DOTALL)
_RESULT = re.compile(r"Result(?:, ([^`]*?(?:`[^`]*`)?))?: `(.*)`\n")


def block(page: str, language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", page, re.DOTALL)
    return found[1] if found else ""


def told(story: str, words: str) -> str:
    found = re.search(rf"{words} `([^`]+)`", story)
    return found[1] if found else ""


def asking(page: str, folder: Path) -> Callable[[str, Letter], tuple[str, ...]] | None:
    """Return what asks the extension of a page, over a shop with one good customer."""
    code = block(page, "python")
    if not code:
        return None
    database = folder / "shop.sqlite"
    with closing(sqlite3.connect(database)) as shop, shop:
        shop.execute("CREATE TABLE customer (mail TEXT, kind TEXT)")
        shop.execute("INSERT INTO customer VALUES ('ann@client.example', 'gold')")
    names: dict[str, Callable[[Context], Parts]] = {}
    exec(code, names)  # a page of ours
    parts = names["parts"](Context("shop", {"database": str(database)}, "mx", folder))
    return lambda name, letter: tuple(parts.conditions[name.partition(".")[2]](letter))


def test_there_are_ten_at_least_and_the_list_has_them_all() -> None:
    listed = set(re.findall(r"\]\((\w[\w-]*\.md)\)", (ROOT / "docs/recipes/README.md").read_text()))
    assert listed == {page.name for page in PAGES}
    assert len(PAGES) >= 10


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.stem)
def test_it_is_short_and_does_what_it_says(file: Path, tmp_path: Path) -> None:
    page = file.read_text()
    for language in ("toml", "python", "settings"):
        lines = [line for line in block(page, language).splitlines() if line.strip()]
        assert len(lines) <= _MOST_LINES, language
    text = block(page, "toml")
    wanted = {action["do"] for rule in tomllib.loads(text)["rule"] for action in rule["action"]}
    if unknown := wanted - KINDS.keys():
        pytest.skip(f"not yet: {', '.join(unknown)}")
    listed = parse_list(block(page, "list"))
    compiled = CompiledRules.compile(parse_rules(text, file.name), lists=lambda _name: listed)
    ask = asking(page, tmp_path)
    results = 0
    for mail, told_results in _MAIL.findall(page):
        for story, result in _RESULT.findall(told_results):
            octets = mail.encode()
            sender = told(story, "came from") or "someone@client.example"
            facts = Facts(HeaderSection.parse(octets), sender, len(octets), octets=octets)
            if ask is not None:
                facts.ask_extensions(Foreign(ask))
            mailbox = told(story, "for") or "info@example.org"
            plan = compiled.judge(
                facts.for_mailbox(mailbox),
                mailbox,
                "example.org",
                occasion="schedule" if "by the clock" in story else "receive",
                folder=told(story, "in") or "INBOX",
            )
            assert plan.trace.result == result
            results += 1
    assert results == page.count("\nResult")
    assert results


def test_its_settings_can_be_read(tmp_path: Path) -> None:
    for file in PAGES:
        settings = block(file.read_text(), "settings")
        if settings:
            config = tmp_path / "bitrixmail.toml"
            config.write_text(settings)
            assert load_settings(config).commands
