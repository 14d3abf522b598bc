"""What somebody gets who has logged in."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TypeAlias

from twisted.cred.error import UnauthorizedLogin
from twisted.cred.portal import IRealm
from twisted.internet.defer import Deferred
from zope.interface import implementer
from zope.interface.interface import InterfaceClass

from bitrixmail.accounts.login import Login
from bitrixmail.interfaces.directory import IDirectory
from bitrixmail.interfaces.login import ISubmitter
from bitrixmail.interfaces.maildrop import IMaildrop
from bitrixmail.interfaces.store import IMessageStore
from bitrixmail.model.errors import Fault, MaildropLockedError, NotFoundError
from bitrixmail.model.message import FolderIndex

_Given: TypeAlias = tuple[InterfaceClass, object, Callable[[], None]]


@implementer(IMaildrop)
class StoredMaildrop:
    """See IMaildrop. Made by the realm for one session."""

    def __init__(
        self, messages: IMessageStore, account: str, retention_days: int, folder: FolderIndex
    ) -> None:
        self.account = account
        self.retention_days = retention_days
        self.folder = folder
        self._messages = messages

    async def read(self, index: int, offset: int, length: int) -> bytes:
        """See IMaildrop."""
        return await self._messages.read(self.folder.place_ids[index], offset, length)

    async def commit(self, deleted: Collection[int]) -> None:
        """See IMaildrop."""
        uids = [self.folder.uids[index] for index in sorted(deleted)]
        if uids:
            await self._messages.expunge(self.folder.id, uids)


@implementer(ISubmitter)
@dataclass(frozen=True, slots=True)
class Submitter:
    """See ISubmitter. Made by the realm for one session."""

    account: str


def _nobody_asks(_address: str) -> None:
    """Remember nothing."""


@implementer(IRealm)
class AccountRealm:
    """Gives avatars, one kind per protocol. Made by compose, lives as long as the server.

    A folder given as a maildrop is held by its session until the logout function is called.
    `logged_in` is told the address of each mailbox that somebody logs in to.
    """

    def __init__(
        self,
        directory: IDirectory,
        messages: IMessageStore,
        logged_in: Callable[[str], None] = _nobody_asks,
    ) -> None:
        self._directory = directory
        self._messages = messages
        self._logged_in = logged_in
        self._held: set[tuple[int, str]] = set()

    def requestAvatar(  # type: ignore[override]  # mypy takes an interface for its own class
        self, avatarId: bytes | tuple[()], mind: object, *interfaces: InterfaceClass
    ) -> Deferred[_Given]:
        """See IRealm, IMaildrop, ISubmitter. Raise LookupError for any other interface."""
        del mind
        if avatarId != ():
            login = Login.of_avatar(bytes(avatarId))
            if IMaildrop in interfaces:
                return Deferred.fromCoroutine(self._maildrop(login))
            if ISubmitter in interfaces:
                return Deferred.fromCoroutine(self._submitter(login))
        raise LookupError("only maildrops and senders are served here, to somebody")

    async def _submitter(self, login: Login) -> _Given:
        """Whatever folder the login names: who may read it may send."""
        mailbox = await self._directory.mailbox(login.account)
        if mailbox is None:
            raise UnauthorizedLogin  # removed while its password was being checked
        self._logged_in(mailbox.address)
        return ISubmitter, Submitter(mailbox.address), _nothing_held

    async def _maildrop(self, login: Login) -> _Given:
        mailbox = await self._directory.mailbox(login.account)
        if mailbox is None:
            raise UnauthorizedLogin  # removed while its password was being checked
        self._logged_in(mailbox.address)
        held = (mailbox.id, login.folder)
        if held in self._held:
            raise MaildropLockedError
        self._held.add(held)
        try:
            folder = await self._messages.index(mailbox.id, login.folder)
            if folder is None:
                raise NotFoundError(Fault(login.folder, "no such folder"))  # noqa: TRY301 - the lock goes with it
        except BaseException:
            self._held.discard(held)
            raise
        maildrop = StoredMaildrop(self._messages, mailbox.address, mailbox.retention_days, folder)

        def logout() -> None:
            self._held.discard(held)

        return IMaildrop, maildrop, logout


def _nothing_held() -> None:
    """Nothing is to be given back at the end."""
