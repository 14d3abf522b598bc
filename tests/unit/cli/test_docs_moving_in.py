"""What docs/moving-in.md shows is what one sees."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from tests.unit.admin.test_bitrix_rules import CONDITION, FILTER
from tests.unit.cli.conftest import Shell

DOCS = Path(__file__).parents[3] / "docs/moving-in.md"
CONSOLE = re.compile(r"```console\n(.*?)```", re.DOTALL)
LETTER = "From: ann@example.net\nSubject: {}\nDate: Mon, 4 May 2026 03:02:01 +0000\n\ntext\n"
RULES = (
    {**FILTER, "ID": "7", "NAME": "Invoices", "ACTION_READ": "Y"},
    {**FILTER, "ID": "8", "NAME": "Tickets", "ACTION_TYPE": "support", "SORT": "600"},
    {**FILTER, "ID": "9", "NAME": "Clean up", "PHP_CONDITION": "return x();", "SORT": "700"},
    {**FILTER, "ID": "11", "NAME": "Advertising", "ACTION_DELETE_MESSAGE": "Y", "SORT": "800"},
)
CONDITIONS = (
    {**CONDITION, "ID": "1", "FILTER_ID": "7", "STRINGS": r"/invoice #\d+/i", "COMPARE_TYPE": "REGEXP"},
    {**CONDITION, "ID": "2", "FILTER_ID": "8", "TYPE": "RECIPIENT", "STRINGS": "support@"},
    {**CONDITION, "ID": "3", "FILTER_ID": "11", "TYPE": "BODY", "STRINGS": "casino\nказино"},
)  # fmt: skip


@pytest.fixture
def home(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make what the page speaks of, and stand beside it."""
    home = shell.home / "ann"
    for name in (
        "Maildir/cur/1.a:2,S", "Maildir/new/2.a", "Maildir/cur/3.a:2,RS",
        "Maildir/.Archive.2025/cur/4.a:2,S", "Maildir/cur/5.a:2,ST",
    ):  # fmt: skip
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(LETTER.format(name))
    (home / "Maildir/cur/6.a").touch()
    line = "From ann@example.net Mon May  4 03:02:01 2026\n"
    (home / "old.mbox").write_text("".join(f"{line}{LETTER.format(n)}\n" for n in range(12)))
    dump = {"b_mail_filter": RULES, "b_mail_filter_cond": CONDITIONS}
    (home / "dump.json").write_text(json.dumps(dump))
    monkeypatch.chdir(home)
    return home


def test_every_command_shows_what_the_page_says(shell: Shell, home: Path) -> None:
    blocks = CONSOLE.findall(DOCS.read_text("utf-8"))
    commands = 0
    for block in blocks:
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, expected = part.partition("\n")
            program, *words = shlex.split(command)
            assert program == "bitrixmail"
            said = shell.run(*words).output.replace(str(home), "/home/ann")
            assert said == expected, command
            commands += 1
    assert commands >= 8
