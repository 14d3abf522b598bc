"""rules: log, diff, undo, lint, explain and groups; traces in Russian."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from bitrixmail.admin.trace_words import trace_lines
from bitrixmail.app.console import Composition
from bitrixmail.cli.language import language_of
from bitrixmail.cli.root import root
from bitrixmail.model.plan import RuleStep, TestResult, Trace
from tests.fakes.rules_page import PAGE
from tests.unit.cli.conftest import Shell
from tests.unit.cli.test_rules import LETTER, rule

DELIVERED = "2027-01-01T00:00:00Z"


def load(shell: Shell, *rules: str) -> None:
    shell.said("rules", "import", "-", stdin="\n".join(rules))


def test_the_log_tells_what_each_version_changed(shell: Shell) -> None:
    assert shell.out("rules", "log").splitlines() == ["Version  Stored  By  Rules  What  Comment"]
    load(shell, rule("a"), rule("b"))
    load(shell, rule("a", 7), rule("c"))
    shell.said("rules", "undo")
    (third, second, first) = shell.json("rules", "log")
    assert [each["version"] for each in (third, second, first)] == [3, 2, 1]
    assert (second["comment"], second["count"]) == ("import standard input", 2)
    assert second["changes"] == {
        "added": 1,
        "changed": 1,
        "removed": 1,
        "moved": False,
        "groups_off": [],
        "groups_on": [],
    }
    assert third["author"] == first["author"] != ""
    lines = shell.out("rules", "log", "--limit", "2").splitlines()
    assert len(lines) == 3
    assert lines[1].endswith("1 added, 1 changed, 1 removed  undo of version 2: back to version 1")


def test_versions_are_compared_rule_by_rule(shell: Shell) -> None:
    load(shell, rule("a"))
    load(shell, rule("a", 7), rule("b"))
    lines = shell.out("rules", "diff").splitlines()
    assert lines[0].startswith("--- version 1  ")
    assert lines[1].startswith("+++ version 2  ")
    assert lines[2:7] == [
        'rule "a" changed',
        "   [[rule]]",
        '   name = "a"',
        "  +order = 7",
        "   ",
    ]
    assert "  +[[rule]]" in lines[lines.index('rule "b" added') :]
    assert shell.out("rules", "diff", "2", "2").splitlines()[2:] == ["nothing differs"]
    assert shell.out("rules", "diff", "0").splitlines()[0] == "--- version 0"
    back = shell.json("rules", "diff", "2", "1")
    assert [(each["rule"], each["what"]) for each in back["rules"]] == [
        ("a", "changed"),
        ("b", "removed"),
    ]
    assert (back["old"]["version"], back["new"]["version"]) == (2, 1)
    assert shell.fails(os.EX_NOINPUT, "rules", "diff", "9") == [
        "error: rules, version 9: there is none (see: bitrixmail rules log)"
    ]


def test_an_undo_can_be_undone(shell: Shell) -> None:
    assert shell.fails(os.EX_NOINPUT, "rules", "undo") == [
        "error: rules: there is nothing to undo (bitrixmail rules import FILE makes the first version)"
    ]
    load(shell, rule("a"))
    load(shell, rule("b"))
    undone = shell.said("rules", "undo").splitlines()
    assert undone == [
        'rule "a" added',
        'rule "b" removed',
        "version 3 is in force: the rules of version 1",
    ]
    assert [each["name"] for each in shell.json("rules", "list")] == ["a"]
    assert shell.said("rules", "undo").splitlines()[-1] == (
        "version 4 is in force: the rules of version 2"
    )
    assert [each["name"] for each in shell.json("rules", "list")] == ["b"]
    assert shell.said("rules", "undo", "--to", "2") == (
        "nothing to change: version 4 has these rules\n"
    )
    shell.said("rules", "undo", "--to", "0")
    assert shell.json("rules", "list") == []
    assert shell.fails(os.EX_NOINPUT, "rules", "undo", "--to", "99") == [
        "error: rules, version 99: there is none (see: bitrixmail rules log)"
    ]


SWEEP = '[[rule]]\nname = "sweep"\n[[rule.action]]\ndo = "delete"\n'
SWEPT = 'warning: rule "sweep": does delete with every message of everybody (add a condition)'


def test_lint_of_a_file_and_of_what_is_in_force(shell: Shell, tmp_path: Path) -> None:
    assert shell.said("rules", "lint") == "nothing found\n"
    file = tmp_path / "rules.toml"
    file.write_text(SWEEP)
    assert shell.out("rules", "lint", str(file)).splitlines() == [SWEPT]
    load(shell, SWEEP)
    assert shell.out("rules", "lint").splitlines() == [SWEPT]
    strict = shell.run("rules", "lint", "--strict")
    assert (strict.exit_code, strict.stdout.splitlines()) == (os.EX_DATAERR, [SWEPT])
    assert shell.json("rules", "lint")[0]["code"] == "no-condition"
    file.write_text("[[rule")
    assert "is not TOML" in shell.fails(os.EX_DATAERR, "rules", "lint", str(file))[0]


def test_lint_tells_what_an_import_would(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text("")
    told = shell.run("rules", "lint", str(file), "--strict")
    assert told.exit_code == os.EX_DATAERR
    assert told.stdout.startswith("warning: rules: there are no rules in it (")
    stranger = rule(more='mailbox = "who@example.org"')
    file.write_text(stranger, "utf-8")
    (note,) = shell.out("rules", "lint", str(file)).splitlines()
    assert note == (
        'note: rule "Invoices": there is no mailbox who@example.org yet, so it never runs'
        " (bitrixmail mailbox add who@example.org)"
    )
    assert shell.said("rules", "import", str(file)).splitlines()[0] == note
    assert shell.out("rules", "lint").splitlines() == [note]


def test_lint_looks_into_list_files(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(rule().replace('value = "счёт"', 'lists = ["l.txt"]'), "utf-8")
    refused = shell.fails(os.EX_DATAERR, "rules", "import", str(file))
    assert shell.fails(os.EX_DATAERR, "rules", "lint", str(file)) == refused
    listed = shell.data_dir / "lists/l.txt"
    listed.parent.mkdir(exist_ok=True)
    listed.write_text("x\n")
    assert shell.said("rules", "lint", str(file)) == "nothing found\n"
    shell.said("rules", "import", str(file))
    listed.unlink()
    (warning,) = shell.out("rules", "lint").splitlines()
    assert warning.startswith('warning: rule "Invoices": is passed over: condition 1: lists: ')


def test_lint_with_notes_alone_is_no_failure(shell: Shell) -> None:
    load(shell, rule().replace('"contains"', '"regex"'))
    done = shell.run("rules", "lint", "--strict")
    assert (done.exit_code, done.stdout.split(":")[0]) == (0, "note")


def test_rules_in_words_with_their_counts(shell: Shell) -> None:
    load(shell, rule(), rule("Later", 600).replace("счёт", "акт"))
    queue_id = shell.deliver(LETTER.replace("\n", "\r\n").encode(), "info@example.org")
    assert shell.out("rules", "explain").splitlines() == [
        "Invoices",
        '  If the subject contains "счёт", then move it to the folder "Invoices".',
        f"  matched: 1, last at {DELIVERED}",
        "Later",
        '  If the subject contains "акт", then move it to the folder "Later".',
        "  has not matched yet",
    ]
    assert shell.out("rules", "explain", "later", "--lang", "ru").splitlines() == [
        "Later",
        "  Если тема содержит «акт», то переместить в папку «Later».",
        "  ещё не сработало",
    ]
    (data,) = shell.json("rules", "explain", "Later")
    assert (data["name"], data["matched"], data["last"]) == ("Later", 0, None)
    assert data["ru"] == "Если тема содержит «акт», то переместить в папку «Later»."
    listed = shell.json("rules", "list")
    assert [(each["matched"], each["last"]) for each in listed] == [
        (1, f"{DELIVERED[:-1]}.000000Z"),
        (0, None),
    ]
    assert DELIVERED in shell.out("rules", "list")
    told = shell.out("rules", "explain", queue_id, "--lang", "ru").splitlines()
    assert told[-8:] == [
        "правила, версия 1",
        "  подошло    правило «Invoices»",
        "             да   тема содержит «счёт»; в письме: «Счёт 17»",
        "             действие: переместить в папку «Invoices»",
        "             Если тема содержит «счёт», то переместить в папку «Invoices».",
        "  мимо       правило «Later»",
        "             нет  тема содержит «акт»; в письме: «Счёт 17»",
        "  итог: перемещено в Invoices",
    ]
    (message,) = shell.json("rules", "explain", queue_id)
    assert list(message["sentences"]) == ["Invoices"]
    assert message["trace"]["result"] == "moved to Invoices"
    assert shell.fails(os.EX_NOINPUT, "rules", "explain", "nothing")[0].startswith(
        'error: "nothing": there is no rule of that name, and no message of that id (see: '
    )


def test_groups_are_switched_by_versions(shell: Shell) -> None:
    load(shell, rule("a", more='group = "News"'), rule("b", more='group = "News"'), rule("c"))
    assert shell.said("rules", "group", "off", "News") == (
        'group "News" is off: version 2 is in force\n'
    )
    assert shell.out("rules", "group", "list").splitlines() == [
        "Group  On  Rules",
        "News   no  a, b",
    ]
    assert [line.split()[3] for line in shell.out("rules", "list").splitlines()[1:]] == [
        "no",
        "no",
        "yes",
    ]
    assert shell.said("rules", "group", "off", "News") == (
        'nothing to change: group "News" is off\n'
    )
    assert '(group "News", switched off)' in shell.out("rules", "explain", "a")
    assert shell.said("rules", "undo").splitlines() == [
        'group "News" switched on',
        "version 3 is in force: the rules of version 1",
    ]
    shell.said("rules", "group", "off", "News")
    assert shell.said("rules", "group", "on", "News").endswith("version 5 is in force\n")
    assert shell.json("rules", "group", "list") == [
        {"name": "News", "on": True, "rules": ["a", "b"]}
    ]
    assert shell.fails(os.EX_NOINPUT, "rules", "group", "on", "Nobody") == [
        'error: group "Nobody": has no rules (bitrixmail rules group list shows which there are)'
    ]
    # A file says which groups are off; one that says nothing switches them on.
    news = rule("a", more='group = "News"')
    said = shell.said("rules", "import", "-", stdin=f'groups_off = ["News"]\n{news}')
    assert 'group "News" switched off' in said.splitlines()
    assert shell.out("rules", "export").startswith('groups_off = ["News"]')
    said = shell.said("rules", "import", "--keep", "-", stdin=rule("c"))
    assert said.splitlines() == ['rule "c" added', "version 7 is in force: 2 rules"]
    said = shell.said("rules", "import", "-", stdin=news)
    assert 'group "News" switched on' in said.splitlines()
    # With its last rule a group is gone, and so is that it was off.
    shell.said("rules", "group", "off", "News")
    load(shell, rule("c"))
    assert shell.json("rules", "group", "list") == []


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "ru_RU.UTF-8"}, "ru"),
        ({"LANG": "ru_RU.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "de_DE", "LC_MESSAGES": "ru"}, "ru"),
        ({"LANG": "ru_RU.UTF-8", "LC_ALL": ""}, "ru"),
    ],
)
def test_the_language_of_the_surroundings(environment: dict[str, str], language: str) -> None:
    assert language_of(environment) == language


def test_a_russian_surrounding_gives_a_russian_dry_run(shell: Shell) -> None:
    load(shell, rule())
    words = ["--config", str(shell.home / "bitrixmail.toml"), "rules", "test", "-"]
    words += ["--mailbox", "info@example.org"]
    russian = Composition({"LANG": "ru_RU.UTF-8"})
    done = CliRunner().invoke(root, words, input=LETTER, obj=russian)
    assert done.stdout.splitlines() == [
        "правила, версия 1",
        "  подошло    правило «Invoices»",
        "             да   тема содержит «счёт»; в письме: «Счёт 17»",
        "             действие: переместить в папку «Invoices»",
        "  итог: перемещено в Invoices",
    ]
    english = CliRunner().invoke(root, [*words, "--lang", "en"], input=LETTER, obj=russian)
    assert english.stdout.splitlines()[-1] == "  result: moved to Invoices"


@pytest.mark.parametrize(
    ("english", "russian"),
    [
        ("kept in INBOX", "оставлено в INBOX"),
        (
            "moved to A, tagged B, copied to C, D, marked as read, flagged, flagged $Work",
            (
                "перемещено в A, поставлена метка B, копия в C, D, отмечено прочитанным,"
                " отмечено флажком, поставлен флаг $Work"
            ),
        ),
        ("deleted (moved to Trash), unflagged", "удалено (перемещено в Trash), снят флажок"),
        ("discarded", "выброшено"),
        ("rejected: no, tagged too", "отказано: no, tagged too"),
        ("rejected", "отказано"),
        ("put into quarantine", "помещено в карантин"),
        ("something of tomorrow", "something of tomorrow"),
        ("", ""),
    ],
)
def test_results_in_russian(english: str, russian: str) -> None:
    assert trace_lines(Trace(result=english), "ru")[-1] == f"  итог: {russian}"


def test_a_whole_path_in_russian() -> None:
    test = TestResult("size", "greater", ("10MB",), "512", matched=False)
    late = "skipped: a regular expression took too long"
    trace = Trace(3, (RuleStep("a", matched=False, tests=(test,)),
                      RuleStep("b", matched=False, fault=late)), "kept in INBOX", 5, "a\nb")  # fmt: skip
    assert trace_lines(trace, "ru") == [
        "правила, версия 3",
        "  мимо       правило «a»",
        "             нет  размер больше 10MB; в письме: «512»",
        "  пропущено  правило «b»",
        "             регулярное выражение работало слишком долго",
        "  итог: оставлено в INBOX",
        "  примечание: a",
        "  примечание: b",
    ]
    assert trace_lines(Trace(), "ru")[1] == "  ни одно правило не проверялось"


MINE = PAGE.partition("## In words")[2].partition("## When a file is wrong")[0]


def test_the_commands_of_the_page_run(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shell.home)
    Path("rules.toml").write_text(rule("Invoices"))
    load(shell, rule("a"))
    load(shell, rule("Invoices", more='group = "Newsletters"'), rule("c"))
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", MINE, re.DOTALL | re.MULTILINE)
    commands = [line for kind, block in blocks if not kind for line in block.splitlines()]
    assert len(commands) == 12
    for command in commands:
        program, *words = shlex.split(command)
        if words[1:] == ["group", "list"]:
            shell.said("rules", "undo", "--to", "2")
        assert program == "bitrixmail"
        assert shell.run(*words).exit_code == 0, command


def test_the_sentences_of_the_page_are_those_of_its_first_rule(shell: Shell) -> None:
    first = re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert first is not None
    load(shell, first[1])
    (data,) = shell.json("rules", "explain")
    assert f"```sentences\n{data['en']}\n{data['ru']}\n```" in MINE


def test_every_code_of_lint_is_on_the_page() -> None:
    package = Path(__file__).parents[3] / "bitrixmail"
    rooms = ("rules/lint.py", "admin/rule_notes.py", "admin/rule_book.py")
    source = "".join((package / room).read_text("utf-8") for room in rooms)
    codes = re.findall(r'(?:WARNING|NOTE), "([a-z-]+)"', source)
    assert set(codes) == set(re.findall(r"^\| `([a-z-]+)` \|", MINE, re.MULTILINE))
    assert len(set(codes)) == 25


def test_a_name_that_is_nearly_right_is_told(shell: Shell) -> None:
    load(shell, rule("Счета", more='group = "News"'), rule("Invoices"))
    assert shell.fails(os.EX_NOINPUT, "rules", "explain", "счёта") == [
        (
            'error: "счёта": there is no rule of that name, and no message of that id'
            ' (did you mean "Счета"?)'
        )
    ]
    for word in ("on", "off"):
        assert shell.fails(os.EX_NOINPUT, "rules", "group", word, "new") == [
            'error: group "new": has no rules (did you mean "News"?)'
        ]
