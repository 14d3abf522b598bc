"""Mail of who has logged in: as whom he may send, how much, and what his program left out.

RFC 6409. What is missing is added before the content, which stays as it came.
"""

from __future__ import annotations

from datetime import datetime
from email.utils import format_datetime
from typing import NamedTuple, Protocol

from twisted.internet.interfaces import IReactorTime

from bitrixmail.interfaces.directory import IDirectory
from bitrixmail.interfaces.grants import IGrants
from bitrixmail.mime.addresses import parse_addresses
from bitrixmail.mime.domains import to_ascii
from bitrixmail.mime.headers import MAX_FIELDS, HeaderSection
from bitrixmail.model.address import Address
from bitrixmail.model.envelope import SenderParameters
from bitrixmail.model.errors import PermanentError
from bitrixmail.model.limits import SubmissionLimits
from bitrixmail.model.reply import Reply
from bitrixmail.model.text import printable
from bitrixmail.pipeline.allowances import Allowances
from bitrixmail.tasks import utcnow

SWITCHED_OFF = Reply(550, "5.7.13", "This account is switched off")
NO_FROM = Reply(550, "5.6.0", "The message has no From field, or one without an address")
TWO_FROM = Reply(550, "5.6.0", "The message has more than one From field")
LONG_HEADER = Reply(550, "5.6.0", "The header section of the message is too long")
NULL_SENDER = Reply(550, "5.7.1", "The null sender is for reports and automatic replies alone")
_MOST_AUTHORS = 50


class Owners(Protocol):
    """Tells whose an address is (`pipeline.routing`)."""

    async def owners(self, address: Address) -> frozenset[str]:
        """Return the mailboxes that an address is of."""


class Added(NamedTuple):
    """Fields to stand before the content, and the Message-ID among them if it was missing."""

    octets: bytes = b""
    message_id: str = ""


NOTHING = Added()


class Submissions:
    """Knows what holds for logins. Made by compose, lives as long as the server.

    `limits` may be replaced while it runs. Accounts are named by their mailbox's `Address.key`.
    """

    def __init__(
        self,
        owners: Owners,
        directory: IDirectory,
        grants: IGrants,
        clock: IReactorTime,
        limits: SubmissionLimits,
    ) -> None:
        self.limits = limits
        self._owners = owners
        self._directory = directory
        self._grants = grants
        self._clock = clock
        self._messages = Allowances(clock, "messages")
        self._recipients = Allowances(clock, "recipients")

    async def admit(
        self, account: str, sender: Address | None, parameters: SenderParameters
    ) -> None:
        """Let a message begin, and count it. Raise MailError.

        The null sender passes here: programs send MDNs with it (RFC 8098 §3), and what a message
        is shows behind DATA only.
        """
        mailbox = await self._directory.mailbox(account)
        if mailbox is None or not mailbox.active:
            raise PermanentError(SWITCHED_OFF)
        if sender is not None and not await self.may_send(account, sender):
            raise PermanentError(Reply(553, "5.7.1", _not_his(account, str(sender))))
        self._check_hold(parameters)
        limits = self.limits
        self._messages.take(account, limits.messages)

    def count_recipient(self, account: str) -> None:
        """Count a recipient that is named. Raise TemporaryError."""
        self._recipients.take(account, self.limits.recipients)

    async def may_send(self, account: str, sender: Address) -> bool:
        """Tell whether an address belongs to a login: by itself, by an alias, by a grant."""
        if sender.key == account or account in await self._owners.owners(sender):
            return True
        granted = await self._grants.of(account)
        return bool(granted) and not granted.isdisjoint((sender.key, f"@{sender.domain}"))

    def _check_hold(self, parameters: SenderParameters) -> None:
        """Refuse to hold a message for longer than was announced (RFC 4865 §4)."""
        held_s = float(parameters.hold_for_s or 0)
        if parameters.hold_until is not None:
            held_s = (parameters.hold_until - utcnow(self._clock)).total_seconds()
        most_s = self.limits.most_held_s
        if held_s > most_s:
            raise PermanentError(
                Reply(501, "5.5.4", f"A message is held for {most_s} seconds at most")
            )

    async def complete(  # noqa: PLR0917 - all of it is needed, nothing has a default
        self,
        account: str,
        sender: Address | None,
        headers: HeaderSection,
        head_complete: bool,
        queue_id: str,
        received: datetime,
        hostname: str,
    ) -> Added:
        """Check what a message says of its author, and return what it lacks. Raise MailError."""
        if not head_complete or len(headers) >= MAX_FIELDS:
            # somebody else may be named behind what was looked at
            raise PermanentError(LONG_HEADER, cause=f"long header section, from {account}")
        await self._check_author(account, headers)
        if sender is None and not _automatic(headers):
            raise PermanentError(NULL_SENDER, cause=f"null sender from {account}")
        octets, message_id = b"", ""
        if not headers.count("date"):
            octets += f"Date: {format_datetime(received)}\r\n".encode()
        if not headers.count("message-id"):
            message_id = f"<{queue_id}@{hostname}>"
            octets += f"Message-ID: {message_id}\r\n".encode()
        return Added(octets, message_id) if octets else NOTHING

    async def _check_author(self, account: str, headers: HeaderSection) -> None:
        """Refuse a message whose author is not clear, or not who has logged in (§6.1)."""
        fields = headers.all("from")
        if len(fields) > 1:
            raise PermanentError(TWO_FROM, cause=f"From twice, from {account}")
        authors = parse_addresses(fields[0], headers.decode, _MOST_AUTHORS + 1) if fields else ()
        if not authors or len(authors) > _MOST_AUTHORS:
            raise PermanentError(NO_FROM, cause=f"no From, from {account}")
        if not self.limits.check_from:
            return
        for author in authors:
            address = _address(author.address)
            if address is None or not await self.may_send(account, address):
                shown = printable(author.address or author.name, 120)
                reply = Reply(550, "5.7.1", f"From: {_not_his(account, shown)}")
                raise PermanentError(reply, cause=f"From of another, from {account}")


def _not_his(account: str, address: str) -> str:
    return printable(f"{account} may not send as {address}", 220)


def _automatic(headers: HeaderSection) -> bool:
    """Tell whether a message is a report (RFC 6522) or an automatic reply (RFC 3834 §5)."""
    kind = headers.text("content-type").partition(";")[0].strip().lower()
    said = headers.text("auto-submitted").partition(";")[0].strip().lower()
    return kind == "multipart/report" or said not in {"", "no"}


def _address(text: str) -> Address | None:
    written = Address.of(text)
    if not written.local_part:
        return None
    try:
        return Address(written.local_part, to_ascii(written.domain))
    except ValueError:
        return None
