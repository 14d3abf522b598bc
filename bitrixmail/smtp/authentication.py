"""AUTH: who is at the other end of an SMTP connection (RFC 4954, with SASL of RFC 4422)."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from twisted.cred.error import UnauthorizedLogin

from bitrixmail.interfaces.login import ISubmitter
from bitrixmail.link.credentials import PasswordLogin, ScramLogin, log_bug
from bitrixmail.link.crowd import Standing
from bitrixmail.link.peer import private
from bitrixmail.link.sasl import MECHANISMS, Mechanism, decoded
from bitrixmail.link.scram import ScramExchange, verdict
from bitrixmail.model.client import Client
from bitrixmail.model.errors import MailError, PermanentError
from bitrixmail.model.reply import Reply
from bitrixmail.smtp.replies import (
    AUTH_BROKEN,
    AUTH_CANCELLED,
    AUTH_SYNTAX,
    BAD_LINE,
    HELO_FIRST,
    LOGGED_IN,
    LONG_AUTH_LINE,
    NEEDS_TLS,
    NO_LOGIN_NOW,
    NO_MECHANISM,
    WELCOME,
    WRONG_LOGIN,
    encoded,
)
from bitrixmail.smtp.session import ESMTP
from bitrixmail.smtp.wire import Event
from bitrixmail.wire.lines import Line, LineFault

if TYPE_CHECKING:
    from bitrixmail.smtp.submission import SubmissionFactory

_SCRAM = b"SCRAM-SHA-256"


class Authentication(ESMTP):
    """The part of a session that finds out who is there. See Channel for its life."""

    # RFC 4954 §4, with CR LF
    LEAST_LINE_OCTETS = 12288 + 2

    factory: SubmissionFactory

    def __init__(self, factory: SubmissionFactory) -> None:
        super().__init__(factory)
        # What takes the next response of an exchange under way; raises ValueError for a wrong one
        self._taker: Callable[[bytes], None] | None = None

    def handle(self, event: Event) -> None:
        """See Channel. Amid an exchange a line is a response and no command."""
        if self._taker is None or not isinstance(event, Line):
            super().handle(event)
            return
        if event.fault is not None:
            self._taker = None
            raise PermanentError(LONG_AUTH_LINE if event.fault is LineFault.TOO_LONG else BAD_LINE)
        self._respond(event.octets)

    def become(self, client: Client) -> bool:
        """See SMTPChannel. Whoever spoke for another is not that other."""
        return super().become(replace(client, account=None))

    def standing(self) -> Standing:
        """See Channel. Whoever has logged in goes after those who have not."""
        found = super().standing()
        known = self.client.account is not None
        return Standing.WAITING if known and found is Standing.NOTHING else found

    def announced(self) -> list[str]:
        """See ESMTP."""
        found = super().announced()
        if self.client.account is None and private(self.client):
            names = b" ".join((*MECHANISMS, _SCRAM)).decode()
            found.append(f"AUTH {names}")
        return found

    def ext_STARTTLS(self, argument: bytes) -> None:
        """STARTTLS, see ESMTP: the login is forgotten too (RFC 3207 §4.2)."""
        super().ext_STARTTLS(argument)
        self.client = replace(self.client, account=None)

    # The exchange

    def do_AUTH(self, argument: bytes) -> None:
        """AUTH, with an initial response or without; `=` is an empty one."""
        if not self.client.esmtp:
            raise PermanentError(HELO_FIRST)
        if self.client.account is not None:
            # also within a transaction: without a login there is none
            raise PermanentError(LOGGED_IN)
        if not private(self.client):
            raise PermanentError(NEEDS_TLS)
        name, _, initial = argument.partition(b" ")
        if not name or b" " in initial:
            raise PermanentError(AUTH_SYNTAX)
        challenge = self._begin(name.upper())
        if initial:
            self._respond(b"" if initial == b"=" else initial)
        else:
            self._challenge(challenge)

    def _begin(self, name: bytes) -> bytes:
        """Begin an exchange; return its first challenge."""
        if name == _SCRAM:
            exchange = ScramExchange(self.client.address, self.factory.nonce())
            self._taker = partial(self._take_scram, exchange)
            return b""
        kind = MECHANISMS.get(name)
        if kind is None:
            raise PermanentError(NO_MECHANISM)
        mechanism = kind()
        self._taker = partial(self._take_names, mechanism)
        return mechanism.challenge

    def _challenge(self, octets: bytes) -> None:
        self.outgoing.append(b"334 " + base64.b64encode(octets) + b"\r\n")

    def _respond(self, line: bytes) -> None:
        taker, self._taker = self._taker, None
        if taker is None or line == b"*":
            raise PermanentError(AUTH_CANCELLED)
        try:
            taker(decoded(line))
        except ValueError:
            # without the error's text: it may hold what was sent
            raise PermanentError(AUTH_BROKEN) from None

    def _take_names(self, mechanism: Mechanism, response: bytes) -> None:
        names = mechanism.answer(response)
        if names is None:
            self._taker = partial(self._take_names, mechanism)
            self._challenge(mechanism.challenge)
        else:
            login = PasswordLogin(*names, self.client.address)
            self.work(self._ask_portal(login, self._welcome_in))

    def _take_scram(self, exchange: ScramExchange, response: bytes) -> None:
        exchange.begin(response)
        self.work(self._ask_salt(exchange))

    async def _ask_salt(self, exchange: ScramExchange) -> None:
        try:
            found = await self.factory.salts.salt_of(exchange.username)
        except MailError as error:
            self._not_now(exchange.username, error.cause or str(error.reply))
            return
        self._taker = partial(self._take_proof, exchange)
        self._challenge(exchange.challenge(*found))

    def _take_proof(self, exchange: ScramExchange, response: bytes) -> None:
        login = exchange.finish(response)
        self.work(self._ask_portal(login, partial(self._prove, login)))

    def _prove(self, login: ScramLogin, account: str) -> None:
        """Prove in turn that we know the password; the login counts once the client has seen it."""
        self._taker = partial(self._take_silence, account)
        self._challenge(verdict(login))

    def _take_silence(self, account: str, response: bytes) -> None:
        if response:
            raise ValueError("nothing more was asked")
        self._welcome_in(account)

    # The portal

    async def _ask_portal(
        self, login: PasswordLogin | ScramLogin, then: Callable[[str], None]
    ) -> None:
        try:
            _, avatar, _ = await self.factory.logins.login(login, None, ISubmitter)
        except UnauthorizedLogin:
            self._record_refusal(login.username, "wrong name or password")
            self.reply(WRONG_LOGIN)
        except MailError as error:
            self._not_now(login.username, error.cause or str(error.reply))
        except Exception as error:  # noqa: BLE001 - a bug of ours must not end the session
            log_bug(self.client.session_id, error)
            self._not_now(login.username, "bug")
        else:
            then(ISubmitter(avatar).account)

    def _welcome_in(self, account: str) -> None:
        self.client = replace(self.client, account=account)
        self.timeout_s = self.limits.command_timeout_s
        self.factory.crowd.prove(self)
        self.factory.maillog.record(
            "login",
            session_id=self.client.session_id,
            peer=self.client.address,
            account=account,
        )
        self.reply(WELCOME)

    def _not_now(self, name: bytes, reason: str, reply: Reply = NO_LOGIN_NOW) -> None:
        """Refuse a login that may have been right; it is not counted as an error."""
        self._record_refusal(name, reason)
        self.outgoing.append(encoded(reply))

    def _record_refusal(self, name: bytes, reason: str) -> None:
        self.factory.maillog.record(
            "login-refused",
            session_id=self.client.session_id,
            peer=self.client.address,
            account=name.decode("utf-8", "replace"),
            reason=reason,
        )

    _COMMANDS: ClassVar[dict[bytes, Callable[..., None]]] = {
        **ESMTP._COMMANDS,  # noqa: SLF001 - our own table
        b"AUTH": do_AUTH,
        b"STARTTLS": ext_STARTTLS,
    }
    # Behind AUTH comes what it asks for, and nothing else (RFC 4954 §4)
    _BEFORE_EHLO = ESMTP._BEFORE_EHLO | {do_AUTH, ext_STARTTLS}  # noqa: SLF001 - the same
    _AFTER_EHLO = ESMTP._AFTER_EHLO | {do_AUTH, ext_STARTTLS}  # noqa: SLF001 - the same
