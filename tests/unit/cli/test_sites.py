"""apply and export: a site as a file, again and again."""

from __future__ import annotations

import os
from pathlib import Path

from tests.unit.cli.conftest import Shell

EXAMPLE = Path(__file__).parents[3] / "etc/site.example.toml"
SITE = """\
[[domain]]
name = "example.org"
[[mailbox]]
address = "info@example.org"
password = "correct horse"
quota = "1GiB"
[[mailbox]]
address = "new@example.org"
[[alias]]
address = "sales@example.org"
targets = ["new@example.org"]
"""


def test_the_example_applied_twice_changes_nothing_the_second_time(shell: Shell) -> None:
    done = shell.run("apply", str(EXAMPLE))
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "added domain xn--e1afmkfd.xn--p1ai",
        (
            'changed mailbox info@example.org: description "Reception", plus_folders on, quota 2GiB,'
            " retention 365d"
        ),
        "added mailbox archive@example.org",
        ('changed mailbox postmaster@example.org: description "What goes wrong with the mail"'),
        "changed mailbox shop@example.org: may send as orders@example.org, @xn--e1afmkfd.xn--p1ai",
        "added alias sales@example.org: info@example.org, postmaster@example.org",
        'changed domain example.org: catch_all "info@example.org"',
        "added rule Invoices",
        "added rule Newsletters",
    ]
    assert shell.said("apply", str(EXAMPLE)) == "nothing to change: all is as the file says\n"


def test_passwords_are_kept_as_verifiers_and_go_out_only_when_asked_for(shell: Shell) -> None:
    shell.out("apply", "-", stdin=SITE)
    assert shell.said("apply", "-", stdin=SITE).startswith("nothing to change")
    assert "changed mailbox info@example.org: password" in shell.out(
        "apply", "-", stdin=SITE.replace("correct", "wrong")
    )
    assert "password" not in shell.out("export")
    exported = shell.out("export", "--with-secrets")
    assert "horse" not in exported
    assert exported.count("password_hash") == exported.count("scram_verifier") == 1


def test_an_export_makes_the_same_site_elsewhere(shell: Shell, tmp_path: Path) -> None:
    shell.out("apply", str(EXAMPLE))
    shell.out("apply", "-", stdin=SITE)
    exported = shell.out("export", "--with-secrets")
    file = tmp_path / "site.toml"
    file.write_text(exported)
    elsewhere = ("--data-dir", str(tmp_path / "elsewhere"))
    shell.out(*elsewhere, "apply", str(file))
    assert shell.out(*elsewhere, "export", "--with-secrets") == exported
    assert shell.said(*elsewhere, "apply", str(file)).startswith("nothing to change")


def test_of_a_mailbox_that_is_switched_off_no_password_is_written(shell: Shell) -> None:
    shell.out("apply", "-", stdin=SITE)
    shell.said("mailbox", "set", "info@example.org", "--inactive")
    done = shell.run("export", "--with-secrets")
    assert done.stderr == (
        "note: mailbox info@example.org: is switched off: its password is left out"
        " (bitrixmail mailbox set info@example.org --active, then export)\n"
    )
    assert "password_hash" not in done.stdout


def test_every_fault_is_told_and_nothing_done(shell: Shell) -> None:
    wrong = (
        SITE.replace("correct horse", "x" * 600).replace('["new@', '["nobody@')
        + '[[mailbox]]\naddress = "a@example.net"\n[[mailbox]]\naddress = "abuse@example.org"\n'
    )
    assert shell.fails(os.EX_DATAERR, "apply", "-", stdin=wrong) == [
        (
            "error: mailbox info@example.org: password: a password has at most 512 octets"
            " (choose another)"
        ),
        (
            "error: mailbox a@example.net: example.net is not a domain here"
            ' (add [[domain]] name = "example.net")'
        ),
        (
            "error: mailbox abuse@example.org: an alias has this address"
            " (leave one out, or first: bitrixmail alias remove abuse@example.org)"
        ),
        (
            "error: alias sales@example.org: target nobody@example.org: nobody has this address"
            ' (add [[mailbox]] address = "nobody@example.org")'
        ),
    ]
    assert "new@example.org" not in shell.out("mailbox", "list")


def test_a_file_that_is_no_site(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "site.toml"
    file.write_text('[[mailboxes]]\naddress = "x"\n[[mailbox]]\nadress = "x"\nquota = "much"\n')
    assert shell.fails(os.EX_DATAERR, "apply", str(file)) == [
        f'error: {file}: mailboxes: is not known here (did you mean "mailbox"?)',
        f'error: {file}: mailbox 1: adress: is not known here (did you mean "address"?)',
        (
            f"error: {file}: mailbox 1: address: is missing (for example"
            ' address = "info@example.org")'
        ),
        (
            f'error: {file}: mailbox 1: quota "much": is not a size (write it like "500MiB" or'
            ' "2GiB"; 0 means no limit)'
        ),
    ]
