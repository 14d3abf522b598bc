"""Domains, mailboxes and aliases: what may be done with them."""

from __future__ import annotations

import pytest

from bitrixmail.admin.accounts import MailboxOptions, MailHeld
from bitrixmail.model.directory import Alias, Domain
from bitrixmail.model.errors import ExistsError, InputError, NotFoundError
from tests.fakes.letters import deliver
from tests.fakes.stores import result_of
from tests.unit.admin.conftest import House, faults

NOTHING = MailboxOptions()


def test_a_domain_may_catch_all_by_its_own_postmaster(bare: House) -> None:
    domain = result_of(bare.accounts.add_domain("Example.org", catch_all="postmaster@EXAMPLE.org"))
    assert domain == Domain("example.org", catch_all="postmaster@example.org")
    assert result_of(bare.accounts.domains()) == (domain,)


def test_a_domain_of_another_may_not_catch_all(house: House) -> None:
    with pytest.raises(InputError, match="stands beside --alias-of"):
        result_of(
            house.accounts.add_domain("example.com", alias_of="example.org", catch_all="x@y.z")
        )
    result_of(house.accounts.add_domain("example.com", alias_of="EXAMPLE.org"))
    with pytest.raises(InputError) as caught:
        result_of(house.accounts.set_catch_all("example.com", "info@example.org"))
    assert faults(caught) == [
        "domain example.com: is an alias of example.org (set the catch-all of example.org)"
    ]


def test_a_domain_alias_needs_a_domain(house: House) -> None:
    with pytest.raises(NotFoundError, match="first: bitrixmail domain add nowhere"):
        result_of(house.accounts.add_domain("example.com", alias_of="nowhere.example"))
    assert len(result_of(house.accounts.domains())) == 1


def test_what_another_domain_stands_for_is_not_removed(house: House) -> None:
    result_of(house.accounts.add_domain("example.com", alias_of="example.org"))
    with pytest.raises(InputError, match=r"is what example\.com stands for"):
        result_of(house.accounts.remove_domain("example.org"))


@pytest.mark.parametrize(
    "address",
    ["info@example.org", "info+Bills@example.org", "abuse@example.org", "INFO@example.com"],
)
def test_a_target_may_be_whatever_would_be_kept(house: House, address: str) -> None:
    result_of(house.accounts.add_domain("example.com", alias_of="example.org"))
    alias, new = result_of(house.accounts.set_alias("sales@example.org", (address,)))
    assert new
    assert alias.targets == (address.lower(),)


@pytest.mark.parametrize(
    ("address", "what"),
    [
        ("who@example.org", "nobody has this address"),
        ("who@example.net", "example.net is not a domain here"),
        ("+x@example.org", "nobody has this address"),
    ],
)
def test_a_target_that_leads_nowhere(house: House, address: str, what: str) -> None:
    with pytest.raises(InputError, match=what):
        result_of(house.accounts.set_alias("sales@example.org", ("info@example.org", address)))
    assert result_of(house.accounts.aliases("example.org")) == (
        Alias("abuse@example.org", ("postmaster@example.org",)),
    )


def test_a_target_named_twice_counts_once(house: House) -> None:
    targets = ("info@example.org", "INFO@example.org")
    alias, _ = result_of(house.accounts.set_alias("sales@example.org", targets))
    assert alias.targets == ("info@example.org",)


def test_a_circle_is_found_before_it_is_stored(house: House) -> None:
    result_of(house.accounts.set_alias("a@example.org", ("info@example.org",)))
    result_of(house.accounts.set_alias("b@example.org", ("a+x@example.org",)))
    with pytest.raises(InputError, match=r"a@\S+ → b@\S+ → a\+x@\S+"):
        result_of(house.accounts.set_alias("a@example.org", ("b@example.org",)))


def test_every_option_of_a_mailbox(house: House) -> None:
    options = MailboxOptions("1GiB", "30d", True, "Büro", active=False)
    mailbox = result_of(house.accounts.add_mailbox("New@example.org", "secret word", options))
    assert (mailbox.address, mailbox.quota_octets, mailbox.retention_days) == (
        "new@example.org",
        2**30,
        30,
    )
    assert (mailbox.plus_folders, mailbox.description, mailbox.active) == (True, "Büro", False)
    # Of one that is switched off nobody is told the verifiers.
    assert mailbox.has_password
    assert house.credential("new@example.org") is None


def test_what_is_not_said_stays(house: House) -> None:
    first = MailboxOptions(quota="1GiB", plus_folders=True)
    result_of(house.accounts.change_mailbox("info@example.org", first))
    mailbox = result_of(
        house.accounts.change_mailbox("info@example.org", MailboxOptions(plus_folders=False))
    )
    assert (mailbox.quota_octets, mailbox.plus_folders) == (2**30, False)
    assert result_of(house.accounts.mailbox("INFO@example.org")) == mailbox


def test_all_that_is_wrong_with_options_is_told_at_once(house: House) -> None:
    with pytest.raises(InputError) as caught:
        result_of(
            house.accounts.change_mailbox(
                "info@example.org", MailboxOptions("much", "long", None, "a\nb")
            )
        )
    assert [fault.where for fault in caught.value.faults] == [
        'quota "much"',
        'retention "long"',
        "description",
    ]


def test_a_mailbox_is_nobodys_twice(house: House) -> None:
    with pytest.raises(ExistsError):
        result_of(house.accounts.add_mailbox("info@example.org", None, NOTHING))
    with pytest.raises(ExistsError):
        result_of(house.accounts.add_mailbox("abuse@example.org", None, NOTHING))
    with pytest.raises(InputError, match=r"a \+ marks a detail"):
        result_of(house.accounts.add_mailbox("info+x@example.org", None, NOTHING))


def test_passwords_are_set_and_removed(house: House) -> None:
    result_of(house.accounts.set_password("info@example.org", "one of us"))
    first = house.credential("info@example.org")
    assert first is not None
    assert first.password_hash.endswith("of-one of us")
    result_of(house.accounts.set_password("info@example.org", None))
    assert house.credential("info@example.org") is None


def test_what_can_not_be_a_password(house: House) -> None:
    for password, what in (
        ("", "is empty"),
        ("bad one", "does not begin with bad"),
        ("x", "is shorter than 8 characters"),
        ("seven l", "is shorter than 8 characters"),
    ):
        with pytest.raises(InputError, match=what):
            result_of(house.accounts.set_password("info@example.org", password))
        with pytest.raises(InputError, match=what):
            result_of(house.accounts.add_mailbox("x@example.org", password, NOTHING))
    assert not result_of(house.accounts.mailbox("info@example.org")).has_password


def test_the_mail_that_would_go_is_told(house: House) -> None:
    assert result_of(house.accounts.mail_of_domain("example.org")) == MailHeld((), 0)
    deliver(house.stores, b"Subject: x\r\n\r\n", "info@example.org")
    held = result_of(house.accounts.mail_of_domain("example.org"))
    assert held.mailboxes == ("info@example.org",)
    assert held.octets > 16
    assert result_of(house.accounts.mail_of_mailbox("info@example.org")) == held
    assert result_of(house.accounts.mail_of_mailbox("shop@example.org")) == MailHeld((), 0)
    result_of(house.accounts.remove_mailbox("info@example.org"))
    with pytest.raises(NotFoundError):
        result_of(house.accounts.mail_of_mailbox("info@example.org"))


def test_a_postmaster_stays(house: House) -> None:
    result_of(house.accounts.remove_alias("abuse@example.org"))
    with pytest.raises(InputError, match="it goes with its domain"):
        result_of(house.accounts.remove_mailbox("postmaster@example.org"))


def test_what_is_led_to_stays(house: House) -> None:
    result_of(house.accounts.set_alias("a@example.org", ("info@example.org",)))
    result_of(house.accounts.set_alias("b@example.org", ("a@example.org",)))
    with pytest.raises(InputError, match=r"the alias b@example\.org leads to it"):
        result_of(house.accounts.remove_alias("a@example.org"))
    with pytest.raises(InputError, match=r"the alias a@example\.org leads to it"):
        result_of(house.accounts.remove_mailbox("info@example.org"))
    result_of(house.accounts.remove_alias("b@example.org"))
    result_of(house.accounts.remove_alias("a@example.org"))
    result_of(house.accounts.remove_mailbox("info@example.org"))


def test_listings_of_one_domain(house: House) -> None:
    result_of(house.accounts.add_domain("example.com"))
    listed = result_of(house.accounts.mailboxes("EXAMPLE.com"))
    assert [mailbox.address for mailbox in listed] == ["postmaster@example.com"]
    assert len(result_of(house.accounts.mailboxes(None))) == 4
    assert len(result_of(house.accounts.aliases(None))) == 2
    for listing in (house.accounts.mailboxes, house.accounts.aliases):
        with pytest.raises(NotFoundError):
            result_of(listing("example.net"))
