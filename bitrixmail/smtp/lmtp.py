"""LMTP: mail from a mail server of this machine, a reply for each recipient (RFC 2033)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from ipaddress import ip_address
from typing import ClassVar

from twisted.internet.interfaces import IAddress
from twisted.logger import Logger
from twisted.mail import smtp

from bitrixmail.interfaces.gate import ITransaction
from bitrixmail.model.client import Client
from bitrixmail.model.envelope import SenderParameters
from bitrixmail.model.errors import MailError, PermanentError
from bitrixmail.model.limits import SMTPLimits
from bitrixmail.model.outcome import Outcome
from bitrixmail.model.reply import TRANSACTION_FAILED, Reply
from bitrixmail.smtp.factory import SMTPFactory
from bitrixmail.smtp.parameters import submission_parameters
from bitrixmail.smtp.replies import LOCAL_ONLY, RCPT_FIRST, encoded
from bitrixmail.smtp.session import ESMTP

_log = Logger()


class LMTP(ESMTP):
    """See Channel for its life. Errors raised by a command are its reply."""

    DOOR = "lmtp"

    def sender_parameters(self, text: str) -> SenderParameters:
        """See ESMTP. Who comes here is of this machine, and trusted (RFC 6710 §4.2)."""
        return submission_parameters(text, self.limits.max_size_octets, held=False)

    def announced(self) -> list[str]:
        """See ESMTP."""
        return [*super().announced(), "MT-PRIORITY"]

    def _ready(self) -> ITransaction:
        if self.transaction is not None and not self.recipients:
            # Whatever became of the recipients that were named (RFC 2033 §4.2)
            raise PermanentError(RCPT_FIRST)
        return super()._ready()

    async def _commit(self, transaction: ITransaction, recipients: int) -> None:
        try:
            await super()._commit(transaction, recipients)
        except MailError as error:
            self._answer_each(error.reply, recipients)
        except Exception:  # noqa: BLE001 - a bug; so many replies are waited for all the same
            _log.failure("{session_id}: bug in a commit", session_id=self.client.session_id)
            self._answer_each(TRANSACTION_FAILED, recipients)

    def answer_fault(self, reply: Reply, recipients: int) -> None:
        """See ContentPhase. Of a chunk that is not the last there is one reply (RFC 3030 §2)."""
        self._answer_each(reply, recipients if self._last_chunk else 1)

    def answer_outcomes(self, outcomes: Sequence[Outcome]) -> None:
        """See ContentPhase: one reply for each recipient, in their order (RFC 2033 §4.2)."""
        accepted = sum(outcome.reply.code < 300 for outcome in outcomes)
        if accepted:
            self.message_accepted(accepted)
        utf8 = self.utf8_replies
        self.outgoing += [encoded(outcome.reply, utf8=utf8) for outcome in outcomes]

    def _answer_each(self, reply: Reply, times: int) -> None:
        """Answer so many times; never with a hang-up amid the replies."""
        self.outgoing += [encoded(reply, utf8=self.utf8_replies)] * times

    _COMMANDS: ClassVar[dict[bytes, Callable[..., None]]] = {
        b"LHLO": ESMTP.do_EHLO,
        **{
            verb: command
            for verb, command in ESMTP._COMMANDS.items()  # noqa: SLF001 - our own table
            if verb not in {b"HELO", b"EHLO", b"STARTTLS", b"XCLIENT"}
        },
    }


class LMTPFactory(SMTPFactory):
    """The door of one listener or several. Made by compose, lives as long as the server.

    It serves programs of this machine alone, by a local socket or from loopback. `limits` may be
    replaced while it runs.
    """

    ID_PREFIX = "l"
    DESCRIPTORS_OF_100 = 3

    def buildProtocol(self, addr: IAddress | None) -> smtp.ESMTP:  # noqa: ARG002 - the transport tells
        """Make a session."""
        return LMTP(self)

    def enter(self, client: Client) -> Reply | None:
        """See Sessions."""
        if client.address and not ip_address(client.address).is_loopback:
            return LOCAL_ONLY
        return super().enter(client)


def local_limits(limits: SMTPLimits) -> SMTPLimits:
    """Return the limits for a neighbour who is trusted, and speaks for nobody else.

    He has asked for all recipients himself that strangers tried; there is nobody to hold off.
    """
    return replace(
        limits,
        max_messages=0,
        max_refused_recipients=0,
        greet_delay_s=0.0,
        proxy_networks=(),
        xclient_networks=(),
    )
