"""A site as a file: read with every fault, written so that it is read back."""

from __future__ import annotations

import pytest

from bitrixmail.admin.site_file import Site, dump_site, parse_site
from bitrixmail.model.directory import Alias, Credential, Domain, Mailbox
from bitrixmail.model.errors import InputError
from bitrixmail.model.rule import Action, All, Rule, RuleSet, Test
from tests.unit.admin.conftest import faults

CREDENTIAL = Credential("$argon2id$v=19$x", "SCRAM-SHA-256$1:a$b:c")


def told(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        parse_site(text, "s.toml")
    return faults(caught)


def test_an_empty_file_is_an_empty_site() -> None:
    assert parse_site("# nothing\n", "s.toml") == Site()
    assert dump_site((), (), (), RuleSet()) == ""


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ('"a@example.org"', "is no list of addresses"),
        ('["a@@example.org"]', "may_send_as"),
        ('["@"]', "may_send_as"),
        (str([f"u{number}@x.org" for number in range(1001)]), "are more than 1000"),
    ],
)
def test_as_whom_a_mailbox_may_send(value: str, fault: str) -> None:
    (said,) = told(f'[[mailbox]]\naddress = "a@example.org"\nmay_send_as = {value}\n')
    assert fault in said


def test_what_is_written_is_read_back() -> None:
    domains = (Domain("example.org", catch_all="a@example.org"), Domain("b.org", "example.org"))
    mailboxes = (
        (Mailbox(1, "a@example.org", has_password=True), CREDENTIAL),
        (Mailbox(2, "b@example.org", False, 5 * 2**20, 30, True, 'с "кавычками" \\'), None),
        (Mailbox(3, "c@example.org"), Credential("$argon2id$y", "")),
    )
    aliases = (Alias("s@example.org", ("a@example.org", "b+X@example.org")),)
    rules = RuleSet(0, (Rule("x", All((Test("subject", "exists"),)), (Action("flag"),)),))
    site = parse_site(dump_site(domains, mailboxes, aliases, rules), "s.toml")
    assert tuple(wanted.domain for wanted in site.domains) == domains
    assert site.rules == rules
    assert [alias.targets for alias in site.aliases] == [("a@example.org", "b+x@example.org")]
    first, second, third = site.mailboxes
    assert (first.mailbox, first.credential, first.given) == (
        Mailbox(0, "a@example.org"),
        CREDENTIAL,
        frozenset(),
    )
    assert second.mailbox == Mailbox(
        0, "b@example.org", False, 5 * 2**20, 30, True, mailboxes[1][0].description
    )
    assert second.given == {
        "active",
        "quota_octets",
        "retention_days",
        "plus_folders",
        "description",
    }
    assert third.credential == Credential("$argon2id$y", "")


def test_only_what_stands_there_is_given() -> None:
    text = (
        '[[mailbox]]\naddress = "a@b.org"\nquota = 0\n[[domain]]\nname = "b.org"\ncatch_all = ""\n'
    )
    site = parse_site(text, "s.toml")
    assert site.mailboxes[0].given == {"quota_octets"}
    assert site.domains[0].given == {"catch_all"}


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("[[domain", ["s.toml: is not TOML: "]),
        ("x = " + "[" * 5000, ["s.toml: is n"]),
        ("domain = 3", ["s.toml: domain: is no list of tables (write [[domain]])"]),
        ("[domain]\nname = 'x'", ["s.toml: domain: is no list of tables (write [[domain]])"]),
        ("rule = 3", ["s.toml: rule: is no list (write [[rule]])"]),
        (
            "domains = []\n'\\u001b' = 1",
            [
                's.toml: domains: is not known here (did you mean "domain"?)',
                "s.toml: \\u001b: is not known here (use one of",
            ],
        ),
        ("[[domain]]", ["s.toml: domain 1: name: is missing (for example"]),
        ("[[domain]]\nname = 3", ["s.toml: domain 1: name: must be a text"]),
        (
            "[[domain]]\nname = 'a b'\n[[mailbox]]\naddress = 'c'",
            ['s.toml: domain 1: name "a b": not a domain', 's.toml: mailbox 1: address "c": is'],
        ),
        (
            "[[domain]]\nname = 'a.org'\nalias_of = 'b.org'\ncatch_all = 'c@b.org'",
            ["s.toml: domain 1: catch_all: stands beside alias_of (leave one of them out)"],
        ),
        (
            "[[domain]]\nname = 'a.org'\n[[domain]]\nname = 'A.org'",
            ["s.toml: domain a.org: stands there twice (leave one of them out)"],
        ),
        (
            "[[mailbox]]\naddress = 'a@b.org'\nactive = 'yes'\nretention = -1",
            [
                "s.toml: mailbox 1: active: must be true or false (write it without quotes)",
                's.toml: mailbox 1: retention "-1": is not a number of days',
            ],
        ),
        (
            "[[mailbox]]\naddress = 'a@b.org'\npassword = ''",
            ["s.toml: mailbox 1: password: is empty"],
        ),
        (
            "[[mailbox]]\naddress = 'a@b.org'\npassword = 'x'\npassword_hash = '$argon2id$x'",
            ["s.toml: mailbox 1: password: stands beside password_hash"],
        ),
        (
            "[[mailbox]]\naddress = 'a@b.org'\nscram_verifier = 'SCRAM-SHA-256$x'",
            ["s.toml: mailbox 1: scram_verifier: stands without password_hash"],
        ),
        (
            "[[mailbox]]\naddress = 'a@b.org'\npassword_hash = 'secret'",
            ["s.toml: mailbox 1: password_hash: does not start with $argon2id$ (take it from"],
        ),
        ("[[alias]]\naddress = 'a@b.org'", ["s.toml: alias 1: targets: are missing (for example"]),
        (
            "[[alias]]\naddress = 'a@b.org'\ntargets = 'c@b.org'",
            ["s.toml: alias 1: targets: is no list of addresses"],
        ),
        (
            "[[alias]]\naddress = 'a+x@b.org'\ntargets = ['c']",
            [
                's.toml: alias 1: address "a+x@b.org": has a +',
                's.toml: alias 1: targets "c": is not',
            ],
        ),
        ("[[alias]]\naddress = 'a@b.org'\ntargets = []", ["s.toml: alias 1: targets: are missing"]),
        (
            f"[[alias]]\naddress = 'a@b.org'\ntargets = {['x@b.org'] * 1001}",
            ["s.toml: alias 1: targets: are more than 1000"],
        ),
        ("[[rule]]\nname = 'x'", ['s.toml: rule "x": action: is missing']),
    ],
)
def test_every_fault_with_its_place(text: str, lines: list[str]) -> None:
    found = told(text)
    assert len(found) == len(lines), found
    for line, start in zip(found, lines, strict=True):
        assert line.startswith(start)
        assert line.endswith(")")
        assert line.isprintable()


def test_a_secret_is_not_told_with_its_fault() -> None:
    text = "[[mailbox]]\naddress = 'a@b.org'\npassword = \"sec\\u0007ret\"\n"
    (line,) = told(text)
    assert line.startswith("s.toml: mailbox 1: password: has control characters")
    assert "ret" not in line


def test_too_much_is_not_read() -> None:
    assert told("#" * (64 * 2**20 + 1)) == ["s.toml: has more than 67108864 characters (split it)"]
