"""Accounts and maildrops in memory, that can wait, refuse and fail on demand."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.error import UnauthorizedLogin
from twisted.cred.portal import IRealm
from twisted.internet.defer import Deferred
from zope.interface import implementer
from zope.interface.interface import InterfaceClass

from bitrixmail.interfaces.login import IPasswordLogin
from bitrixmail.interfaces.maildrop import IMaildrop
from bitrixmail.model.errors import (
    Fault,
    MaildropLockedError,
    NotFoundError,
    StoreFullError,
    StoreUnavailableError,
)
from bitrixmail.model.message import FolderIndex

PASSWORD = b"pass word"
UIDVALIDITY = 7
ERRORS: dict[str, Callable[[], Exception]] = {
    "unavailable": lambda: StoreUnavailableError("the disk is gone"),
    "full": lambda: StoreFullError("the disk is full"),
    "gone": lambda: NotFoundError(Fault("1", "removed")),
    "bug": lambda: ZeroDivisionError(f"nobody foresaw {PASSWORD.decode()}"),
}


@implementer(IRealm, ICredentialsChecker)
@dataclass
class MemoryAccounts:
    """The mailbox info@example.org; both halves of a portal. Made by a test.

    `stored` holds the folders' messages by UID, none for one that is gone.
    `hold`: names of calls (login, read, commit) that wait for `release`. `errors`: what calls raise.
    """

    credentialInterfaces = (IPasswordLogin,)

    stored: dict[str, dict[int, bytes]] = field(default_factory=lambda: {"INBOX": {}})
    retention_days: int = 0
    hold: set[str] = field(default_factory=set)
    errors: dict[str, Callable[[], Exception]] = field(default_factory=dict)
    waiting: list[Deferred[None]] = field(default_factory=list)
    held: set[str] = field(default_factory=set)
    logins: list[IPasswordLogin] = field(default_factory=list)
    logouts: int = 0
    reads: list[tuple[int, int]] = field(default_factory=list)

    def add(self, content: bytes, folder: str = "INBOX") -> None:
        messages = self.stored.setdefault(folder, {})
        messages[max(messages, default=0) + 1] = content

    def release(self) -> None:
        """Let the call go on that has waited longest."""
        self.waiting.pop(0).callback(None)

    async def passing(self, name: str) -> None:
        if name in self.hold:
            turn: Deferred[None] = Deferred()
            self.waiting.append(turn)
            await turn
        if name in self.errors:
            error = self.errors[name]()
            raise error

    def requestAvatarId(self, credentials: IPasswordLogin) -> Deferred[bytes | tuple[()]]:
        return Deferred.fromCoroutine(self._check(credentials))

    async def _check(self, credentials: IPasswordLogin) -> bytes | tuple[()]:
        self.logins.append(credentials)
        await self.passing("login")
        name, _, domain = credentials.username.partition(b"@")
        base, _, folder = name.partition(b"+")
        if base + b"@" + domain != b"info@example.org" or credentials.password != PASSWORD:
            raise UnauthorizedLogin
        return folder or b"INBOX"

    def requestAvatar(  # type: ignore[override]  # mypy takes an interface for its own class
        self, avatarId: bytes | tuple[()], mind: object, *interfaces: InterfaceClass
    ) -> Deferred[tuple[InterfaceClass, object, Callable[[], None]]]:
        assert IMaildrop in interfaces
        return Deferred.fromCoroutine(self._open(bytes(avatarId).decode()))

    async def _open(self, folder: str) -> tuple[InterfaceClass, object, Callable[[], None]]:
        if folder not in self.stored:
            raise NotFoundError(Fault(folder, "no such folder"))
        if folder in self.held:
            raise MaildropLockedError
        self.held.add(folder)

        def logout() -> None:
            self.logouts += 1
            self.held.remove(folder)

        return IMaildrop, MemoryMaildrop(self, folder), logout


@implementer(IMaildrop)
class MemoryMaildrop:
    """Belongs to MemoryAccounts."""

    def __init__(self, accounts: MemoryAccounts, folder: str) -> None:
        self.account = "info@example.org"
        self.retention_days = accounts.retention_days
        self._accounts = accounts
        self._stored = accounts.stored[folder]
        uids = tuple(self._stored)
        sizes = tuple(map(len, self._stored.values()))
        self.folder = FolderIndex(1, 1, folder, UIDVALIDITY, uids, uids, sizes)

    async def read(self, index: int, offset: int, length: int) -> bytes:
        self._accounts.reads.append((offset, length))
        await self._accounts.passing("read")
        uid = self.folder.uids[index]
        if uid not in self._stored:
            raise NotFoundError(Fault(str(uid), "removed"))
        return self._stored[uid][offset : offset + length]

    async def commit(self, deleted: Collection[int]) -> None:
        await self._accounts.passing("commit")
        for index in deleted:
            self._stored.pop(self.folder.uids[index], None)
