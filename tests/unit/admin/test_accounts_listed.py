"""Mailboxes as the pages list them: by name, a page at a time; aliases; passwords off the reactor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

import pytest
from twisted.internet.defer import Deferred

from bitrixmail.admin.accounts import Accounts, MailboxOptions
from bitrixmail.model.errors import InputError
from bitrixmail.model.folder import Holding
from tests.fakes.stores import result_of
from tests.unit.admin.conftest import PASSWORDS, House

P = ParamSpec("P")
T = TypeVar("T")


def page(house: House, text: str = "", after: str = "", limit: int = 2) -> tuple[list[str], bool]:
    found, more = result_of(house.accounts.mailbox_page(text, None, after, limit))
    return [mailbox.address.partition("@")[0] for mailbox in found], more


def test_pages_follow_one_another(house: House) -> None:
    result_of(house.accounts.add_mailbox("anna@example.org", None, MailboxOptions()))
    assert page(house) == (["anna", "info"], True)
    assert page(house, after="info@example.org") == (["postmaster", "shop"], False)
    assert page(house, limit=4) == (["anna", "info", "postmaster", "shop"], False)
    assert page(house, after="z") == ([], False)


def test_a_text_is_looked_for_in_address_and_description(house: House) -> None:
    options = MailboxOptions(description="Для ПОКУПАТЕЛЕЙ")
    result_of(house.accounts.change_mailbox("shop@example.org", options))
    assert page(house, " INFO") == (["info"], False)
    assert page(house, "покуп") == (["shop"], False)
    assert page(house, "none") == ([], False)
    found, _ = result_of(house.accounts.mailbox_page("", "example.org", "", 9))
    assert len(found) == 3


def test_what_is_held_is_told_of_each(house: House) -> None:
    found, _ = result_of(house.accounts.mailbox_page("", None, "", 9))
    held = result_of(house.accounts.holdings(found))
    assert held == {mailbox.address: Holding() for mailbox in found}


def test_aliases_that_lead_to_an_address(house: House) -> None:
    result_of(house.accounts.set_alias("sales@example.org", ("info@example.org",)))
    found = result_of(house.accounts.aliases_to("info@example.org"))
    assert [alias.address for alias in found] == ["sales@example.org"]
    with pytest.raises(InputError, match="leads nowhere"):
        result_of(house.accounts.set_alias("none@example.org", ()))


def test_a_password_is_hashed_by_who_runs_what_takes_long(house: House) -> None:
    waiting: list[Callable[[], None]] = []

    class Later:
        def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
            done: Deferred[T] = Deferred()
            waiting.append(lambda: done.callback(function(*args, **kwargs)))
            return done

    stores = house.stores
    accounts = Accounts(stores.directory, stores.messages, PASSWORDS, threads=cast("Any", Later()))
    set_ = Deferred.fromCoroutine(accounts.set_password("info@example.org", "correct horse"))
    assert not set_.called
    assert house.credential("info@example.org") is None
    waiting.pop()()
    assert set_.called
    assert house.credential("info@example.org") is not None
