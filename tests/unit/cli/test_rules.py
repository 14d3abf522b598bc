"""rules: import, export, list and the dry run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.fakes.terminal import Terminal
from tests.unit.cli.conftest import Shell

RULE = """\
[[rule]]
name = "{name}"
order = {order}
{more}
  [[rule.condition]]
  field = "subject"
  op = "contains"
  value = "счёт"
  [[rule.action]]
  do = "move"
  folder = "{name}"
"""
LETTER = "From: Аня <anna@example.net>\nSubject: Счёт 17\n\nтекст\n"


def rule(name: str = "Invoices", order: int = 500, more: str = "") -> str:
    return RULE.format(name=name, order=order, more=more)


def test_rules_come_from_a_file_and_the_same_again_is_no_change(
    shell: Shell, tmp_path: Path
) -> None:
    file = tmp_path / "rules.toml"
    file.write_text("\ufeff" + rule() + rule("Later", 600), "utf-8")
    assert shell.said("rules", "import", str(file)).splitlines() == [
        'rule "Invoices" added',
        'rule "Later" added',
        "version 1 is in force: 2 rules",
    ]
    assert shell.said("rules", "import", str(file)) == (
        "nothing to change: version 1 has these rules\n"
    )
    file.write_text(rule("Later", 700))
    assert shell.said("rules", "import", str(file)).splitlines() == [
        'rule "Later" changed',
        'rule "Invoices" removed',
        "version 2 is in force: 1 rule",
    ]


def test_with_keep_the_others_stay(shell: Shell) -> None:
    shell.said("rules", "import", "-", stdin=rule())
    assert shell.said("rules", "import", "--keep", "-", stdin=rule("Later")).splitlines() == [
        'rule "Later" added',
        "version 2 is in force: 2 rules",
    ]


def test_what_is_exported_is_the_same_rules(shell: Shell, tmp_path: Path) -> None:
    assert shell.out("rules", "export") == ""
    shell.said(
        "rules",
        "import",
        "-",
        stdin=rule("Счета \u00ab1\u00bb", more='mailbox = "info@example.org"'),
    )
    exported = shell.out("rules", "export")
    assert shell.said("rules", "import", "-", stdin=exported).startswith("nothing to change")


def test_a_rule_that_can_not_be_seen_through_is_exported_in_escapes(shell: Shell) -> None:
    # A terminal turns what follows it; for TOML the escape means the same.
    shell.said("rules", "import", "-", stdin=rule().replace("счёт", "\u202eсчёт"))
    exported = shell.out("rules", "export")
    assert "\\u202eсчёт" in exported
    assert shell.said("rules", "import", "-", stdin=exported).startswith("nothing to change")


def test_rules_are_listed_as_they_are_asked(shell: Shell) -> None:
    shell.said(
        *("rules", "import", "-"),
        stdin=rule("mine", 1, 'mailbox = "info@example.org"')
        + rule("ours", 2, 'domain = "example.org"\nstop = true')
        + rule("late", 9, "active = false")
        + rule("first", 3, 'description = "to begin with"'),
    )
    assert shell.out("rules", "list").splitlines() == [
        "Order  Rule   For               Active  Matched  Last  Does",
        "3      first  all               yes                    move first",
        "9      late   all               no                     move late",
        "2      ours   example.org       yes                    move ours, stop",
        "1      mine   info@example.org  yes                    move mine",
    ]
    assert shell.json("rules", "list")[0] == {
        "name": "first",
        "description": "to begin with",
        "group": "",
        "order": 3,
        "stop": False,
        "active": True,
        "schedule": "",
        "domain": "",
        "mailbox": "",
        "on": ["manual", "receive"],
        "match": "all",
        "condition": [{"field": "subject", "op": "contains", "value": "счёт"}],
        "action": [{"do": "move", "folder": "first"}],
        "matched": 0,
        "last": None,
    }


def test_every_fault_of_a_file_is_told_and_nothing_changed(shell: Shell) -> None:
    wrong = rule().replace('"contains"', '"contain"').replace('folder = "Invoices"', "")
    assert shell.fails(os.EX_DATAERR, "rules", "import", "-", stdin=wrong) == [
        (
            'error: standard input: rule "Invoices": condition 1: op: unknown operator "contain"'
            ' (did you mean "contains"?)'
        ),
        (
            'error: standard input: rule "Invoices": action 1: folder: "move" needs it'
            ' (add folder = "…")'
        ),
    ]
    assert shell.json("rules", "list") == []


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        (None, os.EX_NOINPUT, "No such file or directory (see whether the path is right)"),
        (b"# \xff", os.EX_DATAERR, "is not UTF-8 at octet 2 (save it in UTF-8)"),
        (b"[[rule", os.EX_DATAERR, "is not TOML: "),
        (b'[[rules]]\nname = "x"', os.EX_DATAERR, "rules: does not belong here"),
    ],
)
def test_a_file_that_can_not_be_read(
    shell: Shell, tmp_path: Path, content: bytes | None, code: int, line: str
) -> None:
    file = tmp_path / "rules.toml"
    if content is not None:
        file.write_bytes(content)
    (said,) = shell.fails(code, "rules", "import", str(file))
    assert said.startswith(f"error: {file}: {line}")


def test_a_rule_for_nobody_is_noted(shell: Shell) -> None:
    said = shell.said("rules", "import", "-", stdin=rule(more='mailbox = "who@example.org"'))
    assert said.splitlines()[0] == (
        'note: rule "Invoices": there is no mailbox who@example.org yet, so it never runs'
        " (bitrixmail mailbox add who@example.org)"
    )


def test_a_dry_run_on_a_file(shell: Shell, tmp_path: Path) -> None:
    shell.said("rules", "import", "-", stdin=rule())
    file = tmp_path / "letter.eml"
    file.write_bytes(LETTER.encode("koi8-r"))
    test = ("rules", "test", str(file), "--mailbox", "info@example.org")
    assert shell.out(*test).splitlines() == [
        "rules version 1",
        '  matched  rule "Invoices"',
        '             yes  subject contains "счёт"; seen "Счёт 17"',
        "             does move Invoices",
        "  result: moved to Invoices",
    ]
    data = shell.json(*test)
    assert list(data) == [
        *("disposition", "folder", "copies", "flags", "tags", "text"),
        *("rule_set_version", "steps", "result", "elapsed_us", "note"),
    ]
    assert (data["disposition"], data["folder"]) == ("keep", "Invoices")
    assert shell.json("message", "list", "info@example.org") == []


@pytest.mark.parametrize(
    ("field", "value", "words", "result"),
    [
        ("envelope_sender", "boss@example.com", ("--sender", "boss@example.com"), "moved to X"),
        ("envelope_sender", "boss@example.com", ("--sender", "<>"), "kept in INBOX"),
        ("envelope_sender", "anna@example.net", (), "moved to X"),
        ("envelope_recipient", "s@example.org", ("--recipient", "s@example.org"), "moved to X"),
        ("envelope_recipient", "s@example.org", (), "kept in INBOX"),
    ],
)
def test_a_dry_run_takes_the_envelope_that_is_given(
    shell: Shell, field: str, value: str, words: tuple[str, ...], result: str
) -> None:
    text = rule("X").replace('"subject"', f'"{field}"').replace("счёт", value)
    shell.said("rules", "import", "-", stdin=text)
    test = ("rules", "test", "-", "--mailbox", "info@example.org", *words)
    assert shell.out(*test, stdin=LETTER).splitlines()[-1] == f"  result: {result}"


LETTERS = {
    "windows-1251": b"Subject: \xd1\xf7\xb8\xf2\r\n\r\n",
    "two recipients": b"Subject: plain\r\n\r\n",
    "no header section": b"\r\njust text\r\n",
    "folded": b"Subject: =?utf-8?B?0YHRh9GR0YI=?=\r\n\tand more\r\nX: y\r\n\r\nbody\r\n",
    "large": b"Subject: x\r\n\r\n" + b"0123456789\r\n" * 20_000,
    "header section too long": b"X: y\r\n" * 30_000 + b"Subject: \xd1\xf7\xb8\xf2\r\n\r\n",
}
RULES = """\
[[rule]]
name = "Pattern"
order = 1
  [[rule.condition]]
  field = "subject"
  op = "regex"
  value = '\\bсч[её]т\\b'
  [[rule.action]]
  do = "tag"
  tag = "bill"

[[rule]]
name = "Envelope"
match = "any"
  [[rule.condition]]
  field = "envelope_recipient"
  op = "equals"
  value = "sales@example.org"
  [[rule.condition]]
  field = "size"
  op = "greater"
  value = "100KB"
  [[rule.action]]
  do = "copy"
  folder = "Copies"
"""


@pytest.mark.parametrize("name", LETTERS)
@pytest.mark.parametrize(
    "recipient", ["shop@example.org", "shop+Bills@example.org", "sales@example.org"]
)
def test_the_path_of_a_stored_message_is_that_of_its_trace(
    shell: Shell, name: str, recipient: str, tmp_path: Path
) -> None:
    shell.said("alias", "add", "sales@example.org", "shop@example.org")
    shell.said("rules", "import", "-", stdin=RULES)
    queue_id = shell.deliver(LETTERS[name], recipient)
    test = ("--mailbox", "shop@example.org")
    path = shell.out("rules", "test", queue_id, *test)
    traced = shell.out("trace", queue_id).splitlines()
    assert traced[2:] == path.splitlines()
    data, (_, filed) = shell.json("rules", "test", queue_id, *test), shell.json("trace", queue_id)
    assert data["steps"] == filed["trace"]["steps"]
    assert data["result"] == filed["trace"]["result"]
    # So it is of what was exported; who got it stands in the place's prefix alone.
    file = tmp_path / "stored.eml"
    shell.said("message", "export", queue_id, "--output", str(file))
    envelope = ("--sender", "buyer@example.net", "--recipient", recipient)
    assert shell.out("rules", "test", str(file), *test, *envelope) == path


def test_a_dry_run_on_what_is_not_there(shell: Shell, tmp_path: Path) -> None:
    mailbox = ("--mailbox", "info@example.org")
    (line,) = shell.fails(os.EX_NOINPUT, "rules", "test", "NOSUCH", *mailbox)
    assert line.startswith("error: NOSUCH: no such message was seen (an id stands")
    (line,) = shell.fails(os.EX_NOINPUT, "rules", "test", str(tmp_path / "x.eml"), *mailbox)
    assert line.endswith("x.eml: No such file or directory (see whether the path is right)")
    for specimen in ("NOSUCH", "-"):
        nobody = ("--mailbox", "nobody@example.org")
        (line,) = shell.fails(os.EX_NOUSER, "rules", "test", specimen, *nobody)
        assert line.startswith("error: mailbox nobody@example.org: there is none")


def test_a_dry_run_on_what_nobody_kept(shell: Shell) -> None:
    discarding = rule().replace('do = "move"\n  folder = "Invoices"', 'do = "discard"')
    shell.said("rules", "import", "-", stdin=discarding)
    queue_id = shell.deliver("Subject: счёт\r\n\r\n".encode(), "info@example.org")
    mailbox = ("--mailbox", "info@example.org")
    (line,) = shell.fails(os.EX_DATAERR, "rules", "test", queue_id, *mailbox)
    assert line.startswith(f"error: message {queue_id}: no mailbox kept it (bitrixmail trace")
    assert "  result: discarded" in shell.out("trace", queue_id)


NIGHT = """\
[[rule]]
name = "Night"
condition = [{field = "time", op = "equals", value = "22:00-07:00 Europe/Moscow"}]
action = [{do = "move", folder = "Night"}]
"""


@pytest.mark.parametrize(
    ("at", "result"),
    [
        ("2026-11-24 23:10 Europe/Moscow", "moved to Night"),
        ("2026-11-24 23:10 +00:00", "moved to Night"),
        ("2026-11-24 15:00 Europe/Moscow", "kept in INBOX"),
    ],
)
def test_a_dry_run_at_a_time_of_day(shell: Shell, tmp_path: Path, at: str, result: str) -> None:
    shell.said("rules", "import", "-", stdin=NIGHT)
    file = tmp_path / "letter.eml"
    file.write_text(LETTER)
    stored = shell.deliver(LETTER.encode(), "info@example.org", hour=0)
    for specimen in (str(file), stored):
        words = ("rules", "test", specimen, "--mailbox", "info@example.org", "--at", at)
        assert shell.json(*words)["result"] == result


def test_a_time_that_is_none_is_a_fault(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "letter.eml"
    file.write_text(LETTER)
    words = ("rules", "test", str(file), "--mailbox", "info@example.org", "--at")
    (line,) = shell.fails(os.EX_DATAERR, *words, "tonight")
    assert line.startswith('error: --at "tonight": a time is a day, perhaps an hour')
    (line,) = shell.fails(os.EX_DATAERR, *words, "2026-11-24 23:10 Moscow")
    assert line.startswith('error: --at "2026-11-24 23:10 Moscow": unknown time zone "Moscow"')


def test_an_import_may_be_looked_at_first(shell: Shell) -> None:
    shell.said("rules", "import", "-", stdin=rule() + rule("Old"))
    exported = shell.out("rules", "export")
    new = rule(order=7) + rule("New", more='mailbox = "nobody@example.org"')
    lines = shell.said("rules", "import", "--dry-run", "-", stdin=new).splitlines()
    assert lines[0].startswith('note: rule "New": there is no mailbox nobody@example.org yet')
    assert lines[1:] == [
        'rule "New" would be added',
        'rule "Invoices" would be changed',
        'rule "Old" would be removed',
        "nothing was stored: 2 rules would be in force",
    ]
    assert shell.out("rules", "export") == exported
    assert shell.said("rules", "import", "--dry-run", "-", stdin=exported) == (
        "nothing would change: version 1 has these rules\n"
    )
    wrong = rule().replace('"contains"', '"contain"')
    (line,) = shell.fails(os.EX_DATAERR, "rules", "import", "--dry-run", "-", stdin=wrong)
    assert 'unknown operator "contain"' in line


def test_a_file_without_a_rule_removes_them_all_only_with_consent(shell: Shell) -> None:
    empty = "# nothing yet\n"
    assert shell.said("rules", "import", "-", stdin=empty).startswith("nothing to change")
    shell.said("rules", "import", "-", stdin=rule() + rule("Later"))
    (line,) = shell.fails(os.EX_USAGE, "rules", "import", "-", stdin=empty)
    assert "the file has no rule: that would remove all 2 rules: to do it give --yes" in line
    assert len(shell.json("rules", "list")) == 2
    shell.said("rules", "import", "--keep", "-", stdin=empty)
    assert len(shell.json("rules", "list")) == 2
    shell.said("rules", "import", "--dry-run", "-", stdin=empty)
    shell.said("rules", "import", "--yes", "-", stdin=empty)
    assert shell.json("rules", "list") == []


def test_at_a_terminal_one_is_asked_before_all_rules_go(shell: Shell, tmp_path: Path) -> None:
    shell.said("rules", "import", "-", stdin=rule())
    (tmp_path / "empty.toml").touch()
    config = ("--config", str(shell.home / "bitrixmail.toml"))
    environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    for answer, code, left in (("\n", os.EX_NOPERM, 1), ("да\n", 0, 0)):
        words = (*config, "rules", "import", "empty.toml")
        person = Terminal(tmp_path, *words, environment=environment)
        person.reads("that would remove the only rule. Go on? [y/N]")
        person.types(answer)
        assert person.end() == code, person.shown
        assert len(shell.json("rules", "list")) == left
