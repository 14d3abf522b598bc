"""A reply: code, enhanced status code and a public sentence (RFC 5321 §4.2, RFC 3463)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reply:
    """What a client is told. `text` is bland: it gives nothing away about this host.

    `enhanced` is empty where RFC 2034 §4 wants none (the greeting, EHLO, 354).
    """

    code: int
    enhanced: str
    text: str

    def __str__(self) -> str:
        """Write the reply on one line, as a log shows it."""
        return " ".join(part for part in (str(self.code), self.enhanced, self.text) if part)


TRANSACTION_FAILED = Reply(451, "4.3.0", "Local error in processing, please try again later")
STORE_UNAVAILABLE = Reply(
    451, "4.3.0", "The message store is not available, please try again later"
)
STORE_FULL = Reply(452, "4.3.1", "Insufficient system storage, please try again later")
CLOSING = Reply(421, "4.3.2", "Service closing transmission channel")
TOO_MANY_SESSIONS = Reply(421, "4.3.2", "Too many connections, please try again later")
TOO_MANY_CONNECTIONS = Reply(421, "4.3.2", "Too many connections from your address")
NO_SUCH_MAILBOX = Reply(550, "5.1.1", "No such mailbox here")
RELAY_DENIED = Reply(550, "5.7.1", "Relaying denied: not a domain of this server")
MAILBOX_FULL = Reply(452, "4.2.2", "Mailbox full, please try again later")
TOO_MANY_HOPS = Reply(554, "5.4.6", "Too many hops: this message is going in circles")
MAILDROP_LOCKED = Reply(450, "4.2.0", "Another session is reading this folder")
