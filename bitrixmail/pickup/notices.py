"""Tells whoever left a message that it was refused: by a notice, as any other failure is told.

It goes to the sender as whom the message would have gone out, else to the user whose file it was,
else to the postmaster. It has the null sender and enters by the gate, so nothing comes of it but
itself; a user is told so often an hour and no more. The file is kept in any case.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from bitrixmail.interfaces.gate import IGate
from bitrixmail.interfaces.threads import IThreads
from bitrixmail.mime.dsn import MAX_RETURNED_OCTETS, compose, wanted
from bitrixmail.model.address import Address
from bitrixmail.model.client import Client
from bitrixmail.model.dsn import Action, Notice, Reason, Reported
from bitrixmail.model.envelope import RecipientParameters, SenderParameters
from bitrixmail.model.errors import MailError, StoreFullError, StoreUnavailableError
from bitrixmail.model.reply import Reply
from bitrixmail.pickup.bringing import NOT_YOURS, Refusals
from bitrixmail.pickup.folder import UnfitError, user_name
from bitrixmail.pickup.letter import Letter, Terms
from bitrixmail.tasks import utcnow

_log = Logger()
_POSTMASTER = Address("postmaster", "")
_HOUR_S = 3600.0
# Of one user, and of all
_MOST_AN_HOUR, _MOST_IN_ALL = 20, 200
# Nobody could be read from the file
_NOBODY = "unknown"
# What a reply of ours says by its code
_REASONS = {
    "5.1.1": Reason.UNKNOWN_USER,
    "5.1.3": Reason.BAD_ADDRESS,
    "4.2.2": Reason.MAILBOX_FULL,
    "5.2.2": Reason.MAILBOX_FULL,
    "5.3.4": Reason.TOO_LARGE,
    "5.4.6": Reason.LOOP,
}


@dataclass(frozen=True, slots=True)
class _File:
    """What is told of one: whose it is, what it was to do, and as much of it as comes back."""

    key: str
    uid: int
    at: float
    senders: tuple[Address, ...]
    refused: tuple[Reported, ...]
    original: bytes = b""
    size_octets: int = 0
    ret: str | None = None
    envid: str | None = None


class Notices:
    """See the module. Made by the door, lives as long as it."""

    def __init__(
        self,
        gate: IGate,
        is_own: Callable[[str], Coroutine[Any, Any, bool]],
        threads: IThreads,
        terms: Terms,
        clock: IReactorTime,
    ) -> None:
        self._gate = gate
        self._is_own = is_own
        self._threads = threads
        self._terms = terms
        self._clock = clock
        self._hour = -1
        self._told: Counter[int] = Counter()

    async def refused(self, letter: Letter, sender: Address | None, refused: Refusals) -> bool:
        """Tell of recipients that nobody took; tell whether somebody was told.

        `sender` is the one as whom it was brought; None if it had the null sender, which nobody is
        told of. Raises StoreUnavailableError and StoreFullError: it is to be told later.
        """
        if letter.given and letter.sender is None:
            return False
        notify = {str(address): asked.notify for address, asked in letter.recipients.items()}
        told = tuple(
            _reported(recipient, reply, letter)
            for recipient, reply in refused
            if wanted(Action.FAILED, notify.get(recipient), letter.user)
        )
        if not told:
            return False
        original = await self._threads.run(_beginning, letter, sender)
        whole = len(original) < MAX_RETURNED_OCTETS
        return await self._tell(
            _File(
                key=letter.key,
                uid=letter.found.uid,
                at=letter.found.at,
                senders=(letter.default,) if sender is None else (sender, letter.default),
                refused=told,
                original=original,
                size_octets=len(original) if whole else letter.found.size_octets,
                ret=letter.slip.ret,
                envid=letter.slip.envid,
            )
        )

    async def unfit(self, name: str, error: UnfitError) -> bool:
        """Tell the owner of a file that is no message; see `refused`."""
        if error.uid is None:
            return False
        reported = Reported(
            recipient=_NOBODY,
            action=Action.FAILED,
            status="5.6.0",
            explanation=f"what was handed over {error}",
        )
        user = Address(user_name(error.uid), self._terms.origin)
        at = utcnow(self._clock).timestamp()
        return await self._tell(_File(name, error.uid, at, (user,), (reported,), ret="HDRS"))

    async def _tell(self, file: _File) -> bool:
        if not self._may_tell(file.uid):
            return False
        for sender in file.senders:
            # The user of this machine may have a mailbox here; nobody else is asked for him
            reachable = sender != file.senders[-1] or await self._is_own(sender.domain)
            if reachable and await self._handed_in(file, sender):
                return True
        return await self._handed_in(file, _POSTMASTER)

    def _may_tell(self, uid: int) -> bool:
        hour = int(self._clock.seconds() // _HOUR_S)
        if hour != self._hour:
            self._hour = hour
            self._told.clear()
        if self._told[uid] >= _MOST_AN_HOUR or self._told.total() >= _MOST_IN_ALL:
            return False
        self._told[uid] += 1
        if self._told[uid] == _MOST_AN_HOUR:
            _log.warn("user {user} is told of no more refusals this hour", user=user_name(uid))
        return True

    async def _handed_in(self, file: _File, recipient: Address) -> bool:
        """Bring a notice to the gate; False if this recipient can't get it."""
        composed = compose(self._notice(file, str(recipient)))
        client = Client("", 0, file.key, door="local")
        # Refused again after a crash: it is told once
        transaction = self._gate.open(client, f"refused {file.uid} {file.key} {recipient}")
        try:
            parameters = SenderParameters(body=composed.body, smtputf8=composed.smtputf8)
            await transaction.sender(None, parameters)
            await transaction.recipient(recipient, RecipientParameters())
            waiting = transaction.body().write(composed.octets)
            if waiting is not None:
                await waiting
            (outcome,) = await transaction.commit()
        except (StoreUnavailableError, StoreFullError):
            transaction.abort()
            raise
        except MailError as error:
            transaction.abort()
            _log.debug("{recipient} is not told: {error}", recipient=str(recipient), error=error)
            return False
        except BaseException:
            transaction.abort()
            raise
        return outcome.reply.code < 500

    def _notice(self, file: _File, recipient: str) -> Notice:
        hostname = self._terms.hostname
        return Notice(
            hostname=hostname,
            author=f"mailer-daemon@{hostname}",
            sender=recipient,
            message_id=f"<{file.key}.refused@{hostname}>",
            at=utcnow(self._clock),
            arrival=datetime.fromtimestamp(file.at, UTC),
            queue_id=file.key,
            recipients=file.refused,
            original=file.original,
            size_octets=file.size_octets,
            envelope_id=file.envid or "",
            ret=file.ret,
        )


def _reported(recipient: str, reply: Reply, letter: Letter) -> Reported:
    explanation, reason = str(reply), _REASONS.get(reply.enhanced, Reason.UNDETERMINED)
    if reply == NOT_YOURS:
        reason = Reason.SENDER
        explanation += (
            f": user {letter.user} may not send as {letter.sender}. Your administrator allows it by"
            f' senders = {{ "{letter.user}" = ["{letter.sender}"] }} under [pickup] of the settings'
        )
    return Reported(
        recipient=recipient,
        action=Action.FAILED,
        status=reply.enhanced,
        reason=reason,
        explanation=explanation,
    )


def _beginning(letter: Letter, sender: Address | None) -> bytes:
    """Read the first octets of what would have gone out; blocks."""
    octets = b""
    try:
        for piece in letter.content(sender):
            octets += piece
            if len(octets) >= MAX_RETURNED_OCTETS:
                break
    except (UnfitError, OSError):
        pass  # what was read by then is enough
    return octets[:MAX_RETURNED_OCTETS]
