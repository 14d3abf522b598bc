"""Who is at the other end of a connection."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TLSInfo:
    """What was agreed in a TLS handshake, as a Received field tells it (RFC 8314 §4.3)."""

    version: str
    cipher: str


@dataclass(frozen=True, slots=True)
class Client:
    """The peer of one session; replaced by a changed copy after EHLO, STARTTLS and AUTH.

    `address` is an IPv4 or IPv6 address in its canonical text; a mapped one
    (`::ffff:192.0.2.1`) is already turned into IPv4. It is empty for a local submission.
    """

    address: str
    port: int
    session_id: str
    door: str = "smtp"
    helo: str = ""
    esmtp: bool = False
    smtputf8: bool = False
    tls: TLSInfo | None = None
    account: str | None = None

    @property
    def protocol(self) -> str:
        """The `with` clause of a Received field (RFC 3848 §2, RFC 6531 §4.3)."""
        if not self.esmtp:
            return "SMTP"
        if self.door == "lmtp":
            base = "UTF8LMTP" if self.smtputf8 else "LMTP"
        else:
            base = "UTF8SMTP" if self.smtputf8 else "ESMTP"
        return base + ("S" if self.tls else "") + ("A" if self.account else "")
