"""One SMTP session: what each command means, in which order it may come (RFC 5321 §4.1, §4.1.4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from twisted.internet.interfaces import ITLSTransport

from bitrixmail.interfaces.gate import ITransaction
from bitrixmail.model.address import Address
from bitrixmail.model.client import Client
from bitrixmail.model.envelope import RecipientParameters, SenderParameters
from bitrixmail.model.errors import MailError, PermanentError, TemporaryError
from bitrixmail.model.limits import listed
from bitrixmail.model.reply import Reply
from bitrixmail.model.text import printable
from bitrixmail.smtp.content_phase import ContentPhase
from bitrixmail.smtp.grammar import forward_path, reverse_path
from bitrixmail.smtp.parameters import recipient_parameters, sender_parameters
from bitrixmail.smtp.replies import (
    BAD_LINE,
    BYE,
    CANNOT_VERIFY,
    ENOUGH_REFUSED,
    HELO_FIRST,
    HELO_SYNTAX,
    HELP,
    IN_CHUNKS,
    IN_TLS,
    IN_TRANSACTION,
    LONG_COMMAND,
    MAIL_FIRST,
    NEEDS_SMTPUTF8,
    NESTED_MAIL,
    NO_ARGUMENT,
    NOT_OFFERED,
    NOT_PIPELINED,
    OK,
    READY_FOR_TLS,
    RECIPIENT_OK,
    SENDER_OK,
    TOO_MANY_MESSAGES,
    UNKNOWN_COMMAND,
    UNKNOWN_PARAMETER,
)
from bitrixmail.smtp.wire import Event
from bitrixmail.smtp.xclient import ANNOUNCED as XCLIENT_ANNOUNCED
from bitrixmail.smtp.xclient import Claims, joined
from bitrixmail.wire.lines import Line, LineFault

if TYPE_CHECKING:
    from bitrixmail.smtp.factory import SMTPFactory

_NO_SENDER_PARAMETERS = SenderParameters()
_NO_RECIPIENT_PARAMETERS = RecipientParameters()
# A domain name has 255 octets, an address literal fewer (RFC 5321 §4.5.3.1.2)
MAX_HELO = 255


class ESMTP(ContentPhase):
    """See Channel for its life. Errors raised by a command are its reply."""

    def __init__(self, factory: SMTPFactory) -> None:
        super().__init__(factory)
        # Who connected, where XCLIENT named somebody else, and what was said of that one
        self._proxy: Client | None = None
        self._claims = Claims()
        # The commands behind which nothing may stand before they are answered
        self._alone = self._BEFORE_EHLO if self.limits.strict_pipelining else self._NONE

    def begin_anew(self) -> None:
        """See SMTPChannel."""
        super().begin_anew()
        self._messages = 0

    def handle(self, event: Event) -> None:
        """See Channel."""
        if not isinstance(event, Line):
            self.content(event)
        elif event.fault is not None:
            self.reply(LONG_COMMAND if event.fault is LineFault.TOO_LONG else BAD_LINE)
        else:
            verb, _, argument = event.octets.partition(b" ")
            command = self._COMMANDS.get(verb.upper(), ESMTP.do_UNKNOWN)
            if command in self._alone and self.wire.pending:
                self.factory.refused(self.client, NOT_PIPELINED)
                self.hang_up(NOT_PIPELINED)
                return
            command(self, argument.strip(b" \t"))

    # Hello

    def do_HELO(self, argument: bytes) -> None:
        """HELO (RFC 5321 §4.1.1.1)."""
        self._introduced(argument, esmtp=False)
        self.reply(Reply(250, "", self.factory.hostname))
        self.idle_command()

    def do_EHLO(self, argument: bytes) -> None:
        """EHLO (RFC 5321 §4.1.1.1)."""
        self._introduced(argument, esmtp=True)
        lines = [self.factory.hostname, *self.announced()]
        last = len(lines) - 1
        text = "".join(f"250{' ' if n == last else '-'}{line}\r\n" for n, line in enumerate(lines))
        self.outgoing.append(text.encode("ascii"))
        self.idle_command()

    def _introduced(self, argument: bytes, *, esmtp: bool) -> None:
        if not argument:
            raise PermanentError(HELO_SYNTAX)
        self.forget()
        name = printable(argument.decode("utf-8", "replace"), MAX_HELO)
        self.client = replace(self.client, helo=name, esmtp=esmtp)
        if self.limits.strict_pipelining:
            self._alone = self._AFTER_EHLO if esmtp else self._BEFORE_EHLO

    def announced(self) -> list[str]:
        """Return what EHLO announces (RFC 1869, RFC 9422 for LIMITS)."""
        limits = self.limits
        found = [
            f"SIZE {limits.max_size_octets}",
            "PIPELINING",
            "8BITMIME",
            "SMTPUTF8",
            "CHUNKING",
            "ENHANCEDSTATUSCODES",
            "DSN",
        ]
        if self._tls_possible() and self.client.tls is None:
            found.append("STARTTLS")
        if self._trusted():
            found.append(XCLIENT_ANNOUNCED)
        counts = (("MAILMAX", limits.max_messages), ("RCPTMAX", limits.max_recipients))
        named = [f"{name}={count}" for name, count in counts if count]
        if named:
            found.append(" ".join(["LIMITS", *named]))
        return found

    # Transaction

    def do_MAIL(self, argument: bytes) -> None:
        """MAIL (RFC 5321 §4.1.1.2)."""
        if not self.client.helo:
            raise PermanentError(HELO_FIRST)
        if self.transaction is not None:
            raise PermanentError(NESTED_MAIL)
        if 0 < self.limits.max_messages <= self._messages:
            self.factory.refused(self.client, TOO_MANY_MESSAGES)
            self.hang_up(TOO_MANY_MESSAGES)
            return
        try:
            address, parameters = self._named_sender(argument)
        except PermanentError as error:
            self.factory.refused(self.client, error.reply, sender=_as_given(argument))
            raise
        self.work(self._open_transaction(address, parameters))

    def _named_sender(self, argument: bytes) -> tuple[Address | None, SenderParameters]:
        path = reverse_path(argument)
        parameters = _NO_SENDER_PARAMETERS
        if path.parameters:
            self._only_esmtp()
            parameters = self.sender_parameters(path.parameters)
        if path.utf8 and not parameters.smtputf8:
            raise PermanentError(NEEDS_SMTPUTF8)
        return path.address, parameters

    def sender_parameters(self, text: str) -> SenderParameters:
        """Read what stands behind the reverse-path."""
        return sender_parameters(text, self.limits.max_size_octets)

    def _only_esmtp(self) -> None:
        """Refuse parameters where nothing was announced (RFC 5321 §4.1.1.11)."""
        if not self.client.esmtp:
            raise PermanentError(UNKNOWN_PARAMETER)

    async def _open_transaction(self, sender: Address | None, parameters: SenderParameters) -> None:
        self.utf8_replies = parameters.smtputf8
        client = replace(self.client, smtputf8=True) if parameters.smtputf8 else self.client
        self.sender = sender
        transaction = self.transaction = self.factory.gate.open(client)
        try:
            await transaction.sender(sender, parameters)
        except MailError as error:
            self._drop(transaction)
            self.refused(error.reply, None)
            raise
        except BaseException:
            self._drop(transaction)
            raise
        if not self._messages:
            self.factory.crowd.prove(self)
        self._messages += 1
        self.timeout_s = self.limits.command_timeout_s
        self.reply(SENDER_OK)

    def _drop(self, transaction: ITransaction) -> None:
        """Forget a transaction that was refused at its beginning, if nobody else did meanwhile."""
        if self.transaction is transaction:
            self.forget()

    def do_RCPT(self, argument: bytes) -> None:
        """RCPT (RFC 5321 §4.1.1.3)."""
        if not self.client.helo:
            raise PermanentError(HELO_FIRST)
        transaction = self.transaction
        if transaction is None:
            raise PermanentError(MAIL_FIRST)
        if self.unfinished():
            raise PermanentError(IN_CHUNKS)
        try:
            address, parameters = self._named_recipient(argument)
        except MailError as error:
            self.refused(error.reply, _as_given(argument))
            raise
        if address is not None:
            self.work(self._add_recipient(transaction, address, parameters))

    def _named_recipient(self, argument: bytes) -> tuple[Address | None, RecipientParameters]:
        if self._recipients_denied and self.recipients and self.enough_denied():
            raise TemporaryError(ENOUGH_REFUSED)
        path = forward_path(argument)
        parameters = _NO_RECIPIENT_PARAMETERS
        if path.parameters:
            self._only_esmtp()
            parameters = recipient_parameters(path.parameters)
        if path.utf8 and not self.utf8_replies:
            raise PermanentError(NEEDS_SMTPUTF8)
        return path.address, parameters

    async def _add_recipient(
        self, transaction: ITransaction, address: Address, parameters: RecipientParameters
    ) -> None:
        try:
            await transaction.recipient(address, parameters)
        except MailError as error:
            self.refused_recipients += 1
            self.refused(error.reply, str(address))
            self.deny_recipient(error.reply)
            return
        if not self.recipients:
            self.first_recipient = address
        self.recipients += 1
        self.reply(RECIPIENT_OK)

    def do_RSET(self, argument: bytes) -> None:
        """RSET."""
        _nothing(argument)
        self.forget()
        self.reply(OK)
        self.idle_command()

    # The others

    def do_QUIT(self, argument: bytes) -> None:
        """QUIT. Whatever stands behind it, an empty line of a clumsy client say, is dropped."""
        _nothing(argument)
        self.hang_up(BYE)

    def do_NOOP(self, argument: bytes) -> None:  # noqa: ARG002 - RFC 5321 §4.1.1.9: it is ignored
        """NOOP."""
        self.reply(OK)
        self.idle_command()

    def do_VRFY(self, argument: bytes) -> None:  # noqa: ARG002 - the answer is the same for all
        """VRFY: nobody learns here who has a mailbox (RFC 5321 §3.5.3)."""
        self.reply(CANNOT_VERIFY)
        self.idle_command()

    def do_HELP(self, argument: bytes) -> None:  # noqa: ARG002 - there is one text for all
        """HELP."""
        self.reply(HELP)
        self.idle_command()

    def not_offered(self, argument: bytes) -> None:  # noqa: ARG002 - with or without one
        """EXPN, AUTH: known, not announced."""
        raise PermanentError(NOT_OFFERED)

    def do_UNKNOWN(self, argument: bytes) -> None:  # noqa: ARG002 - unknown with any
        """Anything else."""
        raise PermanentError(UNKNOWN_COMMAND)

    def ext_STARTTLS(self, argument: bytes) -> None:
        """STARTTLS (RFC 3207): nothing that was said before counts any more."""
        if self.client.tls is not None:
            raise PermanentError(IN_TLS)
        if not self._tls_possible():
            raise PermanentError(NOT_OFFERED)
        _nothing(argument)
        self.forget()
        self.client = replace(self.client, helo="", esmtp=False)
        self._claims = replace(self._claims, helo=None)
        if self.limits.strict_pipelining:
            self._alone = self._BEFORE_EHLO
        self.reply(READY_FOR_TLS)
        self.start_tls()

    def ext_XCLIENT(self, argument: bytes) -> None:
        """XCLIENT (Postfix's XCLIENT_README): begin anew, as with the client that is named."""
        if not self._trusted():
            raise PermanentError(NOT_OFFERED)
        if self.transaction is not None:
            raise PermanentError(IN_TRANSACTION)
        self._claims = joined(self._claims, argument)
        self._proxy = self._proxy or self.client
        if self.become(self._claims.of(self._proxy, self.client)):
            if self.limits.strict_pipelining:
                self._alone = self._AFTER_EHLO if self.client.esmtp else self._BEFORE_EHLO
            # at once: whoever is named does not hear us, and the proxy has proved to be one
            self._welcome()

    def _trusted(self) -> bool:
        """Tell whether who connected may speak for others; whom it names can't."""
        networks = self.limits.xclient_networks
        return bool(networks) and listed((self._proxy or self.client).address, networks)

    def _tls_possible(self) -> bool:
        return self.factory.tls is not None and ITLSTransport.providedBy(self.transport)

    _COMMANDS: ClassVar[dict[bytes, Callable[..., None]]] = {
        b"HELO": do_HELO,
        b"EHLO": do_EHLO,
        b"MAIL": do_MAIL,
        b"RCPT": do_RCPT,
        b"DATA": ContentPhase.do_DATA,
        b"BDAT": ContentPhase.do_BDAT,
        b"RSET": do_RSET,
        b"NOOP": do_NOOP,
        b"VRFY": do_VRFY,
        b"EXPN": not_offered,
        b"HELP": do_HELP,
        b"QUIT": do_QUIT,
        b"AUTH": not_offered,
        b"STARTTLS": ext_STARTTLS,
        b"XCLIENT": ext_XCLIENT,
    }
    # RFC 2920 §3.1, RFC 3207 §4; who did not say EHLO was not told that he may send many at once
    _NONE: ClassVar[frozenset[Callable[..., None]]] = frozenset()
    _BEFORE_EHLO: ClassVar[frozenset[Callable[..., None]]] = frozenset(
        {*_COMMANDS.values(), do_UNKNOWN} - {do_QUIT}
    )
    _AFTER_EHLO: ClassVar[frozenset[Callable[..., None]]] = _BEFORE_EHLO - {
        do_MAIL,
        do_RCPT,
        do_RSET,
        do_UNKNOWN,
        ContentPhase.do_BDAT,
    }


def _as_given(argument: bytes) -> str:
    """Return a path that was refused as far as one sees it: without brackets and parameters."""
    text = argument.decode("utf-8", "replace").partition(":")[2].strip()
    inside, end, _ = text.removeprefix("<").partition(">")
    return inside if text.startswith("<") and end else text


def _nothing(argument: bytes) -> None:
    if argument:
        raise PermanentError(NO_ARGUMENT)
