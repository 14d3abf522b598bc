"""rules apply and rules runs: preview, consent, and taking it back."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest

from tests.fakes.rules_page import PAGE
from tests.fakes.terminal import Terminal
from tests.unit.cli.conftest import Shell

RULES = """\
[[rule]]
name = "Invoices"
on = ["manual"]
condition = [{field = "subject", op = "contains", value = "счёт"}]
action = [{do = "move", folder = "Invoices"}, {do = "flag"}]

[[rule]]
name = "Gone"
on = ["manual"]
condition = [{field = "subject", op = "contains", value = "casino"}]
action = [{do = "discard"}]

[[rule]]
name = "Refused"
on = ["manual"]
condition = [{field = "subject", op = "contains", value = "hello"}]
action = [{do = "reject"}]
"""
SUBJECTS = ("Счёт 1", "Счёт 2", "Casino", "hello", "other")


@pytest.fixture
def mail(shell: Shell) -> Shell:
    """A mailbox with five messages, and rules for use by hand."""
    for hour, subject in enumerate(SUBJECTS):
        octets = f"From: Аня <anna@example.net>\r\nSubject: {subject}\r\n\r\nx\r\n".encode()
        shell.deliver(octets, "info@example.org", hour=hour)
    shell.said("rules", "import", "-", stdin=RULES)
    return shell


def folders(shell: Shell) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for place in shell.json("message", "list", "info@example.org"):
        found.setdefault(place["folder"], []).append(place["subject"])
    return found


def test_a_dry_run_shows_what_would_be_done_and_does_nothing(mail: Shell) -> None:
    before = folders(mail)
    done = mail.run("rules", "apply", "--dry-run")
    lines = done.stdout.splitlines()
    assert lines[0] == "5 messages looked at, 3 would change"
    assert "Invoices  move Invoices  2" in lines
    assert "Gone      discard        1" in lines
    assert any(line.endswith("move to Invoices, set \\Flagged") for line in lines)
    assert "1 message a rule would refuse" in done.stderr
    assert folders(mail) == before
    assert mail.json("rules", "runs", "list") == []


def test_where_nobody_can_be_asked_nothing_is_done_without_yes(mail: Shell) -> None:
    before = folders(mail)
    done = mail.run("rules", "apply")
    assert done.exit_code == os.EX_USAGE
    assert "3 messages would change, 1 of them be discarded" in done.stderr
    assert "--yes" in done.stderr
    assert folders(mail) == before


def test_it_is_done_with_yes_and_taken_back(mail: Shell) -> None:
    before = folders(mail)
    done = mail.run("rules", "apply", "--yes", "--rule", "Invoices")
    assert done.exit_code == 0
    assert done.stderr.splitlines() == [
        "run 1: 2 messages changed",
        "to take it back: bitrixmail rules runs undo 1",
    ]
    assert folders(mail)["Invoices"] == ["Счёт 2", "Счёт 1"]
    assert mail.fails(os.EX_USAGE, "rules", "runs", "undo")[0].endswith(
        "to take it back give --yes (see bitrixmail rules runs undo --help)"
    )
    assert mail.said("rules", "runs", "undo", "--yes") == "run 1: 2 messages put back\n"
    assert folders(mail) == before
    (run,) = mail.json("rules", "runs", "list")
    assert (run["state"], run["changed"], run["rules"]) == ("undone", 2, ["Invoices"])
    assert mail.fails(os.EX_NOUSER, "rules", "runs", "undo")[0].startswith(
        "error: runs: there is none that can be taken back"
    )


def test_what_was_discarded_is_told_when_it_is_taken_back(mail: Shell) -> None:
    mail.out("rules", "apply", "--yes")
    assert "Casino" not in folders(mail)["INBOX"]
    said = mail.said("rules", "runs", "undo", "1", "--yes").splitlines()
    assert said[0].endswith("was discarded, which is for good")
    assert said[1:] == ["run 1: 2 messages put back"]


def test_with_nothing_to_do_there_is_no_run(mail: Shell) -> None:
    done = mail.out("rules", "apply", "--since", "2100-01-01", "--yes")
    assert done == "0 messages looked at, 0 would change\n"
    assert mail.json("rules", "runs", "list") == []


def test_a_folder_that_is_empty_is_none_that_is_missing(mail: Shell) -> None:
    apply = ("rules", "apply", "--dry-run", "--folder")
    assert mail.fails(os.EX_NOUSER, *apply, "Nope") == [
        (
            'error: --folder "Nope": no mailbox has such a folder'
            " (bitrixmail message list ADDRESS shows which there are)"
        )
    ]
    mail.run("rules", "apply", "--rule", "Invoices", "--yes")
    mail.said("rules", "runs", "undo", "1", "--yes")
    assert mail.out(*apply, "Invoices") == "0 messages looked at, 0 would change\n"
    # INBOX is everybody's, Invoices that of the one.
    assert mail.out(*apply, "INBOX", "--mailbox", "shop@example.org").startswith("0 messages")
    (line,) = mail.fails(os.EX_NOUSER, *apply, "Invoices", "--mailbox", "shop@example.org")
    assert line.startswith("error: shop@example.org: has no folder Invoices")


def test_a_rule_for_the_clock_alone_may_be_looked_at(mail: Shell) -> None:
    clock = RULES.replace('on = ["manual"]', 'on = ["schedule"]\nschedule = "0 3 * * *"', 1)
    mail.said("rules", "import", "-", stdin=clock)
    apply = ("rules", "apply", "--rule", "Invoices")
    done = mail.out(*apply, "--dry-run").splitlines()
    assert done[0] == "5 messages looked at, 2 would change"
    assert mail.fails(os.EX_DATAERR, *apply, "--yes") == [
        (
            'error: --rule "Invoices": is not for use by hand'
            ' (add "manual" to its on, or look at it by itself with --dry-run)'
        )
    ]
    # Two occasions make no preview of one run.
    both = mail.run(*apply, "--rule", "Gone", "--dry-run")
    assert (both.exit_code, "is not for use by hand" in both.stderr) == (os.EX_DATAERR, True)


def test_json_has_the_preview_and_the_run(mail: Shell) -> None:
    data = mail.json("rules", "apply", "--yes")
    assert (data["judged"], data["changes"], data["discards"], data["rejected"]) == (5, 3, 1, 1)
    assert data["actions"][0] == {"rule": "Gone", "action": "discard", "messages": 1}
    assert data["run"]["state"] == "done"
    assert mail.json("rules", "apply", "--dry-run")["run"] is None


def test_what_can_not_be_is_told(mail: Shell) -> None:
    assert mail.fails(os.EX_DATAERR, "rules", "apply", "--rule", "Nobody") == [
        'error: --rule "Nobody": there is no such rule (see: bitrixmail rules list)'
    ]
    assert mail.fails(os.EX_DATAERR, "rules", "apply", "--rule", "invoice") == [
        'error: --rule "invoice": there is no such rule (did you mean "Invoices"?)'
    ]
    assert mail.fails(os.EX_NOUSER, "rules", "apply", "--resume")[0].startswith(
        "error: runs: there is none that was interrupted"
    )
    assert mail.fails(os.EX_NOUSER, "rules", "runs", "resume", "9") == [
        "error: run 9: there is no such run (see: bitrixmail rules runs list)"
    ]


def test_at_a_terminal_one_is_asked(mail: Shell, tmp_path: Path) -> None:
    before = folders(mail)
    config = ("--config", str(mail.home / "bitrixmail.toml"))
    environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    person = Terminal(tmp_path, *config, "rules", "apply", environment=environment)
    person.reads("3 messages would change")
    person.reads("Go on?")
    person.types("n\n")
    assert person.end() == os.EX_NOPERM
    assert "nothing was changed" in person.shown
    assert folders(mail) == before
    person = Terminal(tmp_path, *config, "rules", "apply", environment=environment)
    person.reads("Go on? [y/N]")
    person.types("may be\n")
    person.reads("say y or n, д or н")
    person.reads("Go on?")
    person.types("Да\n")
    person.reads("run 1: 3 messages changed")
    assert person.end() == 0
    assert folders(mail)["Invoices"] == ["Счёт 2", "Счёт 1"]


def test_the_commands_of_the_page_are_taken(mail: Shell) -> None:
    section = PAGE.partition("## By hand and by clock")[2].partition("### By the clock")[0]
    commands = re.findall(r"^bitrixmail (rules .*)$", section, re.MULTILINE)
    assert len(commands) == 5
    for command in commands:
        done = mail.run(*shlex.split(command))
        assert done.exit_code != os.EX_USAGE or "give --yes" in done.stderr, done.stderr


ACTING = """\
[[rule]]
name = "Late answers"
on = ["manual"]
condition = [{field = "subject", op = "contains", value = "счёт"}]
action = [{do = "reply", text = "It is paid."}, {do = "webhook", url = "https://crm.example/x"}]
"""


def test_what_was_done_outside_is_done_again_only_if_that_is_said(mail: Shell) -> None:
    mail.said("rules", "import", "-", stdin=ACTING)
    apply = ("rules", "apply", "--actions")
    done = mail.run(*apply, "--yes")
    assert "warning: whoever sent 2 messages gets an answer now, and the oldest came on" in (
        done.stderr
    )
    before = [
        f"note: {do} was done for 2 messages before; it is left out: --again does it too"
        for do in ("reply", "webhook")
    ]
    done = mail.run(*apply, "--yes")
    assert (done.exit_code, done.stderr.splitlines()) == (0, before)
    assert done.stdout == "5 messages looked at, 0 would change\n"
    done = mail.run(*apply, "--again")
    assert done.exit_code == os.EX_USAGE
    assert "note: reply was done for 2 messages before; it is done again" in done.stderr
    assert "2 messages would change, and things be done outside for up to 2 of them" in done.stderr
    data = mail.json(*apply, "--again", "--dry-run")
    assert data["done_before"] == {"reply": 2, "webhook": 2}
    assert mail.run("rules", "apply", "--again").exit_code == os.EX_USAGE
