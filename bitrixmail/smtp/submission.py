"""The door for senders with a mailbox here: SMTP behind a login (RFC 6409, RFC 4954, RFC 6710)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import ClassVar

from twisted.cred.portal import Portal
from twisted.internet.interfaces import IAddress, IReactorTime
from twisted.mail import smtp

from bitrixmail.interfaces.gate import IGate
from bitrixmail.interfaces.login import IScramSalts
from bitrixmail.interfaces.maillog import IMailLog
from bitrixmail.link.peer import private
from bitrixmail.link.scram import new_nonce
from bitrixmail.link.sessions import TLSContext
from bitrixmail.model.envelope import SenderParameters
from bitrixmail.model.errors import PermanentError
from bitrixmail.model.limits import SMTPLimits
from bitrixmail.smtp.authentication import Authentication
from bitrixmail.smtp.factory import SMTPFactory
from bitrixmail.smtp.parameters import submission_parameters
from bitrixmail.smtp.replies import AUTH_AFTER_TLS, AUTH_FIRST
from bitrixmail.tasks import utcnow


class Submission(Authentication):
    """See Channel for its life. Errors raised by a command are its reply."""

    DOOR = "submission"

    def do_MAIL(self, argument: bytes) -> None:
        """MAIL, of whoever has logged in: also mail for mailboxes here has another door."""
        if self.client.helo and self.client.account is None:
            raise PermanentError(AUTH_FIRST if private(self.client) else AUTH_AFTER_TLS)
        super().do_MAIL(argument)

    def sender_parameters(self, text: str) -> SenderParameters:
        """See ESMTP."""
        held = self.factory.most_held_s > 0
        return submission_parameters(text, self.limits.max_size_octets, held=held)

    def announced(self) -> list[str]:
        """See ESMTP. Who comes without a login yet won't ask again behind it."""
        found = super().announced()
        most_s = self.factory.most_held_s
        if most_s and private(self.client):
            latest = utcnow(self.clock) + timedelta(seconds=most_s)
            found.append(f"FUTURERELEASE {most_s} {latest:%Y-%m-%dT%H:%M:%SZ}")
        if private(self.client):
            found.append("MT-PRIORITY")
        return found

    _COMMANDS: ClassVar[dict[bytes, Callable[..., None]]] = {
        **Authentication._COMMANDS,  # noqa: SLF001 - our own table
        b"MAIL": do_MAIL,
    }


class SubmissionFactory(SMTPFactory):
    """The door of one listener or several. Made by compose, lives as long as the server.

    `limits` and `most_held_s` may be replaced while it runs. A message may be held for so many
    seconds before it is sent (RFC 4865); 0: for none.
    """

    ID_PREFIX = "s"
    DESCRIPTORS_OF_100 = 7

    def __init__(  # noqa: PLR0917 - as that of SMTPFactory
        self,
        gate: IGate,
        clock: IReactorTime,
        maillog: IMailLog,
        hostname: str,
        limits: SMTPLimits,
        tls: TLSContext | None,
        *,
        portal: Portal,
        salts: IScramSalts,
        most_held_s: int = 0,
    ) -> None:
        super().__init__(gate, clock, maillog, hostname, limits, tls)
        self.maillog = maillog
        self.logins = portal
        self.salts = salts
        self.nonce: Callable[[], str] = new_nonce
        self.most_held_s = most_held_s

    def buildProtocol(self, addr: IAddress | None) -> smtp.ESMTP:  # noqa: ARG002 - the transport tells
        """Make a session."""
        return Submission(self)
