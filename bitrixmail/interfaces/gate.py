"""What a door calls: the gate, one transaction at a time, and the sink for its content."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.interface import Interface

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from bitrixmail.model.address import Address
    from bitrixmail.model.client import Client
    from bitrixmail.model.envelope import RecipientParameters, SenderParameters
    from bitrixmail.model.outcome import Outcome
    from bitrixmail.model.reply import Reply


class IGate(Interface):
    """The one entrance to the pipeline, shared by all doors; lives as long as the server."""

    def arrived(client: Client) -> Reply | None:
        """Count a connection in; a reply (421, 554) means that it is refused and not counted.

        A connection that was not refused is counted out by `left`, exactly once.
        """

    def left(client: Client) -> None:
        """Count a connection out."""

    def open(client: Client, once: str = "", queue_id: str = "") -> ITransaction:
        """Begin a transaction: one sender, its recipients, one content. Never fails.

        `once` names what a door brings, if it may bring it again after a crash: of transactions
        with the same name only the first that is committed has an effect. `queue_id` is what it is
        called then, so that whoever brings it again knows of the first; empty: a new one.
        """


class ITransaction(Interface):
    """One mail transaction (RFC 5321 §3.3). Its door makes one call at a time and awaits it.

    Order: sender, recipient (one or more), body, sink writes, commit. `abort` may come at any time
    before commit, also while another call is pending. After commit or abort it is used no more.
    """

    async def sender(address: Address | None, parameters: SenderParameters) -> None:
        """Accept the reverse-path; None is the null sender. Raise MailError to refuse."""

    async def recipient(address: Address, parameters: RecipientParameters) -> None:
        """Accept one forward-path. Raise MailError to refuse just this one."""

    def body() -> ISink:
        """Open the sink for the content. Called once, after at least one accepted recipient."""

    async def commit() -> tuple[Outcome, ...]:
        """Make the message durable, then return one outcome per accepted recipient, in their order.

        Raise MailError if nothing was kept. Any other error is a bug, and nothing was kept either.
        Once called it can't be cancelled: a lost connection is ignored.
        """

    def abort(reason: Reply | None = None) -> None:
        """Forget everything; what a sink wrote is removed. Never fails, may be called twice.

        `reason` is the reply with which the door ended it, for the mail log.
        """


class ISink(Interface):
    """Takes the content of one message in any cuts: octets in CRLF form, dots already removed."""

    def write(data: bytes) -> Deferred[None] | None:
        """Take octets. None: go on; a Deferred: write no more until it fires (it never fails).

        An error of the disk is kept and raised by `ITransaction.commit`; writing on is harmless.
        """
