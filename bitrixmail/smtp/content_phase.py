"""DATA and BDAT: the content of a message from the 354 to the reply at its end.

RFC 5321 §4.1.1.4, RFC 3030.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred

from bitrixmail.interfaces.gate import ISink, ITransaction
from bitrixmail.link.crowd import Standing
from bitrixmail.model.address import Address
from bitrixmail.model.errors import PermanentError
from bitrixmail.model.limits import listed
from bitrixmail.model.outcome import Outcome
from bitrixmail.model.reply import Reply
from bitrixmail.smtp.channel import SMTPChannel
from bitrixmail.smtp.content import ContentRules, Inspector
from bitrixmail.smtp.replies import (
    BDAT_SYNTAX,
    FAULTS,
    HELO_FIRST,
    IN_CHUNKS,
    MAIL_FIRST,
    NO_ARGUMENT,
    NO_RECIPIENTS,
    RCPT_FIRST,
    START_DATA,
    TOO_LARGE,
    TOO_SLOW,
    folded,
)
from bitrixmail.smtp.wire import Chunk, End

if TYPE_CHECKING:
    from bitrixmail.smtp.factory import SMTPFactory

_BDAT = re.compile(rb"([0-9]{1,20})(?: +(LAST))?", re.IGNORECASE)
# So many octets of content give it a second more: a slow line must be able to bring a large message
OCTETS_A_SECOND_MORE = 8192
# For so much of the grace nothing must have come before it is a silence and no trickle
_SILENT = 1 / 3


class ContentPhase(SMTPChannel):
    """The part of a session that knows of a transaction and its content."""

    def __init__(self, factory: SMTPFactory) -> None:
        super().__init__(factory)
        self.transaction: ITransaction | None = None
        # The reverse-path and the first recipient that was accepted, for the mail log
        self.sender: Address | None = None
        self.first_recipient: Address | None = None
        self._sink: ISink | None = None
        self._inspector: Inspector | None = None
        self._last_chunk = False
        self._committing = False
        self._content_from = math.inf
        self._content_deadline = math.inf
        # What had come before this content, and how much of chunks that nobody wants
        self._came_before = 0
        self._thrown_away = 0
        # When its rate was looked at, for how long it has come, and for how long it paused
        self._looked = 0.0
        self._coming_s = self._silent_s = 0.0

    def unfinished(self) -> bool:
        """See Channel. From DATA or the first BDAT to the reply at the end."""
        return self._sink is not None or self._committing or self.wire.in_content

    def standing(self) -> Standing:
        """See Channel. A message that comes is not broken off, one that only might come is."""
        if super().standing() is Standing.STAYS or self._comes():
            return Standing.STAYS
        if self.transaction is not None:
            return Standing.AMID
        return Standing.WAITING if self.accepted else Standing.NOTHING

    def _comes(self) -> bool:
        """Tell whether content is under way that can still be accepted; it has a rate to keep."""
        inspector = self._inspector
        if self._sink is None or inspector is None or inspector.fault is not None:
            return False
        return self.idle_s() < self.limits.data_grace_s

    def begin_anew(self) -> None:
        """See SMTPChannel."""
        super().begin_anew()
        self.refused_recipients = 0
        self.timeout_s = self.limits.hello_timeout_s
        self._first_message_by = self.clock.seconds() + self.limits.first_message_timeout_s

    def due(self) -> float:
        """See Channel. Content has a time and a rate; commands, a time up to a first message."""
        moment = super().due()
        if self._sink is None and not self.accepted:
            moment = min(moment, self._first_message_by)
        if self._sink is not None or self.wire.in_content:
            moment = min(moment, self._due_by_size(), self._due_by_rate())
        return moment

    def _came(self) -> int:
        return self.wire.content_octets - self._came_before

    def _due_by_size(self) -> float:
        """Return when all of the content must be here; what comes buys time, up to the maximum."""
        limits, came = self.limits, self._came()
        if limits.max_size_octets:
            came = min(came, limits.max_size_octets)
        grown_s = limits.data_timeout_s + came / OCTETS_A_SECOND_MORE
        self._content_deadline = self._content_from + grown_s
        return self._content_deadline

    def _due_by_rate(self) -> float:
        """Return a time long past if too little came while content came at all; else when to look.

        What came fast is a credit. A silence is not counted, but for no longer in all than one may
        last: else octets that are far apart would keep a session for long.
        """
        least, grace_s = self.limits.min_data_rate, self.limits.data_grace_s
        if not least:
            return math.inf
        now = self.clock.seconds()
        if self._busy:
            return now + grace_s / 2
        passed_s, self._looked = now - self._looked, now
        silent_s = min(self.idle_s(), passed_s)
        left_s = self.limits.data_block_timeout_s - self._silent_s
        silent_s = min(silent_s, left_s) if silent_s >= grace_s * _SILENT else 0.0
        self._silent_s += silent_s
        self._coming_s += passed_s - silent_s
        if self._coming_s >= grace_s and self._came() < least * self._coming_s:
            # whoever asked has read the clock before: a moment of now would lie ahead of him
            return -math.inf
        return now + grace_s / 2

    def time_over(self) -> None:
        """See Channel."""
        now = self.clock.seconds()
        if self.unfinished() and now < min(self._content_deadline, self._deadline):
            self.factory.refused(self.client, TOO_SLOW)
            self.hang_up(TOO_SLOW)
        else:
            super().time_over()

    def hold(self, over: Deferred[None]) -> None:
        """See Channel. Meanwhile nothing can come, so that time is not counted."""
        since = self.clock.seconds()

        def leave_out(_result: object) -> None:
            self._looked += self.clock.seconds() - since

        super().hold(over.addBoth(leave_out))

    def forget(self) -> None:
        """See Channel."""
        if self.transaction is not None:
            self.transaction.abort()
        self._detach()

    def _detach(self) -> None:
        self.transaction = None
        self.recipients = self.refused_recipients = self._thrown_away = 0
        if self._sink is not None:
            self._sink = None
            self.timeout_s = self.limits.command_timeout_s
        self._inspector = None
        self._content_deadline = math.inf

    # Commands

    def do_DATA(self, argument: bytes) -> None:
        """DATA."""
        if self._sink is not None:
            raise PermanentError(IN_CHUNKS)
        if argument:
            raise PermanentError(NO_ARGUMENT)
        transaction = self._ready()
        self._last_chunk = True
        self.wire.begin_data(self._open(transaction))
        self.reply(START_DATA)

    def do_BDAT(self, argument: bytes) -> None:
        """BDAT. Whatever is wrong, its octets are read, or they would be taken for commands."""
        match = _BDAT.fullmatch(argument)
        if match is None:
            # nobody can tell where the content ends and the next command begins
            self.hang_up(BDAT_SYNTAX)
            return
        if not self.client.helo:
            # a client would not come here; and what would have to be read is anybody's to choose
            self.factory.refused(self.client, HELO_FIRST)
            self.hang_up(HELO_FIRST)
            return
        size_octets, self._last_chunk = int(match[1]), match[2] is not None
        inspector = self._inspector
        if inspector is None and self.transaction is not None and self.recipients:
            inspector = self._open(self.transaction)
        if inspector is None and not self._throw_away(size_octets):
            return
        self.wire.begin_chunk(size_octets, inspector)

    def _throw_away(self, size_octets: int) -> bool:
        """Begin to read past a chunk that nobody wants; hang up if that is more than a message."""
        self._thrown_away += size_octets
        if 0 < self.limits.max_size_octets < self._thrown_away:
            self.factory.refused(self.client, TOO_LARGE)
            self.hang_up(TOO_LARGE)
            return False
        self._begin_deadline()
        return True

    def _ready(self) -> ITransaction:
        """Return the transaction if content may come now."""
        if not self.client.helo:
            raise PermanentError(HELO_FIRST)
        if self.transaction is None:
            raise PermanentError(MAIL_FIRST)
        if not self.recipients:
            raise PermanentError(NO_RECIPIENTS if self.refused_recipients else RCPT_FIRST)
        return self.transaction

    def _open(self, transaction: ITransaction) -> Inspector:
        limits = self.limits
        self._sink = transaction.body()
        self.timeout_s = limits.data_block_timeout_s
        self._inspector = Inspector(
            ContentRules(
                limits.max_size_octets,
                limits.max_line_octets,
                normalize=listed(self.client.address, limits.normalize_networks),
            )
        )
        self._begin_deadline()
        return self._inspector

    def _begin_deadline(self) -> None:
        now = self._content_from = self._looked = self.clock.seconds()
        self._came_before = self.wire.content_octets
        self._coming_s = self._silent_s = 0.0
        self._content_deadline = now + self.limits.data_timeout_s
        self.look_at_clock_by(now + min(self.limits.data_timeout_s, self.timeout_s))

    # Content

    def content(self, event: Chunk | End) -> None:
        """Hand a chunk on, or bring the message to its end."""
        if isinstance(event, Chunk):
            self._write(event.octets)
        elif self._inspector is None:
            self._content_deadline = math.inf
            self._ready()
        elif self._inspector.fault is not None:
            self._refuse(FAULTS[self._inspector.fault])
        elif self._last_chunk:
            self._end_of_content(self._inspector)
        else:
            self.reply(Reply(250, "2.0.0", "Chunk received"))

    def _write(self, octets: bytes) -> None:
        if octets and self._sink is not None:
            emptied = self._sink.write(octets)
            if emptied is not None:
                self.hold(emptied)

    def _end_of_content(self, inspector: Inspector) -> None:
        rest, sink, transaction = inspector.finish(), self._sink, self.transaction
        if inspector.fault is not None:
            self._refuse(FAULTS[inspector.fault])
        elif transaction is not None:
            if rest and sink is not None:
                # whether it has room for more is no question any longer
                sink.write(rest)
            recipients = self.recipients
            self._detach()
            self.work(self._commit(transaction, recipients))

    def _refuse(self, reply: Reply) -> None:
        if self.transaction is not None:
            self.transaction.abort(reply)
        recipients = self.recipients
        self._detach()
        self.refused(reply, str(self.first_recipient))
        self.answer_fault(reply, recipients)

    def refused(self, reply: Reply, recipient: str | None) -> None:
        """Write the mail log's line of a recipient, or a content, that is not taken."""
        sender = "" if self.sender is None else str(self.sender)
        self.factory.refused(self.client, reply, sender=sender, recipient=recipient)

    async def _commit(self, transaction: ITransaction, recipients: int) -> None:  # noqa: ARG002 - LMTP counts them
        """From here on nothing is taken back, whether the peer stays or not."""
        self._committing = True
        try:
            outcomes = await transaction.commit()
        finally:
            self._committing = False
        self.answer_outcomes(outcomes)

    def answer_fault(self, reply: Reply, recipients: int) -> None:  # noqa: ARG002 - LMTP counts them
        """Refuse a content or a chunk of it, sent to so many recipients."""
        self.reply(reply)

    def answer_outcomes(self, outcomes: Sequence[Outcome]) -> None:
        """Answer a content whose transaction is committed."""
        reply = folded(outcomes)
        if reply.code < 300:
            self.message_accepted(len(outcomes))
        self.reply(reply)
