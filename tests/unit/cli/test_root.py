"""The command line as a whole: help, versions, codes, and ends."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from bitrixmail.app.console import Composition
from bitrixmail.cli.consent import RefusedError
from bitrixmail.cli.failures import INTERRUPTED, NoInputError, exit_code
from bitrixmail.cli.root import root
from bitrixmail.cli.session import SettingsError
from bitrixmail.model.errors import (
    ExistsError,
    Fault,
    InputError,
    NotFoundError,
    PermanentError,
    SetupError,
    StoreFullError,
    StoreUnavailableError,
)
from bitrixmail.model.reply import RELAY_DENIED
from tests.unit.cli.conftest import Shell

ROOT = Path(__file__).parents[3]
PAGES = sorted([*ROOT.glob("README*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("etc/*.toml")])
# In a page: between backticks, or a line of a block of code. In a file: a line of a comment.
SPAN = re.compile(r"`bitrixmail ([^`]+)`")
BLOCK = re.compile(r"^ *```.*?$(.*?)^ *```", re.MULTILINE | re.DOTALL)
LINE = re.compile(r"^ *(?:[$#] +)?(?:\.venv/bin/)?bitrixmail +(\S.*)$", re.MULTILINE)


def named(page: Path) -> list[str]:
    """Find the command lines that a page shows, without the name of the program."""
    text = page.read_text("utf-8")
    blocks = BLOCK.findall(text) if page.suffix == ".md" else [text]
    return [*SPAN.findall(text), *(line for block in blocks for line in LINE.findall(block))]


def commands(command: click.Command, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Go through the tree, groups included."""
    yield path, command
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from commands(below, *path, name)


def help_of(*path: str) -> str:
    done = CliRunner().invoke(root, [*path, "--help"], obj=Composition({}))
    assert (done.exit_code, done.stderr) == (0, "")
    return done.stdout


TREE = dict(commands(root))
# `export` is both: a command, and the group of others.
LEAVES = [
    path
    for path, command in TREE.items()
    if not isinstance(command, click.Group) or command.invoke_without_command
]


def parsed(words: list[str]) -> tuple[str, ...] | None:
    """Return the path to the command that the words name, None if there is none such."""
    path: tuple[str, ...] = ()
    while words and words[0].startswith("-"):
        del words[: 1 if "=" in words[0] or words[0] == "--version" else 2]
        if not words:
            return path
    for word in words:
        if not isinstance(TREE[path], click.Group):
            break
        if (*path, word) not in TREE:
            return None
        path = (*path, word)
    return path


@pytest.mark.parametrize("path", TREE, ids=" ".join)
def test_every_command_has_a_help(path: tuple[str, ...]) -> None:
    told = help_of(*path)
    assert told.startswith(f"Usage: {' '.join(('bitrixmail', *path))} ")
    assert all(len(line) <= 100 for line in told.splitlines())
    assert "\n  Example" in told


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_every_command_has_an_example_that_can_be_typed(path: tuple[str, ...]) -> None:
    examples = re.findall(
        r"^ +(?:\S.* \| )?bitrixmail (.*)$", help_of(*path).partition("Example")[2], re.MULTILINE
    )
    assert examples
    for example in examples:
        words = shlex.split(re.split(r" [|>] ", example)[0])
        assert parsed([*words]) == path
        arguments = words[words.index(path[-1]) + 1 :]
        # Raises UsageError for what can't be typed so; nothing runs.
        TREE[path].make_context(path[-1], arguments, resilient_parsing=False)


def test_every_command_that_a_page_names_exists() -> None:
    lines = [(page.name, line) for page in PAGES for line in named(page)]
    assert len(lines) > 10
    assert [each for each in lines if parsed(shlex.split(each[1], comments=True)) is None] == []


def test_the_surface_is_there() -> None:
    assert {" ".join(path) for path in LEAVES} == {
        *("quickstart", "doctor"),
        *("domain add", "domain list", "domain remove", "domain catch-all"),
        *("mailbox add", "mailbox list", "mailbox remove", "mailbox password", "mailbox set"),
        *("mailbox grant", "mailbox revoke", "mailbox grants"),
        *("alias add", "alias list", "alias remove"),
        *("queue list", "queue show", "queue ages", "queue export"),
        *("queue retry", "queue hold", "queue release", "queue bounce", "queue delete"),
        *("suppression list", "suppression add", "suppression remove"),
        *("route", "sendmail install"),
        *("message list", "message show", "message export"),
        *("rules import", "rules export", "rules list", "rules test", "rules apply"),
        *("rules explain", "rules log", "rules diff", "rules undo", "rules lint"),
        *("rules group list", "rules group on", "rules group off"),
        *("rules runs list", "rules runs resume", "rules runs undo"),
        *("rules template list", "rules template show", "rules template add"),
        *("import maildir", "import mbox", "export maildir", "export mbox"),
        *("config check", "config show"),
        *("dns records", "dns check", "dkim list", "dkim rotate"),
        *("ticket list", "ticket show", "ticket reply", "ticket note", "ticket close"),
        *("ticket reopen", "ticket assign", "ticket delete"),
        *("spam train", "spam learn", "spam status", "spam show", "spam forget", "spam import"),
        *("spam threshold", "sender allow", "sender block", "sender list", "sender remove"),
        *("quarantine list", "quarantine show", "quarantine release", "quarantine delete"),
        *("user list", "user add", "user password", "user role", "user lock", "user unlock"),
        *("user remove", "user totp off"),
        *("user token add", "user token list", "user token remove"),
        *("trace", "apply", "export"),  # alone `export` writes the site
    }


def test_versions_are_told(shell: Shell) -> None:
    told = shell.out("--version")
    assert told.startswith("bitrixmail ")
    assert all(name in told for name in ("\nTwisted ", "\nPython ", "(module ssl)"))


def test_completion_is_offered(shell: Shell) -> None:
    done = CliRunner().invoke(
        root,
        [],
        obj=Composition({}),
        env={
            "_BITRIXMAIL_COMPLETE": "bash_complete",
            "COMP_WORDS": "bitrixmail mailbox pa",
            "COMP_CWORD": "2",
        },
    )
    assert done.stdout == "plain,password\n"
    assert "_BITRIXMAIL_COMPLETE=bash_source bitrixmail" in help_of()


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("nosuch",), "error: No such command 'nosuch' (see bitrixmail --help)"),
        (("domain", "nosuch"), "error: No such command 'nosuch' (see bitrixmail domain --help)"),
        (
            ("domain", "add"),
            "error: Missing argument 'NAME' (see bitrixmail domain add --help)",
        ),
        (("--nosuch",), "error: No such option '--nosuch' (see bitrixmail --help)"),
    ],
)
def test_what_was_typed_wrong(shell: Shell, words: tuple[str, ...], line: str) -> None:
    assert shell.fails(os.EX_USAGE, *words) == [line]


@pytest.mark.parametrize("words", [[], ["domain"]])
def test_half_a_command_shows_the_help(words: list[str]) -> None:
    done = CliRunner().invoke(root, words, obj=Composition({}))
    assert (done.exit_code, done.stdout) == (os.EX_USAGE, "")
    assert done.stderr.startswith("Usage: bitrixmail")
    assert "\nCommands:\n" in done.stderr


FAULT = Fault("here", "is wrong", "mend it")


@pytest.mark.parametrize(
    ("error", "code", "lines"),
    [
        (InputError(FAULT, FAULT), 65, ["error: here: is wrong (mend it)"] * 2),
        (NotFoundError(FAULT), 67, ["error: here: is wrong (mend it)"]),
        (ExistsError(FAULT), 73, ["error: here: is wrong (mend it)"]),
        (SettingsError(("a: b", "c: d")), 78, ["error: a: b", "error: c: d"]),
        (SetupError("no", "this", "that", exit_code=71), 71, ["error: no (this; or that)"]),
        (NoInputError("x: y"), 66, ["error: x: y"]),
        (StoreFullError("disk"), 75, ["error: the store is full: disk (try again later)"]),
        (
            StoreUnavailableError("locked"),
            75,
            ["error: the store is not available now: locked (try again later)"],
        ),
        (
            PermanentError(RELAY_DENIED, cause="x"),
            69,
            ["error: the store is not available now: x (try again later)"],
        ),
        (PermissionError(13, "Permission denied", "/x"), 77, ["error: /x: Permission denied"]),
        (OSError(5, "Input/output error"), 74, ["error: output: Input/output error"]),
        (RefusedError(), 77, ["nothing was removed"]),
        (KeyboardInterrupt(), 130, ["interrupted"]),
        (click.Abort(), 130, ["interrupted"]),
        (InputError(Fault("a\nb\x1b", "x")), 65, ["error: a\\u{a}b\\u{1b}: x"]),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_each_error_has_its_code_and_its_line(
    error: BaseException, code: int, lines: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(error) == code
    told = capsys.readouterr()
    assert (told.out, told.err.splitlines()) == ("", lines)


def test_a_bug_tells_where_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError) as raised:
        _ = 1 / 0
    assert exit_code(raised.value) == os.EX_SOFTWARE
    told = capsys.readouterr().err
    assert told.startswith("error: a bug in bitrixmail")
    assert "test_root.py" in told
    assert "ZeroDivisionError: division by zero" in told


def test_what_comes_of_an_interrupt_is_told_as_one(capfd: pytest.CaptureFixture[str]) -> None:
    error = StoreUnavailableError("amid a commit")
    error.__context__ = KeyboardInterrupt()
    assert exit_code(error) == INTERRUPTED
    assert exit_code(StoreUnavailableError("a disk")) == os.EX_TEMPFAIL
    assert capfd.readouterr().err.splitlines()[0] == "interrupted"
