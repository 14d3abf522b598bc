"""What docs/rules.md says of a former employee, done: his mail moves over, new mail is sorted."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.fakes.rules_page import PAGE
from tests.unit.cli.conftest import Shell

SECTION = PAGE.partition("## A former employee")[2].partition("## In words")[0]
MBOX = "From ann@example.net Mon May  4 03:02:01 2026\nSubject: {}\n\ntext\n"


def block(kind: str) -> str:
    found = re.search(rf"```{kind}\n(.*?)```", SECTION, re.DOTALL)
    assert found is not None
    return found[1]


def test_his_mail_and_his_address_go_to_another(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shell.home)
    for address in ("ivan@example.org", "anna@example.org"):
        shell.said("mailbox", "add", address)
    for folder in ("INBOX", "Sent"):
        options = ("--mailbox", "ivan@example.org", "--folder", folder)
        Path("one.mbox").write_text(MBOX.format(folder))
        shell.out("import", "mbox", "one.mbox", *options)
    Path("ivan.toml").write_text(block("toml"), "utf-8")
    for part in block("console").split("$ ")[1:]:
        command, _, expected = part.partition("\n")
        program, *words = shlex.split(command)
        assert program == "bitrixmail"
        done = shell.run(*words)
        assert (done.exit_code, done.output) == (0, expected), command
    assert shell.said("rules", "lint") == "nothing found\n"
    letter = ("rules", "test", "-", "--mailbox", "anna@example.org", "--recipient")
    told = shell.out(*letter, "ivan@example.org", stdin=block("mail"))
    assert "moved to Former employees/Ivan, tagged Ivan" in told
    assert "kept in INBOX" in shell.out(*letter, "anna@example.org", stdin=block("mail"))
