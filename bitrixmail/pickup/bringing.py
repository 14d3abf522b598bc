"""What the pickup door and the gate have to say to each other about one message."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from bitrixmail.interfaces.gate import IGate, ISink, ITransaction
from bitrixmail.interfaces.threads import IThreads
from bitrixmail.model.address import Address
from bitrixmail.model.client import Client
from bitrixmail.model.envelope import RecipientParameters, SenderParameters
from bitrixmail.model.errors import (
    MailError,
    PermanentError,
    StoreFullError,
    StoreUnavailableError,
    TemporaryError,
)
from bitrixmail.model.reply import Reply
from bitrixmail.pickup.letter import Letter, Terms
from bitrixmail.pickup.rights import may_send

DOOR = "pickup"
NOT_YOURS = Reply(550, "5.7.1", "This user may not send as that address")
NO_ADDRESS = Reply(553, "5.1.3", "Not an address")

Recipients = Sequence[tuple[Address, RecipientParameters]]
Refusals = list[tuple[str, Reply]]
"""Recipients that nobody would take, as they were given, with the reply for each."""


@dataclass(frozen=True, slots=True)
class PickupRules:
    """What an operator may set. `grants` and `trusted_uids`: see `may_send`.

    So many messages are taken at a time, so many recipients in one transaction, `recipients` being
    no more than the gate takes. With a watch the directory is looked at every `watched_look_s`, in
    case nothing was told; without one every `look_s`. What would wait longer than `lifetime_s` is
    refused.
    """

    terms: Terms
    grants: Mapping[int, frozenset[str]] = field(default_factory=dict)
    trusted_uids: frozenset[int] = frozenset({0})
    at_a_time: int = 8
    recipients: int = 500
    look_s: float = 0.25
    watched_look_s: float = 5.0
    lifetime_s: float = 5 * 86400.0


class Spent(Protocol):
    """An allowance that is used up."""

    @property
    def reply(self) -> Reply:
        """What to say."""

    @property
    def until(self) -> float:
        """When there is a new one, in seconds of the clock."""


class Allowance(Protocol):
    """How much users of this machine may hand over. Made by who composes the door."""

    def spent(self, user: str) -> Spent | None:
        """Tell whether a user has handed over as much as he may for now."""

    def count(self, user: str, recipients: int) -> None:
        """Count a message of a user."""


class Bringing:
    """Brings messages to the gate. Made by the door, lives as long as it."""

    def __init__(
        self,
        gate: IGate,
        is_own: Callable[[str], Coroutine[Any, Any, bool]],
        threads: IThreads,
        rules: PickupRules,
    ) -> None:
        self.rules = rules
        self._gate = gate
        self._is_own = is_own
        self._threads = threads

    async def bring(self, letter: Letter, *, patient: bool) -> Refusals:
        """Bring a message to its recipients; return those who are refused for good.

        Raises PermanentError if all are, TemporaryError if it is to be brought again: whoever got
        it gets it no second time. Not `patient`: a recipient who can't get it now is refused.
        Raises UnfitError and OSError if it can't be read.
        """
        refused: Refusals = [(given, NO_ADDRESS) for given in letter.wrong]
        sender = await self.sender(letter)
        recipients = [*letter.recipients.items()]
        for number, start in enumerate(range(0, len(recipients), self.rules.recipients)):
            some = recipients[start : start + self.rules.recipients]
            refused += await self._hand_in(letter, sender, number, some, patient=patient)
        return refused

    async def sender(self, letter: Letter) -> Address | None:
        """Return the sender to send as: the given one, else the author, else the user.

        Raises PermanentError if the user may not send as the one that was given.
        """
        sender = letter.sender
        if sender is None:
            return None if letter.given else letter.default
        if sender == letter.default:
            return sender
        own = (sender.domain,) if await self._is_own(sender.domain) else ()
        # An author whom nobody named as the sender is taken only where a DSN comes back to us.
        trusted = self.rules.trusted_uids if letter.given else ()
        if may_send(letter.found.uid, sender, self.rules.grants, own, trusted):
            return sender
        if not letter.given:
            return letter.default
        raise PermanentError(NOT_YOURS, cause=f"user {letter.user} may not send as {sender}")

    async def _hand_in(
        self,
        letter: Letter,
        sender: Address | None,
        number: int,
        some: Recipients,
        *,
        patient: bool,
    ) -> Refusals:
        """Hand the transaction of this number to the gate; return the refused recipients."""
        key = f"{letter.key}/{number}" if number else letter.key
        utf8 = not all(str(each).isascii() for each in (sender or "", *dict(some)))
        client = Client("", 0, key, DOOR, letter.user, smtputf8=utf8, account=letter.user)
        # The owner as well: nobody shall use up the names that somebody else's files will have.
        transaction = self._gate.open(client, f"{DOOR} {letter.found.uid} {key}")
        try:
            await transaction.sender(sender, _parameters(letter, utf8=utf8))
            accepted, refused = await _name(transaction, some, patient=patient)
            if not accepted:
                transaction.abort()
                return refused
            await self._pour(letter, sender, transaction.body())
        except BaseException:
            transaction.abort()
            raise
        try:
            outcomes = await transaction.commit()
        except PermanentError as error:
            return refused + [(str(address), error.reply) for address in accepted]
        return refused + [(str(to), reply) for to, reply in outcomes if reply.code >= 500]

    async def _pour(self, letter: Letter, sender: Address | None, sink: ISink) -> None:
        pieces = letter.content(sender)
        while piece := (
            next(pieces, b"") if letter.is_read else await self._threads.run(next, pieces, b"")
        ):
            waiting = sink.write(piece)
            if waiting is not None:
                await waiting


async def _name(
    transaction: ITransaction, some: Recipients, *, patient: bool
) -> tuple[list[Address], Refusals]:
    """Name the recipients; return those who are accepted, and the others."""
    accepted: list[Address] = []
    refused: Refusals = []
    for address, parameters in some:
        try:
            await transaction.recipient(address, parameters)
        except (StoreUnavailableError, StoreFullError):
            raise
        except MailError as error:
            if patient and isinstance(error, TemporaryError):
                raise
            refused.append((str(address), error.reply))
        else:
            accepted.append(address)
    return accepted, refused


def _parameters(letter: Letter, *, utf8: bool) -> SenderParameters:
    body = "8BITMIME" if letter.eight_bits else "7BIT"
    slip = letter.slip
    return SenderParameters(letter.found.size_octets, body, utf8, slip.ret, slip.envid)
