"""The AUTHORIZATION state of POP3: who wants in (RFC 1939 §4, RFC 5034, RFC 2595 §4)."""

from __future__ import annotations

import base64
from abc import abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING

from twisted.cred.error import UnauthorizedLogin

from bitrixmail.access.channel import POP3Channel
from bitrixmail.access.replies import (
    AUTH_BROKEN,
    AUTH_CANCELLED,
    IN_TLS,
    IN_USE,
    NO_APOP,
    NO_FOLDER,
    NO_MECHANISM,
    NO_TLS,
    NOT_AVAILABLE,
    TLS_FIRST,
    USER_FIRST,
    WRONG_LOGIN,
    RefusedError,
    err,
)
from bitrixmail.interfaces.maildrop import IMaildrop
from bitrixmail.link.credentials import PasswordLogin, log_bug
from bitrixmail.link.sasl import MECHANISMS, Mechanism, decoded
from bitrixmail.model.errors import MaildropLockedError, MailError, NotFoundError

if TYPE_CHECKING:
    from bitrixmail.access.factory import POP3Factory


class Authorization(POP3Channel):
    """The part of a session that finds out who is there. See Channel for its life."""

    def __init__(self, factory: POP3Factory) -> None:
        super().__init__(factory)
        self.mechanism: Mechanism | None = None
        self._name: bytes | None = None

    @abstractmethod
    def begin(self, maildrop: IMaildrop, logout: Callable[[], None]) -> None:
        """Enter the TRANSACTION state; whoever takes `logout` calls it, once."""

    # USER and PASS

    def do_USER(self, user: bytes) -> None:
        """USER: the same answer whoever it is."""
        self._only_in_private()
        self._name = user
        self.say("Send PASS")

    def do_PASS(self, password: bytes, *words: bytes) -> None:
        """PASS: all of the line behind the first space, as it stands."""
        self._only_in_private()
        name, self._name = self._name, None
        if name is None:
            raise RefusedError(USER_FIRST)
        self._log_in(name, b" ".join((password, *words)))

    def do_APOP(self, user: bytes, digest: bytes) -> None:  # noqa: ARG002 - refused to all
        """APOP."""
        raise RefusedError(NO_APOP)

    def _only_in_private(self) -> None:
        if not self.private():
            raise RefusedError(TLS_FIRST)

    # AUTH

    def do_AUTH(self, name: bytes = b"", initial: bytes = b"") -> None:
        """AUTH, with an initial response or without; `=` is an empty one (RFC 5034 §4)."""
        self._only_in_private()
        mechanism = MECHANISMS.get(name.upper())
        if mechanism is None:
            raise RefusedError(NO_MECHANISM)
        self.mechanism = mechanism()
        if initial:
            self.respond(b"" if initial == b"=" else initial)
        else:
            self._challenge(self.mechanism)

    def respond(self, line: bytes) -> None:
        """Take the client's part of the exchange under way."""
        mechanism, self.mechanism = self.mechanism, None
        if mechanism is None or line == b"*":
            raise RefusedError(AUTH_CANCELLED)
        try:
            names = mechanism.answer(decoded(line))
        except ValueError:
            # without the error's text: it may hold what was sent
            raise RefusedError(AUTH_BROKEN) from None
        if names is None:
            self.mechanism = mechanism
            self._challenge(mechanism)
        else:
            self._log_in(*names)

    def _challenge(self, mechanism: Mechanism) -> None:
        self.outgoing.append(b"+ " + base64.b64encode(mechanism.challenge) + b"\r\n")

    # The portal

    def _log_in(self, name: bytes, password: bytes) -> None:
        self.work(self._ask_portal(PasswordLogin(name, password, self.client.address)))

    async def _ask_portal(self, login: PasswordLogin) -> None:
        try:
            _, avatar, logout = await self.factory.portal.login(login, None, IMaildrop)
        except UnauthorizedLogin:
            self._refused(login, WRONG_LOGIN, "wrong name or password")
        except NotFoundError:
            self._refused(login, NO_FOLDER, "no such folder")
        except MaildropLockedError:
            self._not_now(login, IN_USE, "in use")
        except MailError as error:
            self._not_now(login, NOT_AVAILABLE, error.cause or str(error.reply))
        except Exception as error:  # noqa: BLE001 - a bug of ours must not end the session
            log_bug(self.client.session_id, error)
            self._not_now(login, NOT_AVAILABLE, "bug")
        else:
            if self.closing:
                logout()
            else:
                self.begin(IMaildrop(avatar), logout)

    def _refused(self, login: PasswordLogin, words: str, reason: str) -> None:
        self._record_refusal(login, reason)
        self.deny(words)

    def _not_now(self, login: PasswordLogin, words: str, reason: str) -> None:
        """Refuse a login that may have been right; it is not counted as an error."""
        self._record_refusal(login, reason)
        self.outgoing.append(err(words))

    def _record_refusal(self, login: PasswordLogin, reason: str) -> None:
        self.factory.maillog.record(
            "login-refused",
            session_id=self.client.session_id,
            peer=self.client.address,
            account=login.username.decode("utf-8", "replace"),
            reason=reason,
        )

    # STLS

    def do_STLS(self) -> None:
        """STLS (RFC 2595 §4): nothing that was said before counts any more."""
        if self.client.tls is not None:
            raise RefusedError(IN_TLS)
        if not self.tls_possible():
            raise RefusedError(NO_TLS)
        self._name = None
        self.say("Begin TLS")
        self.start_tls()
