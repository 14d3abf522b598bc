"""config: the settings in force, checked and shown."""

from __future__ import annotations

import os
import tomllib

from tests.unit.cli.conftest import Shell


def test_good_settings(shell: Shell) -> None:
    done = shell.run("config", "check")
    assert (done.exit_code, done.stdout) == (0, "the settings are good\n")
    assert done.stderr == f"read from {shell.home}/bitrixmail.toml\n"


def test_what_should_be_known_is_told(shell: Shell) -> None:
    done = shell.run(
        "--set", "listen.imap=tcp:143", "--set", "server.hostname=mx", "config", "check"
    )
    assert done.exit_code == 0
    warnings = [line for line in done.stderr.splitlines() if line.startswith("warning: ")]
    assert len(warnings) == 2
    assert "this version has no IMAP door" in warnings[0]


def test_all_faults_are_told_at_once(shell: Shell) -> None:
    wrong = ("--set", "smtp.max_sise=1MiB", "--set", "smtp.max_size=lots", "--set", "nonsense")
    for words in (("config", "check"), ("config", "show"), ("domain", "list")):
        told = "\n".join(shell.fails(os.EX_CONFIG, *wrong, *words))
        assert "error: --set nonsense: is not section.key=value (write it like --set" in told
        assert "error: smtp.max_size: 'lots' is not a size (write it like " in told
        assert 'error: smtp.max_sise: there is no such setting (did you mean "smtp.max_si' in told
        assert told.count("\n") == 2


def test_a_file_that_is_not_there(shell: Shell) -> None:
    (shell.home / "bitrixmail.toml").unlink()
    assert shell.fails(os.EX_CONFIG, "config", "check") == [
        (
            f"error: {shell.home}/bitrixmail.toml: No such file or directory"
            " (name another by --config, or make it: cp etc/bitrixmail.toml FILE)"
        )
    ]


def test_what_is_shown_is_a_file_of_the_same_settings(shell: Shell) -> None:
    change = ("--set", "log.levels=bitrixmail.smtp=debug", "--set", "smtp.max_size=1MiB")
    shown = shell.out(*change, "config", "show")
    tables = tomllib.loads(shown)
    assert tables["smtp"]["max_size"] == "1MiB"
    assert tables["log"]["levels"] == {"bitrixmail.smtp": "debug"}
    assert tables == shell.json(*change, "config", "show")
    (shell.home / "bitrixmail.toml").write_text(shown)
    assert shell.out("config", "show") == shown


def test_only_what_was_changed(shell: Shell) -> None:
    shown = shell.out("--set", "smtp.max_size=1MiB", "config", "show", "--changed")
    tables = tomllib.loads(shown)
    # The database lies in the data directory by itself.
    assert tables == {
        "server": {"hostname": "mx.example.org", "data_dir": str(shell.data_dir)},
        "smtp": {"max_size": "1MiB"},
    }


def test_the_options_before_the_command_win(shell: Shell) -> None:
    shown = shell.json("--data-dir", "/nowhere/var", "config", "show")
    assert shown["server"]["data_dir"] == "/nowhere/var"
    assert shown["database"]["url"] == "sqlite:////nowhere/var/bitrixmail.sqlite"


def test_passwords_are_shown_to_who_asks_for_them(shell: Shell) -> None:
    (shell.home / "bitrixmail.toml").open("a").write(
        '\n[outbound]\nsmarthost = "smtp.example.net"\nsmarthost_user = "you"\n'
        'smarthost_password = "geheim1"\n[[outbound.route]]\nname = "own"\ndomains = ["example.net"]\n'
        'to = "smtp.example.com"\nuser = "you"\npassword = "geheim2"\n'
        '[actions]\nsecrets = { crm = "geheim3" }\n'
    )
    for words in ((), ("--json",), ("--changed",)):
        shown = shell.out("config", "show", *words)
        assert "geheim" not in shown
        assert shown.count("(hidden; config show --secrets)") == 3
    tables = tomllib.loads(shell.out("config", "show", "--secrets"))
    assert tables["actions"]["secrets"] == {"crm": ["geheim3"]}
    outbound = tables["outbound"]
    assert outbound["smarthost_password"] == "geheim1"
    assert outbound["route"][0]["password"] == "geheim2"


def test_a_file_of_a_password_is_looked_for(shell: Shell) -> None:
    change = [
        word
        for key in ("smarthost=smtp.example.net", "smarthost_user=u", "smarthost_password_file=/x")
        for word in ("--set", f"outbound.{key}")
    ]
    (line,) = shell.fails(os.EX_CONFIG, *change, "config", "check")
    assert "outbound.smarthost_password_file: /x: No such file" in line
    assert "smarthost_password_file" in shell.out(*change, "config", "show", "--changed")


def test_all_that_settings_name_is_looked_for_at_once(shell: Shell) -> None:
    change = [
        word
        for assignment in (
            "smtp.max_size=lots",
            "outbound.smarthost=smtp.example.net",
            "outbound.smarthost_user=u",
            "outbound.smarthost_password_file=/nosuch/password",
            'actions.secret_files={ crm = "/nosuch/a", shop = "/nosuch/b" }',
            'commands.x.argv=["/bin/true"]',
            "commands.x.user=nosuchuser",
            "commands.x.directory=/nosuch/directory",
            "extensions.enabled=nosuch,neither",
        )
        for word in ("--set", assignment)
    ]
    lines = shell.fails(os.EX_CONFIG, *change, "config", "check")
    assert [line.partition(" (")[0].partition("; installed")[0] for line in lines] == [
        "error: smtp.max_size: 'lots' is not a size",
        "error: outbound.smarthost_password_file: /nosuch/password: No such file or directory",
        "error: actions.secret_files.crm: /nosuch/a: No such file or directory",
        "error: actions.secret_files.shop: /nosuch/b: No such file or directory",
        'error: commands.x.user: "nosuchuser" is no user of this machine',
        "error: commands.x.directory: /nosuch/directory is no directory",
        'error: extensions.enabled: there is no extension "nosuch"',
        'error: extensions.enabled: there is no extension "neither"',
    ]
    # Who only wants to see them needs none of it
    assert "nosuchuser" in shell.out(*change[2:], "config", "show", "--changed")
