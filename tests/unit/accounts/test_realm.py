"""What somebody gets who has logged in, and that no other gets it at the same time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from twisted.cred.error import UnauthorizedLogin
from twisted.cred.portal import IRealm
from zope.interface import Interface
from zope.interface.verify import verifyObject

from bitrixmail.accounts.login import Login
from bitrixmail.accounts.realm import AccountRealm
from bitrixmail.interfaces.login import ISubmitter
from bitrixmail.interfaces.maildrop import IMaildrop
from bitrixmail.model.errors import MaildropLockedError, NotFoundError
from bitrixmail.store.opening import InlineStores
from tests.fakes.drafts import make_draft, make_filing
from tests.fakes.results import fired
from tests.fakes.stores import result_of

INFO = "info@example.org"


@pytest.fixture
def realm(stores: InlineStores) -> AccountRealm:
    """INBOX and Invoices of info@ hold three messages each."""
    info = result_of(stores.directory.mailbox(INFO))
    assert info is not None
    for number in range(3):
        draft = make_draft(f"Q{number}", make_filing(info.id, "INBOX", "Invoices"))
        result_of(stores.messages.append(draft))
    return AccountRealm(stores.directory, stores.messages)


def login(
    realm: AccountRealm, account: str = INFO, folder: str = "INBOX"
) -> tuple[Any, Callable[[], None]]:
    given, avatar, logout = fired(
        realm.requestAvatar(Login(account, folder).avatar_id, None, IMaildrop)
    )
    assert given is IMaildrop
    return avatar, logout


def test_it_is_a_realm_that_gives_maildrops(realm: AccountRealm) -> None:
    assert verifyObject(IRealm, realm)
    maildrop, _logout = login(realm)
    assert verifyObject(IMaildrop, maildrop)
    assert maildrop.account == INFO
    assert list(maildrop.folder.uids) == [1, 2, 3]


def test_a_folder_has_one_reader_at_a_time(realm: AccountRealm) -> None:
    _maildrop, logout = login(realm)
    with pytest.raises(MaildropLockedError):
        login(realm)
    _other, other_logout = login(realm, folder="Invoices")
    with pytest.raises(MaildropLockedError):
        login(realm, folder="Invoices")
    logout()
    login(realm)
    other_logout()
    login(realm, folder="Invoices")


def test_mailboxes_do_not_lock_one_another(realm: AccountRealm) -> None:
    login(realm)
    login(realm, "plus+tag@example.org")


def test_a_folder_that_is_not_there_stays_unlocked(
    realm: AccountRealm, stores: InlineStores
) -> None:
    for _ in range(2):
        with pytest.raises(NotFoundError):
            login(realm, folder="Later")
    with pytest.raises(NotFoundError):
        login(realm, folder="")
    info = result_of(stores.directory.mailbox(INFO))
    assert info is not None
    result_of(stores.messages.append(make_draft("Q9", make_filing(info.id, "Later"))))
    maildrop, _logout = login(realm, folder="Later")
    assert len(maildrop.folder.uids) == 1


def test_the_list_stands_still_and_commit_removes_what_was_named(
    realm: AccountRealm, stores: InlineStores
) -> None:
    maildrop, logout = login(realm)
    octets = result_of(maildrop.read(1, 0, 10_000))
    assert octets.startswith(b"Return-Path: ")
    assert result_of(maildrop.read(1, 7, 3)) == octets[7:10]
    result_of(maildrop.commit([2, 0]))
    assert result_of(maildrop.read(1, 0, 10_000)) == octets
    with pytest.raises(NotFoundError):
        result_of(maildrop.read(0, 0, 10))
    assert len(maildrop.folder.uids) == 3
    result_of(maildrop.commit([]))
    logout()
    maildrop, _logout = login(realm)
    assert list(maildrop.folder.uids) == [2]


def test_a_mailbox_removed_meanwhile_is_nobodys(realm: AccountRealm, stores: InlineStores) -> None:
    result_of(stores.directory.remove_mailbox(INFO))
    with pytest.raises(UnauthorizedLogin):
        login(realm)


class IOther(Interface):
    """Nothing that is served here."""


def test_nothing_else_is_given_and_nothing_to_nobody(realm: AccountRealm) -> None:
    avatar_id = Login(INFO).avatar_id
    with pytest.raises(LookupError):
        realm.requestAvatar(avatar_id, None, IOther)
    with pytest.raises(LookupError):
        realm.requestAvatar((), None, IMaildrop)
    login(realm)


def test_a_sender_holds_nothing(realm: AccountRealm) -> None:
    _maildrop, _logout = login(realm)
    for folder in ("INBOX", "INBOX", "Nowhere"):
        wanted = Login(INFO, folder).avatar_id
        given, avatar, logout = fired(realm.requestAvatar(wanted, None, ISubmitter))
        assert given is ISubmitter
        assert verifyObject(ISubmitter, avatar)
        assert ISubmitter(avatar).account == INFO
        logout()


def test_who_was_removed_meanwhile_is_no_sender(realm: AccountRealm) -> None:
    wanted = Login("gone@example.org").avatar_id
    with pytest.raises(UnauthorizedLogin):
        fired(realm.requestAvatar(wanted, None, ISubmitter))
