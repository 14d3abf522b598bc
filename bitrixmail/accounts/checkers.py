"""Whether a name and a password belong together."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.error import UnauthorizedLogin
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from bitrixmail.accounts.login import Login, identify
from bitrixmail.accounts.passwords import verify
from bitrixmail.accounts.recent import RecentPasswords
from bitrixmail.accounts.throttle import LoginThrottle
from bitrixmail.interfaces.directory import IDirectory
from bitrixmail.interfaces.login import IPasswordLogin
from bitrixmail.interfaces.threads import IThreads

# Told of a mailbox that somebody was not let into, and from where he came
Refused: TypeAlias = Callable[[str, str], None]
# As cred has it: an avatar, or nobody in particular (which we never are)
_AvatarId: TypeAlias = bytes | tuple[()]


def nobody_is_told(_account: str, _peer: str) -> None:
    """Tell nobody who was not let in."""


@implementer(ICredentialsChecker)
class PasswordChecker:
    """Checks passwords for every door. Made by compose, lives as long as the server.

    Whatever is wrong, UnauthorizedLogin comes at the time the throttle sets. MailError: the
    directory can't tell, and nothing is held against anybody. `refused` is told who was not let in.
    """

    credentialInterfaces = (IPasswordLogin,)

    def __init__(
        self,
        directory: IDirectory,
        threads: IThreads,
        throttle: LoginThrottle,
        clock: IReactorTime,
        refused: Refused = nobody_is_told,
    ) -> None:
        self._refused = refused
        self._directory = directory
        self._threads = threads
        self._throttle = throttle
        self._recent = RecentPasswords(clock)

    def requestAvatarId(self, credentials: IPasswordLogin) -> Deferred[_AvatarId]:
        """See ICredentialsChecker; the avatar id is that of a Login."""
        return Deferred.fromCoroutine(self._check(credentials))

    async def _check(self, credentials: IPasswordLogin) -> _AvatarId:
        login = await identify(self._directory, credentials.username)
        attempt = await self._throttle.admit(credentials.peer, login.account)
        try:
            right = attempt.allowed and await self._matches(login, credentials.password)
        except BaseException:
            # Whatever it was: an attempt that never ended would hold up all that come behind it
            attempt.undone()
            raise
        if not right:
            self._refused(login.account, credentials.peer)
            await attempt.failed()
            raise UnauthorizedLogin
        attempt.succeeded()
        return login.avatar_id

    async def _matches(self, login: Login, octets: bytes) -> bool:
        credential = await self._directory.credential(login.account)
        # what is no UTF-8 holds a NUL then, which no password has
        password = octets.decode("utf-8", "ignore") if _is_utf8(octets) else "\0"
        if credential is not None and self._recent.has(password, credential):
            return True
        right = await self._threads.run(verify, password, credential)
        if right and credential is not None:
            self._recent.add(password, credential)
        return right


def _is_utf8(octets: bytes) -> bool:
    try:
        octets.decode()
    except UnicodeDecodeError:
        return False
    return True
