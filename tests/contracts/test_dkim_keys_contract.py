"""What everything does that keeps the keys of domains."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from zope.interface.verify import verifyObject

from bitrixmail.interfaces.dkim_keys import IDKIMKeys
from bitrixmail.model.directory import Domain
from bitrixmail.model.dkim import Algorithm, DKIMKey
from bitrixmail.model.errors import ExistsError, NotFoundError
from bitrixmail.store.opening import InlineStores
from tests.fakes.stores import make_stores, result_of

NOW = datetime(2027, 1, 15, 8, tzinfo=UTC)
ONE = DKIMKey(
    "example.org", "one", Algorithm.RSA, "cHVi", NOW, NOW + timedelta(7), private_key="secret"
)
TWO = replace(ONE, selector="two", algorithm=Algorithm.ED25519, created=NOW + timedelta(1))


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[InlineStores]:
    with make_stores(tmp_path) as stores:
        for name in ("example.org", "example.net"):
            result_of(stores.directory.add_domain(Domain(name)))
        yield stores


def test_it_is_one(stores: InlineStores) -> None:
    verifyObject(IDKIMKeys, stores.dkim_keys)


def test_keys_come_back_whole_the_oldest_first(stores: InlineStores) -> None:
    keys = stores.dkim_keys
    other = replace(ONE, domain="example.net")
    result_of(keys.add([TWO, ONE, other]))
    assert result_of(keys.keys("example.org")) == (ONE, TWO)
    assert result_of(keys.keys("example.net")) == (other,)
    assert result_of(keys.keys("example.com")) == ()


def test_the_domains_that_have_keys(stores: InlineStores) -> None:
    keys = stores.dkim_keys
    assert result_of(keys.domains()) == frozenset()
    result_of(keys.add([ONE, TWO]))
    assert result_of(keys.domains()) == {"example.org"}
    result_of(keys.remove([ONE, TWO]))
    assert result_of(keys.domains()) == frozenset()


def test_only_for_domains_of_ours_and_each_selector_once(stores: InlineStores) -> None:
    keys = stores.dkim_keys
    result_of(keys.add([ONE]))
    with pytest.raises(ExistsError, match="one"):
        result_of(keys.add([TWO, ONE]))
    with pytest.raises(NotFoundError, match=r"example\.com"):
        result_of(keys.add([TWO, replace(ONE, domain="example.com")]))
    assert result_of(keys.keys("example.org")) == (ONE,)


def test_times_are_changed_and_keys_removed(stores: InlineStores) -> None:
    keys = stores.dkim_keys
    result_of(keys.add([ONE, TWO]))
    later = replace(ONE, active_from=NOW, active_until=NOW + timedelta(3))
    gone = replace(ONE, selector="gone", active_from=None)
    result_of(keys.change([later, gone]))
    assert result_of(keys.keys("example.org")) == (later, TWO)
    result_of(keys.change([replace(later, active_from=None, active_until=None)]))
    assert result_of(keys.keys("example.org"))[0].active_from is None
    result_of(keys.remove([ONE, gone]))
    assert result_of(keys.keys("example.org")) == (TWO,)


def test_they_go_with_their_domain(stores: InlineStores) -> None:
    result_of(stores.dkim_keys.add([ONE, replace(ONE, domain="example.net")]))
    result_of(stores.directory.remove_domain("example.org"))
    assert result_of(stores.dkim_keys.keys("example.org")) == ()
    assert result_of(stores.dkim_keys.keys("example.net"))


async def test_another_process_is_noticed(tmp_path: Path) -> None:
    from twisted.internet import reactor  # noqa: PLC0415 - pytest-twisted chooses it

    from bitrixmail.store.opening import threaded_stores  # noqa: PLC0415 - for this one alone

    url = f"sqlite:///{tmp_path / 'mail.sqlite'}"
    server = threaded_stores(reactor, url, tmp_path / "data")
    await server.open()
    try:
        await server.directory.add_domain(Domain("example.org"))
        assert await server.dkim_keys.keys("example.org") == ()
        with make_stores(tmp_path) as other:
            result_of(other.dkim_keys.add([ONE]))
        await server.changes.poll()
        assert await server.dkim_keys.keys("example.org") == (ONE,)
        await server.dkim_keys.remove([ONE])
        assert await server.dkim_keys.keys("example.org") == ()
    finally:
        await server.close()
