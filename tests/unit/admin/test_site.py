"""A site brought to what a file says."""

from __future__ import annotations

import itertools

import pytest

from bitrixmail.admin.accounts import MailboxOptions
from bitrixmail.model.directory import Credential
from bitrixmail.model.errors import InputError
from tests.fakes.stores import result_of
from tests.unit.admin.conftest import House, faults

SITE = """\
[[domain]]
name = "example.com"
alias_of = "example.org"
[[domain]]
name = "example.org"
catch_all = "new@example.org"
[[mailbox]]
address = "new@example.org"
password = "secret-word"
quota = "1MiB"
[[mailbox]]
address = "postmaster@example.org"
description = "Ours"
[[alias]]
address = "a@example.org"
targets = ["b@example.org"]
[[alias]]
address = "b@example.org"
targets = ["new+x@example.com"]
[[rule]]
name = "Bills"
mailbox = "new@example.org"
  [[rule.action]]
  do = "flag"
"""


def apply(house: House, text: str) -> list[str]:
    """Apply a site; return what changed, a line each."""
    return [
        " ".join(filter(None, (change.what, change.kind, change.name, change.detail)))
        for change in result_of(house.sites.apply(text, "s.toml", "ann"))
    ]


def refused(house: House, text: str) -> list[str]:
    """Apply a site in which something is wrong; make sure that nothing was done."""
    before = export(house)
    with pytest.raises(InputError) as caught:
        apply(house, text)
    assert export(house) == before
    return faults(caught)


def export(house: House) -> str:
    return result_of(house.sites.export(with_secrets=True)).text


def test_a_site_is_made_and_a_second_time_nothing_changes(bare: House) -> None:
    assert apply(bare, SITE) == [
        "added domain example.org",
        "added domain example.com",
        "added mailbox new@example.org",
        'added mailbox postmaster@example.org description "Ours"',
        "added alias b@example.org new+x@example.com",
        "added alias a@example.org b@example.org",
        'changed domain example.org catch_all "new@example.org"',
        "added rule Bills",
    ]
    exported = export(bare)
    assert apply(bare, SITE) == []
    assert export(bare) == exported


def test_an_export_is_a_site_that_changes_nothing(bare: House) -> None:
    apply(bare, SITE)
    assert apply(bare, export(bare)) == []
    assert apply(bare, result_of(bare.sites.export(with_secrets=False)).text) == []


def test_grants_are_made_and_stay(house: House) -> None:
    def text(*addresses: str) -> str:
        return f'[[mailbox]]\naddress = "shop@example.org"\nmay_send_as = {[*addresses]}\n'

    assert apply(house, text("Sales@Example.org", "@почта.рф")) == [
        "changed mailbox shop@example.org may send as sales@example.org, @xn--80a1acny.xn--p1ai"
    ]
    assert apply(house, text("sales@example.org")) == []
    assert apply(house, text("sales@example.org", "b@example.org")) == [
        "changed mailbox shop@example.org may send as b@example.org"
    ]
    assert 'may_send_as = ["@xn--80a1acny.xn--p1ai", "b@example.org", "sales@example.org"]' in (
        export(house)
    )
    assert apply(house, export(house)) == []
    many = [f"u{number}@example.net" for number in range(998)]
    assert "would be more than 1000 with those granted before" in refused(house, text(*many))[0]


def test_what_the_file_does_not_say_stays(house: House) -> None:
    result_of(house.accounts.set_password("info@example.org", "kept as it is"))
    result_of(house.accounts.change_mailbox("info@example.org", MailboxOptions("7MiB", "7d")))
    text = '[[mailbox]]\naddress = "info@example.org"\nretention = "8d"\n'
    assert apply(house, text) == ["changed mailbox info@example.org retention 8d"]
    mailbox = result_of(house.accounts.mailbox("info@example.org"))
    assert (mailbox.quota_octets, mailbox.retention_days) == (7 * 2**20, 8)
    assert house.credential("info@example.org") is not None
    assert len(result_of(house.accounts.mailboxes(None))) == 3


def test_a_password_is_only_set_if_it_differs(house: House) -> None:
    text = '[[mailbox]]\naddress = "info@example.org"\npassword = "{}"\n'
    assert apply(house, text.format("number one")) == ["changed mailbox info@example.org password"]
    assert apply(house, text.format("number one")) == []
    assert apply(house, text.format("number two")) == ["changed mailbox info@example.org password"]
    verifier = '[[mailbox]]\naddress = "info@example.org"\npassword_hash = "$argon2id$of-three"\n'
    assert apply(house, verifier) == ["changed mailbox info@example.org password"]
    found = house.credential("info@example.org")
    assert found is not None
    assert (found.password_hash, found.scram_verifier) == ("$argon2id$of-three", "")
    assert apply(house, verifier) == []


def test_a_password_must_be_long_unless_it_is_in_force(house: House) -> None:
    text = '[[mailbox]]\naddress = "{}"\npassword = "seven l"\n'
    for address in ("new@example.org", "info@example.org"):
        said = refused(house, text.format(address))
        place = f"mailbox {address}: password"
        assert said == [f"{place}: is shorter than 8 characters (choose a longer one)"]
    # From a time when it was allowed
    old = Credential("$argon2id$of-seven l", "")
    result_of(house.stores.directory.set_credential("info@example.org", old))
    assert apply(house, text.format("info@example.org")) == []


def test_a_mailbox_is_switched_on_with_its_password(house: House) -> None:
    result_of(house.accounts.change_mailbox("info@example.org", MailboxOptions(active=False)))
    result_of(house.accounts.set_password("info@example.org", "old and long"))
    text = '[[mailbox]]\naddress = "info@example.org"\nactive = true\npassword = "new and long"\n'
    assert apply(house, text) == ["changed mailbox info@example.org active on, password"]


def test_a_new_domain_may_have_its_own_abuse_mailbox(bare: House) -> None:
    text = '[[domain]]\nname = "example.org"\n[[mailbox]]\naddress = "abuse@example.org"\n'
    assert apply(bare, text) == ["added domain example.org", "added mailbox abuse@example.org"]
    assert result_of(bare.accounts.aliases(None)) == ()


def test_a_way_may_be_turned_round_in_one_go(house: House) -> None:
    apply(house, '[[domain]]\nname = "example.com"\nalias_of = "example.org"\n')

    def way(*names: str) -> str:
        return "".join(
            f'[[alias]]\naddress = "{name}@example.org"\ntargets = ["{target}+x@example.com"]\n'
            for name, target in itertools.pairwise(names)
        )

    apply(house, way("a", "b", "c", "info"))
    assert apply(house, way("c", "b", "a", "info")) == [
        "changed alias a@example.org info+x@example.com",
        "changed alias b@example.org a+x@example.com",
        "changed alias c@example.org b+x@example.com",
    ]
    assert apply(house, way("c", "b", "a", "info")) == []
    assert "leads back to itself: a@" in refused(house, way("a", "c"))[0]


def test_rules_are_added_and_changed_but_not_removed(house: House) -> None:
    rule = '[[rule]]\nname = "{}"\n  [[rule.action]]\n  do = "{}"\n'
    assert apply(house, rule.format("one", "flag")) == ["added rule one"]
    assert apply(house, rule.format("two", "flag")) == ["added rule two"]
    assert apply(house, rule.format("one", "mark_read")) == ["changed rule one"]
    assert [each.name for each in result_of(house.rules.current()).rules] == ["one", "two"]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (
            (
                '[[mailbox]]\naddress = "a@example.net"\n[[alias]]\naddress = "b@example.net"\n'
                'targets = ["c@example.com"]\n'
            ),
            [
                (
                    "mailbox a@example.net: example.net is not a domain here"
                    ' (add [[domain]] name = "example.net")'
                ),
                (
                    "alias b@example.net: example.net is not a domain here"
                    ' (add [[domain]] name = "example.net")'
                ),
                (
                    "alias b@example.net: target c@example.com: example.com is not a domain here"
                    " (name an address of this server)"
                ),
            ],
        ),
        (
            (
                '[[domain]]\nname = "example.com"\nalias_of = "example.org"\n'
                '[[mailbox]]\naddress = "a@example.com"\n'
            ),
            [
                (
                    "mailbox a@example.com: example.com only stands for example.org"
                    " (make the address in example.org)"
                )
            ],
        ),
        (
            '[[domain]]\nname = "example.org"\ncatch_all = "who@example.org"\n',
            [
                (
                    "domain example.org: catch_all who@example.org: nobody has this address"
                    ' (add [[mailbox]] address = "who@example.org")'
                )
            ],
        ),
        (
            '[[domain]]\nname = "a.example"\nalias_of = "b.example"\n',
            [
                (
                    "domain a.example: alias_of: b.example is not a domain here"
                    ' (add [[domain]] name = "b.example")'
                )
            ],
        ),
        (
            (
                '[[domain]]\nname = "a.example"\nalias_of = "b.example"\n'
                '[[domain]]\nname = "b.example"\nalias_of = "example.org"\n'
            ),
            [
                (
                    "domain a.example: alias_of: b.example stands for another itself"
                    " (name the domain that has the mailboxes)"
                )
            ],
        ),
        (
            (
                '[[domain]]\nname = "b.example"\n'
                '[[domain]]\nname = "example.org"\nalias_of = "b.example"\n'
            ),
            [
                (
                    "domain example.org: alias_of: the domain has addresses of its own already"
                    " (first: bitrixmail domain remove example.org)"
                )
            ],
        ),
        (
            '[[alias]]\naddress = "info@example.org"\ntargets = ["shop@example.org"]\n',
            ["alias info@example.org: a mailbox has this address (leave it out)"],
        ),
        (
            (
                '[[alias]]\naddress = "a@example.org"\ntargets = ["b@example.org"]\n'
                '[[alias]]\naddress = "b@example.org"\ntargets = ["a@example.org"]\n'
            ),
            [
                (
                    "alias a@example.org: leads back to itself: a@example.org → b@example.org →"
                    " a@example.org (take one of them out of the circle)"
                ),
                (
                    "alias b@example.org: leads back to itself: b@example.org → a@example.org →"
                    " b@example.org (take one of them out of the circle)"
                ),
            ],
        ),
        (
            (
                '[[rule]]\nname = "x"\nmailbox = "who@example.org"\nstop = true\n'
                '[[rule]]\nname = "y"\ndomain = "example.net"\nstop = true\n'
            ),
            [
                (
                    's.toml: rule "x": there is no mailbox who@example.org'
                    ' (add [[mailbox]] address = "who@example.org")'
                ),
                (
                    's.toml: rule "y": example.net is not a domain here'
                    ' (add [[domain]] name = "example.net")'
                ),
            ],
        ),
        (
            '[[mailbox]]\naddress = "new@example.org"\npassword = "bad"\n',
            [
                (
                    "mailbox new@example.org: password: a password does not begin with bad"
                    " (choose another)"
                )
            ],
        ),
    ],
)
def test_what_does_not_fit_is_found_before_anything_is_done(
    house: House, text: str, lines: list[str]
) -> None:
    assert refused(house, text + '[[domain]]\nname = "more.example"\n') == lines


def test_of_a_mailbox_that_is_switched_off_the_password_is_noted_as_missing(house: House) -> None:
    result_of(house.accounts.set_password("info@example.org", "number one"))
    result_of(house.accounts.change_mailbox("info@example.org", MailboxOptions(active=False)))
    exported = result_of(house.sites.export(with_secrets=True))
    assert "password_hash" not in exported.text
    assert [note.where for note in exported.notes] == ["mailbox info@example.org"]
    assert result_of(house.sites.export(with_secrets=False)).notes == ()
