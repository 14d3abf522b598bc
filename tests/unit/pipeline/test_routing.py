"""Where addresses lead, over the real directory."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bitrixmail.model.address import Address
from bitrixmail.model.directory import Alias, Domain
from bitrixmail.model.route import RouteKind
from bitrixmail.pipeline.routing import Router
from bitrixmail.store.opening import InlineStores, done


def led(stores: InlineStores, address: str) -> list[str]:
    """Return the mailboxes with their folders, or the kind of refusal."""
    local_part, _, domain = address.rpartition("@")
    if not local_part:
        local_part, domain = domain, ""
    route = done(Router(stores.directory, "example.org").resolve(Address(local_part, domain)))
    if route.kind is not RouteKind.LOCAL:
        assert not route.targets
        return [route.kind.value]
    return [f"{target.mailbox.address}:{target.folder}" for target in route.targets]


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("info@example.org", ["info@example.org:INBOX"]),
        ("INFO@example.org", ["info@example.org:INBOX"]),
        ("nobody@example.org", ["unknown"]),
        ("info@example.net", ["foreign"]),
        ("info@[192.0.2.1]", ["foreign"]),
        ("info@example.com", ["info@example.org:INBOX"]),
        ("off@example.org", ["unknown"]),
        ("ПОЧТА@xn--e1afmkfd.xn--p1ai", ["почта@xn--e1afmkfd.xn--p1ai:INBOX"]),
        ("all@example.org", ["info@example.org:INBOX", "plus@example.org:INBOX"]),
        ("team@example.org", ["info@example.org:INBOX", "plus@example.org:INBOX"]),
        ("all+x@example.org", ["info@example.org:INBOX", "plus@example.org:INBOX"]),
        ("info+Invoices@example.org", ["info@example.org:INBOX"]),
        ("plus+Invoices@example.org", ["plus@example.org:Invoices"]),
        ("plus+../x@example.org", ["plus@example.org:INBOX"]),
        ("plus+@example.org", ["plus@example.org:INBOX"]),
        ("postmaster@example.org", ["postmaster@example.org:INBOX"]),
        ("Abuse@example.com", ["postmaster@example.org:INBOX"]),
        ("Postmaster", ["postmaster@example.org:INBOX"]),
        ("info%example.net@example.org", ["unknown"]),
        ("info@example.net@example.org", ["unknown"]),
    ],
)
def test_addresses_lead(stores: InlineStores, address: str, found: list[str]) -> None:
    assert led(stores, address) == found


def test_catch_all_gets_what_nobody_has(stores: InlineStores) -> None:
    domain = Domain("example.org", catch_all="info@example.org")
    done(stores.directory.change_domain(domain))
    assert led(stores, "nobody@example.org") == ["info@example.org:INBOX"]
    assert led(stores, "nobody@example.com") == ["info@example.org:INBOX"]
    assert led(stores, "off@example.org") == ["unknown"]
    assert led(stores, "nobody@xn--e1afmkfd.xn--p1ai") == ["unknown"]


def test_abuse_is_answered_without_its_alias(stores: InlineStores) -> None:
    done(stores.directory.remove_alias("abuse@example.org"))
    assert led(stores, "abuse@example.org") == ["postmaster@example.org:INBOX"]


class Circle:
    """A directory in which two aliases name one another, as only a broken one has."""

    async def domain(self, name: str) -> Domain | None:
        return Domain(name)

    async def mailbox(self, key: str) -> None:
        return None

    async def alias(self, key: str) -> Alias | None:
        names = {"a@x.org": "b@x.org", "b@x.org": "a@x.org"}
        return Alias(key, (names[key],)) if key in names else None


def test_a_circle_of_aliases_ends() -> None:
    router = Router(Circle(), "x.org")  # type: ignore[arg-type]  # only what a look-up needs
    assert done(router.resolve(Address("a", "x.org"))).kind is RouteKind.LOOP


def test_a_switched_off_postmaster_still_gets_mail(stores: InlineStores) -> None:
    mailbox = done(stores.directory.mailbox("postmaster@example.org"))
    done(stores.directory.change_mailbox(replace(mailbox, active=False)))
    assert led(stores, "postmaster@example.org") == ["postmaster@example.org:INBOX"]
