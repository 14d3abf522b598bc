"""What is typed into a mail program, so that it finds this server."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WayIn:
    """A door for mail programs. `protocol`: "POP3" reads, "SMTP" sends.

    `tls_first`: TLS from the first octet (RFC 8314 §3); else by STARTTLS or STLS. `only_here`: it
    can be reached from this machine alone.
    """

    protocol: str
    port: int
    tls_first: bool
    only_here: bool
