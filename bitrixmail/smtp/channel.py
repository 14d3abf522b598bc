"""What SMTP adds to a channel: replies with codes, errors counted, the deadline of content."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import connectionDone
from twisted.mail import smtp
from twisted.python.failure import Failure

from bitrixmail.link.channel import Channel
from bitrixmail.model.client import Client
from bitrixmail.model.errors import MailError
from bitrixmail.model.limits import listed
from bitrixmail.model.reply import CLOSING, TRANSACTION_FAILED, Reply
from bitrixmail.smtp.replies import (
    EARLY_TALKER,
    GUESSING,
    NO_TIME_FOR_ERRORS,
    TIMED_OUT,
    TOO_MANY_COMMANDS,
    TOO_MANY_ERRORS,
    TOO_MANY_REFUSED,
    encoded,
)
from bitrixmail.smtp.wire import Event, Wire

if TYPE_CHECKING:
    from bitrixmail.smtp.factory import SMTPFactory


# Recipients that are refused and none accepted, whatever the limit: no list is that dead
CLEARLY_GUESSING = 20


class SMTPChannel(Channel[Event], smtp.ESMTP):
    """See Channel for its life."""

    DOOR: ClassVar[str] = "smtp"
    CLOSING_WORDS: ClassVar[bytes] = encoded(CLOSING)
    TIMED_OUT_WORDS: ClassVar[bytes] = encoded(TIMED_OUT)
    # A command line may have so many octets whatever the limits say
    LEAST_LINE_OCTETS: ClassVar[int] = 0

    factory: SMTPFactory

    def __init__(self, factory: SMTPFactory) -> None:
        self.limits = factory.limits
        self.wire = Wire(max(self.limits.max_command_octets, self.LEAST_LINE_OCTETS))
        super().__init__(factory, self.wire, self.limits.hello_timeout_s)
        if self.limits.min_data_rate:
            self.look_s = self.limits.data_grace_s
        self.utf8_replies = False
        self._pause: IDelayedCall | None = None
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget what was counted of a client: another one is served from here on."""
        # Whether a message was accepted: no session counts as mail before
        self.accepted = False
        self._errors = 0
        self._idle_commands = 0
        # Recipients: refused ones, those of accepted messages, those of this transaction
        self._recipients_denied = 0
        self._recipients_served = 0
        self.recipients = 0

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """See Channel."""
        pause, self._pause = self._pause, None
        if pause is not None and pause.active():
            pause.cancel()
        super().connectionLost(reason)

    def fills(self) -> bool:
        """See Channel."""
        return self.wire.in_content

    def greet(self) -> None:
        """See Channel (RFC 5321 §3.1): at once, or when a client has proved that it can wait."""
        if self.limits.greet_delay_s and self._must_wait():
            self.pause(self.limits.greet_delay_s, self._break_silence)
        else:
            self._welcome()

    def _must_wait(self) -> bool:
        """Tell whether a client waits for its greeting: not where places are short."""
        exempt = listed(self.client.address, self.limits.exempt_networks)
        return not exempt and not self.factory.crowd.pressed

    def _welcome(self) -> None:
        self._greet(Reply(220, "", f"{self.factory.hostname} ESMTP ready"))

    def _break_silence(self) -> None:
        """Greet, unless the client spoke first."""
        if self._closing:
            return
        if self.wire.pending:
            self.turn_away(EARLY_TALKER)
            self._close()
        else:
            self._welcome()

    def turn_away(self, refusal: Reply) -> None:
        """See Channel."""
        self.factory.refused(self.client, refusal)
        self._greet(replace(refusal, enhanced=""))

    def _greet(self, reply: Reply) -> None:
        self.outgoing.append(encoded(reply))

    def become(self, client: Client) -> bool:
        """Serve another client on this connection; False: it is turned away instead."""
        refusal = self.factory.moved(self, client)
        self.client = client
        self.begin_anew()
        if refusal is None:
            return True
        self.turn_away(refusal)
        self._close()
        return False

    def refuse(self, error: MailError) -> None:
        """See Channel."""
        self.reply(error.reply)

    def answer_bug(self) -> None:
        """Answer 451, or amid content, where no reply may be, 421."""
        if self.wire.in_content:
            self.hang_up(replace(TRANSACTION_FAILED, code=421))
        else:
            self.reply(TRANSACTION_FAILED)

    def reply(self, reply: Reply) -> None:
        """Answer; many errors end the session, and under pressure a single one."""
        self.outgoing.append(encoded(reply, utf8=self.utf8_replies))
        if 500 <= reply.code < 600:
            self._errors += 1
            most = self.limits.max_errors
            if most > self._errors and self.factory.crowd.pressed:
                self._give_up(NO_TIME_FOR_ERRORS)
            else:
                self._bear(self._errors, most, TOO_MANY_ERRORS)

    def deny_recipient(self, reply: Reply) -> None:
        """Answer a RCPT that was refused.

        What tells that there is such a mailbox, or none (RFC 3463 §3.3: X.2.X), is counted over
        the whole session: nobody may ask for many, whatever mail he brings meanwhile. Who has many
        dead addresses in a list has good ones too, and those already accepted still get their mail.
        """
        self.outgoing.append(encoded(reply, utf8=self.utf8_replies))
        if reply.code >= 500 or reply.enhanced.startswith("4.2."):
            self._recipients_denied += 1
            if not self.enough_denied() or not self.recipients:
                guesses = not self._recipients_served and not self.recipients
                last_words = GUESSING if guesses else TOO_MANY_REFUSED
                self._bear(self._recipients_denied, self._most_denied(), last_words)

    def enough_denied(self) -> bool:
        """Tell whether so many recipients were refused that no more are asked for."""
        return 0 < self._most_denied() <= self._recipients_denied

    def _most_denied(self) -> int:
        most, good = self.limits.max_refused_recipients, self._recipients_served + self.recipients
        if not good:
            return min(most, CLEARLY_GUESSING)
        return most + good if most else 0

    def _bear(self, count: int, most: int, last_words: Reply) -> None:
        """End the session if there were so many errors, or slow it down if there were half."""
        if not most:
            return
        if count >= most:
            self._give_up(last_words)
        elif 2 * count >= most and self.limits.error_delay_s:
            self.pause(self.limits.error_delay_s)

    def _give_up(self, last_words: Reply) -> None:
        """Hang up on a client, with a line of the mail log."""
        self.factory.refused(self.client, last_words)
        self.hang_up(last_words)

    def idle_command(self) -> None:
        """Count a command that brings no message on; many of them end the session."""
        self._idle_commands += 1
        if 0 < self.limits.max_idle_commands < self._idle_commands:
            self._give_up(TOO_MANY_COMMANDS)

    def message_accepted(self, recipients: int) -> None:
        """Forgive what was wrong or in vain before a message that was accepted."""
        self.accepted = True
        self.factory.messages += 1
        self._recipients_served += recipients
        self._errors = self._idle_commands = 0

    def pause(self, seconds: float, then: Callable[[], None] | None = None) -> None:
        """Say what was gathered, handle and read nothing for so long, then do something."""
        over: Deferred[None] = Deferred()
        if then is not None:
            over.addCallback(lambda _result: then())
        self._pause = self.clock.callLater(seconds, over.callback, None)
        self.hold(over)

    def time_over(self) -> None:
        """See Channel. Who brought no message gets a line of the mail log, he held a place."""
        if not self.accepted or self.unfinished():
            self.factory.refused(self.client, TIMED_OUT)
        super().time_over()

    def hang_up(self, last_words: Reply) -> None:
        """Say something (421, 221) and close; whatever the peer sent behind is not looked at."""
        self.end(encoded(last_words))
