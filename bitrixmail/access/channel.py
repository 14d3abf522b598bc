"""What POP3 adds to a channel: +OK and -ERR, errors counted, passwords only where none listens."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from twisted.internet.interfaces import ITLSTransport
from twisted.mail import pop3

from bitrixmail.access.replies import BUG, TOO_MANY_ERRORS, RefusedError, err, ok, words_of
from bitrixmail.link.channel import Channel
from bitrixmail.link.peer import private
from bitrixmail.model.errors import MailError
from bitrixmail.model.reply import Reply
from bitrixmail.wire.lines import Line, LineBuffer

if TYPE_CHECKING:
    from bitrixmail.access.factory import POP3Factory

# SASL PLAIN in base64 with three names of 255 octets (RFC 4616 §2) is the longest line there is
MAX_LINE_OCTETS = 2048


class POP3Channel(Channel[Line], pop3.POP3):
    """See Channel for its life. What is said unasked is nothing (RFC 1939 §3)."""

    DOOR: ClassVar[str] = "pop3"

    factory: POP3Factory  # type: ignore[assignment] # Twisted's is None and nothing else

    def __init__(self, factory: POP3Factory) -> None:
        self.limits = factory.limits
        super().__init__(factory, LineBuffer(MAX_LINE_OCTETS), self.limits.login_timeout_s)
        self._errors = 0

    def greet(self) -> None:
        """See Channel. No time stamp in it: there is no APOP (RFC 1939 §7)."""
        self.say(f"{self.factory.hostname} POP3 ready")

    def turn_away(self, refusal: Reply) -> None:
        """See Channel."""
        self.factory.refused(self.client, refusal.text)
        self.outgoing.append(err(f"[SYS/TEMP] {refusal.text}"))

    def refuse(self, error: MailError) -> None:
        """See Channel. What is not the client's fault is not counted."""
        if isinstance(error, RefusedError):
            self.deny(error.words)
        else:
            self.outgoing.append(err(words_of(error)))

    def answer_bug(self) -> None:
        """See Channel."""
        self.outgoing.append(err(BUG))

    def say(self, words: str = "") -> None:
        """Answer with +OK."""
        self.outgoing.append(ok(words))

    def deny(self, words: str) -> None:
        """Answer with -ERR; many of them end the session."""
        self.outgoing.append(err(words))
        self._errors += 1
        if 0 < self.limits.max_errors <= self._errors:
            self.factory.refused(self.client, TOO_MANY_ERRORS)
            self.end(b"")

    def private(self) -> bool:
        """Tell whether nobody can listen to a password."""
        return private(self.client)

    def tls_possible(self) -> bool:
        """Tell whether STLS could be obeyed."""
        return (
            self.client.tls is None
            and self.factory.tls is not None
            and ITLSTransport.providedBy(self.transport)
        )
