"""What the DNS says of a name, as plain values (RFC 1035, RFC 2308)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

ROOT = "."


class Lookup(Enum):
    """How a question ended."""

    FOUND = "found"
    NXDOMAIN = "nxdomain"  # there is no such name
    NODATA = "nodata"  # the name exists, without records of this kind
    SERVFAIL = "servfail"  # the name servers answer with an error, or aliases go in a circle
    TIMEOUT = "timeout"  # no name server answers


@dataclass(frozen=True, slots=True)
class Record:
    """One resource record.

    `text` is the address, the text, or the name in lower case without the dot at its end (the
    root is "."); that of a TLSA record as a zone has it, "3 1 1 0a1b…". `preference` is that of
    an MX record.
    """

    text: str
    ttl_s: int
    preference: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one question; MX records are sorted by preference.

    `aliases` are the names that the CNAME records of `name` lead over, the last one has the
    records. `ttl_s`: how long it holds; 0 if that is not known. `detail` says in words why there
    is no answer. `authentic`: a name server that may be trusted has proved it by DNSSEC, also that
    there is nothing.
    """

    name: str
    kind: str
    lookup: Lookup
    records: tuple[Record, ...] = ()
    aliases: tuple[str, ...] = ()
    ttl_s: int = 0
    detail: str = ""
    authentic: bool = False

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts of the records."""
        return tuple(record.text for record in self.records)

    @property
    def unknown(self) -> bool:
        """Whether nobody could say what there is."""
        return self.lookup in (Lookup.SERVFAIL, Lookup.TIMEOUT)
