from __future__ import annotations

import json

from tests.unit.admin.test_bitrix_rules import CONDITION, FILTER
from tests.unit.cli.conftest import Shell

WORDS = "rules", "import", "--from", "bitrix"


def write_dump(shell: Shell, *more: dict[str, str]) -> str:
    path = shell.home / "dump.json"
    rows = {"b_mail_filter": [FILTER, *more], "b_mail_filter_cond": [CONDITION]}
    path.write_text(json.dumps(rows))
    return str(path)


def names(shell: Shell) -> list[str]:
    return [rule["name"] for rule in shell.json("rules", "list")]


def test_rules_of_the_old_module_come_to_those_that_are_here(shell: Shell) -> None:
    shell.run("rules", "import", "-", stdin='[[rule]]\nname = "Mine"\nstop = true\n')
    path = write_dump(shell, {**FILTER, "ID": "8", "NAME": "Code", "PHP_CONDITION": "x"})
    said = shell.said(*WORDS, path, "--mailbox", "3=info@example.org")
    assert said.splitlines() == [
        'rule "Счета" (7): carried over',
        'rule "Code" (8): left out',
        "  its condition in PHP means nothing here: say it by conditions of rules",
        'rule "Счета" added',
        "version 2 is in force: 2 rules",
    ]
    assert names(shell) == ["Mine", "Счета"]
    again = shell.said(*WORDS, path, "--mailbox", "3=info@example.org")
    assert again.endswith("nothing to change: version 2 has these rules\n")


def test_a_dry_run_stores_nothing(shell: Shell) -> None:
    path = write_dump(shell)
    done = shell.run(*WORDS, path, "--mailbox", "3=info@example.org", "--dry-run")
    assert 'mailbox = "info@example.org"' in done.stdout
    assert 'group = "bitrix"' in done.stdout
    assert names(shell) == []
    report = shell.json(*WORDS, path, "--dry-run")
    assert report["rules"] == [
        {
            "rule": "Счета",
            "old_id": "7",
            "outcome": "left out",
            "remarks": ["nobody said which mailbox 3 is (--mailbox 3=ADDRESS)"],
        }
    ]
    assert names(shell) == []


def test_its_options_go_with_it_alone(shell: Shell) -> None:
    (line,) = shell.fails(64, "rules", "import", "x.toml", "--json")
    assert "go with --from bitrix" in line
    (line,) = shell.fails(64, "rules", "import", "a.toml", "b.toml")
    assert "rules are imported from one file" in line


def test_a_template_is_listed_shown_and_added(shell: Shell) -> None:
    assert "boss  " in shell.out("rules", "template", "list")
    assert "boss" in {each["name"] for each in shell.json("rules", "template", "list")}
    shown = shell.out("rules", "template", "show", "boss")
    assert shown.startswith("# Messages of the boss flagged and important\n# Письма начальника")
    assert 'value = "{from}"' in shown
    dry = shell.out("rules", "template", "add", "boss", "from=a@b.ru, c@d.ru", "--dry-run")
    assert 'value = ["a@b.ru", "c@d.ru"]' in dry
    assert names(shell) == []
    said = shell.said("rules", "template", "add", "boss", "from=a@b.ru")
    assert said == 'rule "The boss" added\nversion 1 is in force: 1 rule\n'
    shell.said("rules", "template", "add", "boss", "from=x@b.ru", "mailbox=info@example.org")
    assert names(shell) == ["The boss", "The boss (info@example.org)"]
    shell.deliver(b"From: Boss <a@b.ru>\r\n\r\nx\r\n", "shop@example.org")
    (found,) = shell.json("message", "list", "shop@example.org")
    assert "\\Flagged" in found["flags"]


def test_faults_of_templates(shell: Shell) -> None:
    (line,) = shell.fails(65, "rules", "template", "add", "boss")
    assert line.startswith("error: template boss: from: must be filled in")
    (line,) = shell.fails(64, "rules", "template", "add", "boss", "from")
    assert "write KEY=VALUE, not from" in line
    assert shell.fails(67, "rules", "template", "show", "bos")
