"""What everything does that keeps the grants of mailboxes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from zope.interface.verify import verifyObject

from bitrixmail.interfaces.grants import IGrants
from bitrixmail.model.directory import Domain, Grant, Mailbox
from bitrixmail.model.errors import InputError, NotFoundError
from bitrixmail.store import grants
from bitrixmail.store.opening import InlineStores
from tests.fakes.stores import make_stores, result_of

INFO, SHOP = "info@example.org", "shop@example.org"
SALES = Grant(INFO, "sales@example.org")
ALL = Grant(INFO, "@example.net")


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[InlineStores]:
    with make_stores(tmp_path) as stores:
        result_of(stores.directory.add_domain(Domain("example.org")))
        for address in (INFO, SHOP):
            result_of(stores.directory.add_mailbox(Mailbox(0, address), None))
        yield stores


def test_it_is_one(stores: InlineStores) -> None:
    verifyObject(IGrants, stores.grants)


def test_they_are_added_once_and_told_by_mailbox(stores: InlineStores) -> None:
    assert result_of(stores.grants.add(SALES))
    assert result_of(stores.grants.add(ALL))
    assert result_of(stores.grants.add(Grant(SHOP, "sales@example.org")))
    assert not result_of(stores.grants.add(Grant(INFO, "Sales@Example.org")))
    assert result_of(stores.grants.of(INFO)) == {"sales@example.org", "@example.net"}
    assert result_of(stores.grants.of(SHOP)) == {"sales@example.org"}
    assert result_of(stores.grants.of("postmaster@example.org")) == frozenset()
    assert result_of(stores.grants.of("nobody@example.org")) == frozenset()
    assert result_of(stores.grants.listing()) == (ALL, SALES, Grant(SHOP, "sales@example.org"))


def test_they_are_removed(stores: InlineStores) -> None:
    result_of(stores.grants.add(SALES))
    result_of(stores.grants.remove(SALES))
    assert result_of(stores.grants.of(INFO)) == frozenset()
    with pytest.raises(NotFoundError, match="was not granted"):
        result_of(stores.grants.remove(SALES))


def test_nobody_is_granted_anything(stores: InlineStores) -> None:
    for call in (stores.grants.add, stores.grants.remove):
        with pytest.raises(NotFoundError, match="no such mailbox"):
            result_of(call(Grant("nobody@example.org", "sales@example.org")))


def test_there_are_only_so_many(stores: InlineStores, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grants, "MOST", 1)
    result_of(stores.grants.add(SALES))
    with pytest.raises(InputError, match="1 grants already"):
        result_of(stores.grants.add(ALL))
    assert not result_of(stores.grants.add(SALES))


def test_they_go_with_their_mailbox_and_its_domain(stores: InlineStores) -> None:
    result_of(stores.grants.add(SALES))
    result_of(stores.grants.add(Grant(SHOP, "@example.org")))
    result_of(stores.directory.remove_mailbox(INFO))
    assert result_of(stores.grants.listing()) == (Grant(SHOP, "@example.org"),)
    result_of(stores.directory.remove_domain("example.org"))
    assert result_of(stores.grants.listing()) == ()


async def test_another_process_is_noticed(tmp_path: Path) -> None:
    from twisted.internet import reactor  # noqa: PLC0415 - pytest-twisted chooses it

    from bitrixmail.store.opening import threaded_stores  # noqa: PLC0415 - for this one alone

    url = f"sqlite:///{tmp_path / 'mail.sqlite'}"
    server = threaded_stores(reactor, url, tmp_path / "data")
    await server.open()
    try:
        await server.directory.add_domain(Domain("example.org"))
        await server.directory.add_mailbox(Mailbox(0, INFO), None)
        assert await server.grants.of(INFO) == frozenset()
        with make_stores(tmp_path) as other:
            result_of(other.grants.add(SALES))
        await server.changes.poll()
        assert await server.grants.of(INFO) == {"sales@example.org"}
        await server.grants.remove(SALES)
        assert await server.grants.of(INFO) == frozenset()
    finally:
        await server.close()
