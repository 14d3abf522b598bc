"""What every maildrop does: those of the store, and those in memory that dialogues are played on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import cast

import pytest
from twisted.cred.portal import IRealm
from twisted.internet.defer import maybeDeferred
from zope.interface.verify import verifyObject

from bitrixmail.accounts.login import Login
from bitrixmail.accounts.realm import AccountRealm
from bitrixmail.interfaces.maildrop import IMaildrop
from bitrixmail.model.directory import Domain, Mailbox
from bitrixmail.model.errors import MaildropLockedError, NotFoundError
from tests.fakes.both_stores import Opened as OpenedStores
from tests.fakes.both_stores import opened_inline, opened_threaded
from tests.fakes.drafts import make_draft, make_filing
from tests.fakes.maildrop import MemoryAccounts

ADDRESS = "info@example.org"
CONTENTS = [b"Subject: %d\r\n\r\nhello\r\n" % number for number in range(3)]


class House:
    """A realm, and what names INBOX and a folder that is not there to it."""

    def __init__(self, realm: IRealm, inbox: bytes, nowhere: bytes) -> None:
        self.realm = realm
        self.inbox = inbox
        self.nowhere = nowhere

    async def open(self, avatar_id: bytes | None = None) -> tuple[IMaildrop, Callable[[], None]]:
        wanted = avatar_id or self.inbox
        given, avatar, logout = await maybeDeferred(
            self.realm.requestAvatar, wanted, None, IMaildrop
        )
        assert given is IMaildrop
        return IMaildrop(avatar), cast("Callable[[], None]", logout)


Opened = Callable[[Path], AbstractAsyncContextManager[House]]


@asynccontextmanager
async def _in_memory(_folder: Path) -> AsyncIterator[House]:
    accounts = MemoryAccounts()
    for content in CONTENTS:
        accounts.add(content)
    yield House(accounts, b"INBOX", b"Nowhere")


def _stored(opened: OpenedStores) -> Opened:
    @asynccontextmanager
    async def house(folder: Path) -> AsyncIterator[House]:
        async with opened(folder) as stores:
            await stores.directory.add_domain(Domain("example.org"))
            mailbox = await stores.directory.add_mailbox(Mailbox(0, ADDRESS), None)
            for number, content in enumerate(CONTENTS):
                filing = make_filing(mailbox.id, "INBOX")
                await stores.messages.append(make_draft(f"Q{number}", filing, octets=content))
            yield House(
                AccountRealm(stores.directory, stores.messages),
                Login(ADDRESS).avatar_id,
                Login(ADDRESS, "Nowhere").avatar_id,
            )

    return house


pytestmark = pytest.mark.parametrize(
    "opened",
    [_in_memory, _stored(opened_inline), _stored(opened_threaded)],
    ids=["memory", "inline", "threaded"],
)


async def test_messages_are_read_in_pieces(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        maildrop, logout = await house.open()
        assert verifyObject(IMaildrop, maildrop)
        assert (maildrop.account, maildrop.retention_days) == (ADDRESS, 0)
        assert list(maildrop.folder.uids) == [1, 2, 3]
        for index, content in enumerate(CONTENTS):
            size = maildrop.folder.sizes[index]
            whole = await maildrop.read(index, 0, size)
            assert whole.endswith(content)
            assert len(whole) == size
            pieces = [await maildrop.read(index, offset, 7) for offset in range(0, size, 7)]
            assert b"".join(pieces) == whole
            assert await maildrop.read(index, size, 7) == b""
        logout()


async def test_what_is_removed_goes_at_once_and_for_good(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        maildrop, logout = await house.open()
        await maildrop.commit([])
        await maildrop.commit({0, 2})
        with pytest.raises(NotFoundError):
            await maildrop.read(0, 0, 10)
        assert await maildrop.read(1, 0, 10)
        await maildrop.commit([0, 1])  # one of them is gone already
        logout()
        again, logout = await house.open()
        assert not again.folder.uids
        logout()


async def test_uids_are_never_given_twice(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        maildrop, logout = await house.open()
        await maildrop.commit([1])
        logout()
        again, logout = await house.open()
        assert list(again.folder.uids) == [1, 3]
        assert again.folder.uidvalidity == maildrop.folder.uidvalidity
        logout()


async def test_there_is_one_reader_at_a_time(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        _maildrop, logout = await house.open()
        with pytest.raises(MaildropLockedError):
            await house.open()
        logout()
        _maildrop, logout = await house.open()
        logout()


async def test_a_folder_that_is_not_there(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        with pytest.raises(NotFoundError):
            await house.open(house.nowhere)
