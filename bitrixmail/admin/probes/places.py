"""Where the doors listen, as the probes are told it; and which way strangers come to them."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bitrixmail.admin.probes.packet_filter import Packet

# Where the world expects a door (RFC 5321 §4.5.4.2, RFC 6409 §3.1, RFC 1939 §3,
# RFC 8314 §7.3).
PUBLIC_PORTS = {"smtp": 25, "submission": 587, "submissions": 465, "pop3": 110, "pop3s": 995}
# Of a program that calls: whatever the system gives it (ip(7), ip_local_port_range).
_ANY_PORT = 50_000
_NOWHERE = ("192.0.2.1", "2001:db8::1")


@dataclass(frozen=True, slots=True)
class Place:
    """One endpoint of one door. `kind`: tcp, tcp6, unix or systemd; no `address`: every one.

    Of a socket of systemd port and address are those of its unit, or the door's public port.
    """

    door: str
    kind: str
    port: int = 0
    address: str = ""
    text: str = ""

    @property
    def subject(self) -> str:
        """The name of the place in findings: "smtp tcp:25"."""
        return f"{self.door} {self.text}"

    @property
    def needs_port(self) -> bool:
        """Whether the server itself binds a TCP port that is not of the system's choice."""
        return self.kind in ("tcp", "tcp6") and self.port > 0

    @property
    def only_here(self) -> bool:
        """Whether nobody but programs of this machine can reach it."""
        return self.kind == "unix" or (bool(self.port) and not self.families)

    @property
    def families(self) -> tuple[int, ...]:
        """The versions of IP by which it is reached from outside; of loopback: none."""
        if self.kind == "unix" or not self.port:
            return ()
        if not self.address:
            return (6,) if self.kind == "tcp6" else (4, 6)
        try:
            address = ipaddress.ip_address(self.address.partition("%")[0])
        except ValueError:
            return () if self.address == "localhost" else (4,)
        return () if address.is_loopback else (address.version,)


def ips(families: Iterable[int]) -> str:
    """Name versions of IP: "IPv4 and IPv6"."""
    return " and ".join(f"IPv{each}" for each in families)


def ipv6_here(proc: Path = Path("/proc")) -> bool:
    """Tell whether this machine has any IPv6 address."""
    try:
        return bool((proc / "net/if_inet6").read_text("ascii").strip())
    except OSError:
        return False


def stranger(family: int, port: int, proc: Path = Path("/proc")) -> Packet:
    """Return the first packet of somebody outside who calls a port."""
    return Packet(family, port, outer_interfaces(family, proc), calling_address(family))


def neighbour(family: int, port: int) -> Packet:
    """Return the first packet of a program of this machine that calls a port of its own."""
    return Packet(family, port, own=calling_address(family), leaving=True)


def own_reply(family: int) -> Packet:
    """Return the answer to a program of this machine that called the machine itself."""
    return Packet(family, _ANY_PORT, frozenset({"lo"}), calling_address(family), reply=True)


def outer_interfaces(family: int, proc: Path) -> frozenset[str]:
    """Return the interfaces that have a default route."""
    table, destination, name = ("route", 1, 0) if family == 4 else ("ipv6_route", 0, -1)
    try:
        lines = (proc / "net" / table).read_text("ascii").splitlines()
    except OSError:
        return frozenset()
    rows = [line.split() for line in lines]
    return frozenset(
        row[name]
        for row in rows
        if len(row) > 7 and not row[destination].strip("0") and row[name] != "lo"
    )


def calling_address(family: int) -> frozenset[str]:
    """Return the address from which this machine calls the world, if it has a way out."""
    kind = socket.AF_INET if family == 4 else socket.AF_INET6
    try:
        with socket.socket(kind, socket.SOCK_DGRAM) as probe:
            probe.connect((_NOWHERE[family == 6], 9))  # sends nothing
            return frozenset({probe.getsockname()[0]})
    except OSError:
        return frozenset()
