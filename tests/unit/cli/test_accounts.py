"""domain, mailbox, alias: what they do, print and refuse."""

from __future__ import annotations

import os

import pytest

from tests.unit.cli.conftest import Shell

LETTER = b"From: a@example.net\r\nSubject: hello\r\n\r\nbody\r\n"


def test_a_domain_comes_with_postmaster_and_abuse(shell: Shell) -> None:
    said = shell.said("domain", "add", "Пример.РФ")
    assert said.startswith("domain xn--e1afmkfd.xn--p1ai added")
    assert [each["address"] for each in shell.json("mailbox", "list", "пример.рф")] == [
        "postmaster@xn--e1afmkfd.xn--p1ai"
    ]
    assert shell.json("alias", "list", "пример.рф") == [
        {
            "address": "abuse@xn--e1afmkfd.xn--p1ai",
            "targets": ["postmaster@xn--e1afmkfd.xn--p1ai"],
        }
    ]


def test_domains_are_listed(shell: Shell) -> None:
    shell.said("domain", "add", "example.com", "--alias-of", "example.org")
    shell.said("domain", "add", "example.net", "--catch-all", "postmaster@example.net")
    assert shell.json("domain", "list") == [
        {"name": "example.com", "alias_of": "example.org", "catch_all": ""},
        {"name": "example.net", "alias_of": "", "catch_all": "postmaster@example.net"},
        {"name": "example.org", "alias_of": "", "catch_all": ""},
    ]
    assert shell.out("domain", "list").splitlines() == [
        "Domain       Alias of     Catch-all",
        "example.com  example.org  -",
        "example.net  -            postmaster@example.net",
        "example.org  -            -",
    ]


def test_a_catch_all_is_set_and_taken_back(shell: Shell) -> None:
    said = shell.said("domain", "catch-all", "example.org", "info@example.org")
    assert said == "domain example.org: unknown addresses go to info@example.org\n"
    assert shell.json("domain", "list")[0]["catch_all"] == "info@example.org"
    said = shell.said("domain", "catch-all", "example.org", "--none")
    assert said == "domain example.org: unknown addresses are refused\n"
    assert shell.json("domain", "list")[0]["catch_all"] == ""


@pytest.mark.parametrize(
    ("code", "words", "line"),
    [
        (
            os.EX_DATAERR,
            ("domain", "add", "exa mple"),
            'error: domain "exa mple": not a domain name (write it like example.org)',
        ),
        (
            os.EX_CANTCREAT,
            ("domain", "add", "example.org"),
            "error: example.org: is a domain already",
        ),
        (
            os.EX_NOUSER,
            ("domain", "add", "example.net", "--alias-of", "nowhere.example"),
            (
                "error: domain nowhere.example: is not a domain here"
                " (first: bitrixmail domain add nowhere.example)"
            ),
        ),
        (
            os.EX_DATAERR,
            ("domain", "catch-all", "example.org", "nobody@example.org"),
            (
                "error: catch-all nobody@example.org: nobody has this address"
                " (first: bitrixmail mailbox add nobody@example.org)"
            ),
        ),
        (
            os.EX_USAGE,
            ("domain", "catch-all", "example.org"),
            "error: name an address, or give --none (see bitrixmail domain catch-all --help)",
        ),
        (
            os.EX_NOUSER,
            ("domain", "remove", "example.net"),
            (
                "error: domain example.net: is not a domain here"
                " (first: bitrixmail domain add example.net)"
            ),
        ),
        (
            os.EX_DATAERR,
            ("mailbox", "add", "info"),
            'error: mailbox "info": is not an address (write it like info@example.org)',
        ),
        (
            os.EX_CANTCREAT,
            ("mailbox", "add", "info@example.org"),
            "error: info@example.org: is a mailbox already",
        ),
        (
            os.EX_CANTCREAT,
            ("mailbox", "add", "abuse@example.org"),
            (
                "error: abuse@example.org: is an alias already"
                " (bitrixmail alias remove abuse@example.org)"
            ),
        ),
        (
            os.EX_NOUSER,
            ("mailbox", "add", "info@example.net"),
            "error: example.net: no such domain (bitrixmail domain add example.net)",
        ),
        (
            os.EX_NOUSER,
            ("mailbox", "list", "example.net"),
            (
                "error: domain example.net: is not a domain here"
                " (first: bitrixmail domain add example.net)"
            ),
        ),
        (
            os.EX_NOUSER,
            ("mailbox", "password", "who@example.org", "--none"),
            (
                "error: mailbox who@example.org: there is none"
                " (bitrixmail mailbox list shows those there are)"
            ),
        ),
        (
            os.EX_USAGE,
            ("mailbox", "password", "info@example.org"),
            (
                "error: there is no terminal to ask at: give --password-stdin"
                " (see bitrixmail mailbox password --help)"
            ),
        ),
        (
            os.EX_USAGE,
            ("mailbox", "password", "info@example.org", "--none", "--password-stdin"),
            (
                "error: --password-stdin stands beside --none: leave one out"
                " (see bitrixmail mailbox password --help)"
            ),
        ),
        (
            os.EX_USAGE,
            ("mailbox", "add", "x@example.org", "--password-stdin"),
            (
                "error: no password on standard input: printf 'secret word' | bitrixmail …"
                " (see bitrixmail mailbox add --help)"
            ),
        ),
        (
            os.EX_USAGE,
            ("mailbox", "set", "info@example.org"),
            "error: say what to change, for example --quota 2GiB (see bitrixmail mailbox set --help)",
        ),
        (
            os.EX_DATAERR,
            ("mailbox", "remove", "postmaster@example.org"),
            (
                "error: mailbox postmaster@example.org: must exist in every domain (RFC 5321 §4.5.1)"
                " (it goes with its domain: bitrixmail domain remove example.org)"
            ),
        ),
        (
            os.EX_DATAERR,
            ("alias", "add", "sales@example.org", "boss@example.com"),
            (
                "error: target boss@example.com: example.com is not a domain here (targets are addresses"
                " of this server; first: bitrixmail domain add example.com)"
            ),
        ),
        (
            os.EX_CANTCREAT,
            ("alias", "add", "info@example.org", "shop@example.org"),
            (
                "error: info@example.org: is a mailbox already"
                " (bitrixmail mailbox remove info@example.org)"
            ),
        ),
        (
            os.EX_NOUSER,
            ("alias", "remove", "sales@example.org"),
            "error: sales@example.org: no such alias (see: bitrixmail alias list)",
        ),
    ],
)
def test_what_is_refused_and_how(
    shell: Shell, code: int, words: tuple[str, ...], line: str
) -> None:
    assert shell.fails(code, *words) == [line]


def test_every_fault_of_a_mailbox_is_told(shell: Shell) -> None:
    wrong = ("--quota", "lots", "--retention", "soon", "--description", "a\nb")
    assert shell.fails(os.EX_DATAERR, "mailbox", "set", "info@example.org", *wrong) == [
        'error: quota "lots": is not a size (write it like "500MiB" or "2GiB"; 0 means no limit)',
        'error: retention "soon": is not a number of days (write it like "30d"; 0 means for ever)',
        "error: description: must be one line of at most 500 characters (shorten it)",
    ]


def test_a_mailbox_with_all_that_can_be_said_of_it(shell: Shell) -> None:
    options = ("--quota", "2GiB", "--retention", "30d", "--description", "Бухгалтерия")
    words = ("mailbox", "add", "Счета@example.org", "--password-stdin", "--inactive")
    said = shell.said(*words, *options, "--plus-folders", stdin="secret word\n")
    assert said == "mailbox счета@example.org added\n"
    assert shell.json("mailbox", "list")[-1] == {
        "address": "счета@example.org",
        "active": False,
        "has_password": True,
        "used_octets": 0,
        "quota_octets": 2 * 2**30,
        "retention_days": 30,
        "plus_folders": True,
        "description": "Бухгалтерия",
    }
    line = shell.out("mailbox", "list").splitlines()[-1]
    assert line.split() == [
        *("счета@example.org", "no", "yes", "0", "B", "2.0", "GiB", "30", "d", "yes"),
        "Бухгалтерия",
    ]


def test_without_a_terminal_and_a_password_it_says_that_there_is_none(shell: Shell) -> None:
    assert shell.said("mailbox", "add", "x@example.org").splitlines() == [
        "mailbox x@example.org added",
        "it has no password, so nobody can log in yet (bitrixmail mailbox password x@example.org)",
    ]
    by_address = {each["address"]: each for each in shell.json("mailbox", "list")}
    assert by_address["x@example.org"]["has_password"] is False


def test_a_password_is_set_and_removed(shell: Shell) -> None:
    password = ("mailbox", "password", "info@example.org")
    assert shell.said(*password, "--password-stdin", stdin="x\n").splitlines() == [
        "mailbox info@example.org: password set",
        "warning: a password of fewer than 8 characters is soon guessed",
    ]
    said = shell.said(*password, "--password-stdin", stdin="tëst pass\nsecond line\n")
    assert said == "mailbox info@example.org: password set\n"
    site = '[[domain]]\nname = "example.org"\n[[mailbox]]\naddress = "info@example.org"\n'
    # It is this one, and neither more nor less than the first line.
    assert shell.said("apply", "-", stdin=f'{site}password = "tëst pass"\n').startswith("nothing")
    assert shell.said(*password, "--none") == "mailbox info@example.org: password removed\n"
    assert not any(each["has_password"] for each in shell.json("mailbox", "list"))


@pytest.mark.parametrize(
    ("stdin", "line"),
    [
        (b"\xff\n", "error: the password on standard input is not UTF-8"),
        (b"a\x07b\n", "error: password: has control characters or broken letters"),
        ("x" * 600 + "\n", "error: password: a password has at most 512 octets"),
    ],
)
def test_what_can_not_be_a_password(shell: Shell, stdin: str | bytes, line: str) -> None:
    done = shell.run("mailbox", "add", "x@example.org", "--password-stdin", stdin=stdin)
    assert done.exit_code in (os.EX_USAGE, os.EX_DATAERR)
    assert done.stderr.startswith(line)
    assert "x@example.org" not in shell.out("mailbox", "list")


def test_what_is_said_of_a_mailbox_is_changed_and_the_rest_stays(shell: Shell) -> None:
    shell.said("mailbox", "set", "shop@example.org", "--quota", "1MiB", "--inactive")
    shell.said("mailbox", "set", "shop@example.org", "--description", "Shop")
    found = shell.json("mailbox", "list")[-1]
    assert (found["quota_octets"], found["active"], found["plus_folders"]) == (2**20, False, True)
    shell.said("mailbox", "set", "shop@example.org", "--no-plus-folders", "--active")
    found = shell.json("mailbox", "list")[-1]
    assert (found["active"], found["plus_folders"], found["description"]) == (True, False, "Shop")


def test_what_holds_mail_is_not_removed_without_a_word(shell: Shell) -> None:
    shell.deliver(LETTER, "info@example.org")
    (line,) = shell.fails(os.EX_USAGE, "mailbox", "remove", "info@example.org")
    assert line.startswith("error: mailbox info@example.org holds ")
    assert "(info@example.org): to remove it with its mail give --yes" in line
    (line,) = shell.fails(os.EX_USAGE, "domain", "remove", "example.org")
    assert line.startswith("error: domain example.org holds ")
    assert shell.said("mailbox", "remove", "info@example.org", "--yes") == (
        "mailbox info@example.org removed\n"
    )
    # Nothing is left to ask about.
    assert shell.said("domain", "remove", "example.org") == "domain example.org removed\n"
    assert shell.json("domain", "list") == []


def test_a_mailbox_that_others_lead_to_stays(shell: Shell) -> None:
    shell.said("alias", "add", "sales@example.org", "info@example.org")
    shell.said("domain", "catch-all", "example.org", "shop@example.org")
    assert shell.fails(os.EX_DATAERR, "mailbox", "remove", "info@example.org") == [
        (
            "error: mailbox info@example.org: the alias sales@example.org leads to it (first:"
            " bitrixmail alias remove sales@example.org, or give it other targets)"
        )
    ]
    assert shell.fails(os.EX_DATAERR, "mailbox", "remove", "shop@example.org") == [
        (
            "error: mailbox shop@example.org: it is the catch-all of example.org (first:"
            " bitrixmail domain catch-all example.org --none)"
        )
    ]


def test_aliases_are_added_changed_and_removed(shell: Shell) -> None:
    add = ("alias", "add", "sales@example.org")
    assert shell.said(*add, "info@example.org", "shop+Orders@example.org") == (
        "alias sales@example.org added: to info@example.org, shop+orders@example.org\n"
    )
    assert shell.said(*add, "shop@example.org").startswith("alias sales@example.org changed")
    assert shell.json("alias", "list")[-1] == {
        "address": "sales@example.org",
        "targets": ["shop@example.org"],
    }
    assert shell.out("alias", "list").splitlines()[-1] == "sales@example.org  shop@example.org"
    assert shell.said("alias", "remove", "sales@example.org") == "alias sales@example.org removed\n"


def test_an_alias_that_leads_back_to_itself_is_refused(shell: Shell) -> None:
    shell.said("alias", "add", "a@example.org", "info@example.org")
    shell.said("alias", "add", "b@example.org", "a@example.org")
    assert shell.fails(os.EX_DATAERR, "alias", "add", "a@example.org", "b@example.org") == [
        (
            "error: alias a@example.org: leads back to itself: a@example.org → b@example.org →"
            " a@example.org (take one of them out of the circle)"
        )
    ]
