"""Bounds of a door, changeable while the server runs. A count or size of 0 means no limit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Networks = tuple[IPv4Network | IPv6Network, ...]


def listed(address: str, networks: Networks) -> bool:
    """Tell whether an IP address lies in one of `networks`; an empty address lies in none."""
    if not address or not networks:
        return False
    found = _read(address)
    return any(found in network for network in networks if network.version == found.version)


def source_of(address: str) -> str:
    """Return what counts as one source: the IPv4 address, or the IPv6 /64 that one host has."""
    if ":" not in address:
        return address
    found = _read(address)
    if isinstance(found, IPv6Address):
        return str(ip_network((found, 64), strict=False))
    return address


def network_of(address: str) -> str:
    """Return what is likely to be in one hand: the IPv4 /24, or the IPv6 /56 of one customer."""
    if ":" not in address:
        return address.rpartition(".")[0]
    return str(ip_network((_read(address), 56), strict=False))


@lru_cache(maxsize=4096)  # each connection asks again and again
def _read(address: str) -> IPv4Address | IPv6Address:
    return ip_address(address.partition("%")[0])


@dataclass(frozen=True, slots=True)
class SMTPLimits:
    """Bounds of one SMTP door. Time-outs: RFC 5321 §4.5.3.2; lines: §4.5.3.1.

    A rate of 0 (`min_data_rate`, octets a second) means none, as a delay of 0 does.
    """

    max_size_octets: int = 50 * 1024 * 1024
    max_recipients: int = 1000
    max_messages: int = 1000
    max_errors: int = 20
    max_refused_recipients: int = 50
    max_idle_commands: int = 100
    error_delay_s: float = 1.0
    max_command_octets: int = 4096
    max_line_octets: int = 64 * 1024
    max_hops: int = 50
    strict_pipelining: bool = True
    greet_delay_s: float = 0.0
    hello_timeout_s: float = 60.0
    first_message_timeout_s: float = 600.0
    command_timeout_s: float = 300.0
    data_block_timeout_s: float = 180.0
    data_timeout_s: float = 600.0
    min_data_rate: int = 1024
    data_grace_s: float = 30.0
    pressure_timeout_s: float = 10.0
    connections: int = 5000
    connections_per_ip: int = 50
    connections_per_minute_per_ip: int = 60
    connections_per_network: int = 250
    connections_per_minute_per_network: int = 600
    messages_per_minute_per_ip: int = 0
    recipients_per_minute_per_ip: int = 0
    exempt_networks: Networks = ()
    normalize_networks: Networks = ()
    proxy_networks: Networks = ()
    xclient_networks: Networks = ()


@dataclass(frozen=True, slots=True)
class AccessLimits:
    """Bounds of the doors for readers (RFC 1939 §3: an autologout timer of at least 10 minutes)."""

    failed_logins_per_minute: int = 20
    idle_timeout_s: float = 600.0
    login_timeout_s: float = 60.0
    max_errors: int = 20
    connections: int = 5000
    connections_per_ip: int = 50
    exempt_networks: Networks = ()
    proxy_networks: Networks = ()


@dataclass(frozen=True, slots=True)
class SubmissionLimits:
    """Bounds of each login to send: counts in a minute, an hour and a day.

    `check_from`: the header field From must belong to the login as the sender does. `most_held_s`:
    how long a message may be held before it is sent (RFC 4865); 0: none is.
    """

    messages: tuple[int, int, int] = (60, 500, 0)
    recipients: tuple[int, int, int] = (0, 0, 2000)
    check_from: bool = True
    most_held_s: int = 30 * 86400
