"""Where mail for a domain is brought, and how safely: hosts, routes by hand, levels of TLS."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum

SMTP_PORT = 25


class Level(IntEnum):
    """How safe the way to a host is, or must be; each includes those before it (RFC 7435)."""

    NONE = 0  # in the clear
    OPPORTUNISTIC = 1  # encrypted if the host can; nobody knows with whom
    ENCRYPTED = 2  # no mail in the clear
    VERIFIED = 3  # with the right host, as its certificate or the DNS proves

    @property
    def word(self) -> str:
        """The level as settings, logs and the store write it."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class RelayLogin:
    """With what a smarthost is logged in to. The password is not shown."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RelayRoute:
    """Where mail goes by hand instead of to the hosts of its domain.

    `host` is a name, an address, or empty: then only the rest is by hand. `port` 0: the usual one.
    `lookup_mx`: the MX records of the host are followed. `implicit_tls`: TLS from the first octet
    (RFC 8314). `tls` is the least level, None: as for any destination.
    """

    host: str = ""
    port: int = 0
    tls: Level | None = None
    login: RelayLogin | None = None
    lookup_mx: bool = False
    implicit_tls: bool = False


@dataclass(frozen=True, slots=True)
class MailHost:
    """One host that takes mail for a destination.

    `addresses` are IP addresses in the order in which they are tried. `canonical` is where the
    aliases of `name` end. `authentic`: DNSSEC proves the addresses.
    """

    name: str
    addresses: tuple[str, ...]
    port: int = SMTP_PORT
    preference: int = 0
    canonical: str = ""
    authentic: bool = False


@dataclass(frozen=True, slots=True)
class Hosts:
    """The hosts of a destination, in the order in which they are tried; at least one.

    `destination` is what was looked up. `by_mx`: they stand in its MX records; else it is the host
    itself. `authentic`: DNSSEC proves that they are these. `notes` tell what is odd, for the log.
    """

    destination: str
    hosts: tuple[MailHost, ...]
    by_mx: bool = False
    authentic: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TLSA:
    """One TLSA record (RFC 6698 §2.1) that can be used for mail: usage 2 or 3."""

    usage: int
    selector: int
    matching: int
    data: bytes


@dataclass(frozen=True, slots=True)
class TLSDemand:
    """What a host must show before it gets the mail.

    `level` is the least; `names`: for VERIFIED without `tlsa`, and for DANE-TA, the certificate is
    for one of them. `server_name` is what is asked for (SNI), empty for an address. `tlsa`: the
    records of DANE, one of which must fit. `by` says who demands it: "setting", "dane", "mta-sts",
    or "" where nobody does.
    """

    level: Level
    server_name: str = ""
    names: tuple[str, ...] = ()
    tlsa: tuple[TLSA, ...] = ()
    by: str = ""


@dataclass(frozen=True, slots=True)
class TLSReached:
    """How safe a connection turned out. `problem` says why it is no more than encrypted.

    `by` is "dane" or "pkix" when verified. `protocol` and `cipher` as OpenSSL names them.
    """

    level: Level
    protocol: str = ""
    cipher: str = ""
    by: str = ""
    problem: str = ""

    def __str__(self) -> str:
        """Write version and cipher, as `Attempt.tls` has them; empty without TLS."""
        return f"{self.protocol} {self.cipher}".strip()


@dataclass(frozen=True, slots=True)
class Security:
    """What is remembered of a destination.

    `level` is the best it was reached at, `seen` when it last was. `sts_id` and `sts_policy` are
    its MTA-STS policy as it was fetched, in force until `sts_until`; empty and None without one.
    """

    destination: str
    level: Level = Level.NONE
    seen: datetime | None = None
    sts_id: str = ""
    sts_policy: str = ""
    sts_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class DestinationPolicy:
    """What holds for the hosts of a destination.

    `level` is the least, and `final` says that nothing may ask for more: the owner has set it.
    `by` says who asks for it. `allowed`: the hosts that MTA-STS allows, by name; None: all.
    `testing`: its policy only watches (RFC 8461 §5). `names` are further ones for which a
    certificate may be: those of the destination itself, if DNSSEC or nothing stands between.
    """

    domain: str
    level: Level
    by: str = ""
    final: bool = False
    allowed: frozenset[str] | None = None
    testing: bool = False
    names: tuple[str, ...] = ()
    remembered: Level = Level.NONE


@dataclass(frozen=True, slots=True)
class Alarm:
    """A destination is reached less safely than before: somebody may stand in between."""

    domain: str
    before: Level
    now: Level
    problem: str = ""

    def __str__(self) -> str:
        """Say it in a sentence for the log."""
        words = ("in the clear", "encrypted if possible", "encrypted", "verified")
        what = f"{self.domain} was reached {words[self.before]} before, now {words[self.now]}"
        return f"{what}: {self.problem}" if self.problem else what
