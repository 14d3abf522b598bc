"""Which name servers are asked: as a setting writes them, or as resolv.conf(5) does."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

_PORT = 53
_MOST = 3  # as the C library has it; more would only make waiting longer
_RESOLV_CONF = Path("/etc/resolv.conf")


@dataclass(frozen=True, slots=True)
class NameServer:
    """One name server. `address` is an IPv4 or IPv6 address in canonical text."""

    address: str
    port: int = _PORT

    @property
    def is_ipv6(self) -> bool:
        """Whether it is reached by IPv6."""
        return ":" in self.address

    def __str__(self) -> str:
        """Write it as the setting does."""
        if self.port == _PORT:
            return self.address
        return f"[{self.address}]:{self.port}" if self.is_ipv6 else f"{self.address}:{self.port}"


def parse_name_server(text: str) -> NameServer:
    """Read "192.0.2.1", "192.0.2.1:5300", "2001:db8::1" or "[2001:db8::1]:5300".

    Raises ValueError with a sentence for people.
    """
    address, port = text.strip(), ""
    if address.startswith("["):
        address, closed, port = address[1:].partition("]")
        if not closed or (port and not port.startswith(":")):
            raise ValueError("is not the address of a name server")
        port = port.removeprefix(":")
    elif address.count(":") == 1:
        address, _, port = address.partition(":")
        port = port or "none"
    try:
        found = ip_address(address)
    except ValueError:
        raise ValueError("is not the address of a name server") from None
    if "%" in address:  # a zone: the reactor does not get there
        raise ValueError("is not the address of a name server")
    if port and not (port.isascii() and port.isdecimal() and 0 < int(port) < 65536):
        raise ValueError(f"has no port between 1 and 65535 behind {address}")
    return NameServer(str(found), int(port or _PORT))


def system_trusts_ad(file: Path = _RESOLV_CONF) -> bool:
    """Tell whether resolv.conf(5) says that its servers are to be believed about DNSSEC."""
    try:
        lines = file.read_text("utf-8", "replace").splitlines()
    except OSError:
        return False
    options = [words for words in map(str.split, lines) if words[:1] == ["options"]]
    return any("trust-ad" in words for words in options)


def system_name_servers(file: Path = _RESOLV_CONF) -> tuple[NameServer, ...]:
    """Return those of the system, three at most; that of this machine if none is named."""
    try:
        lines = file.read_text("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    found = []
    for line in lines:
        words = line.split()
        if len(words) < 2 or words[0] != "nameserver":
            continue
        try:
            found.append(parse_name_server(words[1]))
        except ValueError:
            continue
    return tuple(found[:_MOST]) or (NameServer("127.0.0.1"),)
