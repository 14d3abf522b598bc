"""What SMTP adds to a channel: replies with codes, errors counted, the deadline of content."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from twisted.mail import smtp

from bitrixmail.link.channel import Channel
from bitrixmail.model.client import Client
from bitrixmail.model.errors import MailError
from bitrixmail.model.reply import CLOSING, TRANSACTION_FAILED, Reply
from bitrixmail.smtp.replies import TIMED_OUT, TOO_MANY_ERRORS, encoded
from bitrixmail.smtp.wire import Event, Wire

if TYPE_CHECKING:
    from bitrixmail.smtp.factory import SMTPFactory


class SMTPChannel(Channel[Event], smtp.ESMTP):
    """See Channel for its life."""

    DOOR: ClassVar[str] = "smtp"
    CLOSING_WORDS: ClassVar[bytes] = encoded(CLOSING)
    TIMED_OUT_WORDS: ClassVar[bytes] = encoded(TIMED_OUT)

    factory: SMTPFactory

    def __init__(self, factory: SMTPFactory) -> None:
        self.limits = factory.limits
        self.wire = Wire(self.limits.max_command_octets)
        super().__init__(factory, self.wire, self.limits.hello_timeout_s)
        if self.limits.min_data_rate:
            self.look_s = self.limits.data_grace_s
        self.utf8_replies = False
        # Whether a message was accepted: no session counts as mail before
        self.accepted = False
        self._errors = 0

    def fills(self) -> bool:
        """See Channel."""
        return self.wire.in_content

    def greet(self) -> None:
        """See Channel (RFC 5321 §3.1)."""
        self._greet(Reply(220, "", f"{self.factory.hostname} ESMTP ready"))

    def turn_away(self, refusal: Reply) -> None:
        """See Channel."""
        self.factory.refused(self.client, refusal)
        self._greet(replace(refusal, enhanced=""))

    def _greet(self, reply: Reply) -> None:
        self.outgoing.append(encoded(reply))

    def become(self, client: Client) -> bool:
        """Serve another client on this connection; False: it is turned away instead."""
        refusal = self.factory.moved(self.client, client)
        self.client = client
        if refusal is None:
            return True
        self._admitted = False
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
        """Answer; many errors end the session."""
        self.outgoing.append(encoded(reply, utf8=self.utf8_replies))
        if 500 <= reply.code < 600:
            self._errors += 1
            if 0 < self.limits.max_errors <= self._errors:
                self.factory.refused(self.client, TOO_MANY_ERRORS)
                self.hang_up(TOO_MANY_ERRORS)

    def time_over(self) -> None:
        """See Channel. Who brought no message gets a line of the mail log, he held a place."""
        if not self.accepted or self.unfinished():
            self.factory.refused(self.client, TIMED_OUT)
        super().time_over()

    def hang_up(self, last_words: Reply) -> None:
        """Say something (421, 221) and close; whatever the peer sent behind is not looked at."""
        self.end(encoded(last_words))
