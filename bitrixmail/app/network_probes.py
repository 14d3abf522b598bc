"""The doctor's looks at the DNS and the net, made of the settings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import SystemRandom
from typing import Any

from bitrixmail.admin.probes.domains import DomainProbe
from bitrixmail.admin.probes.name_servers import NameServerProbe
from bitrixmail.admin.probes.names import HostnameProbe, ReverseProbe
from bitrixmail.admin.probes.outgoing import OutgoingProbe
from bitrixmail.admin.probes.own_addresses import own_addresses
from bitrixmail.admin.probes.simple import KnownProbe
from bitrixmail.app.settings import Settings
from bitrixmail.interfaces.probe import IProbe
from bitrixmail.model.finding import Finding, Severity
from bitrixmail.net.name_servers import parse_name_server, system_name_servers
from bitrixmail.net.resolver import Resolver

_NO_DOMAIN = Finding(
    "mx",
    "domains",
    Severity.WARNING,
    "there is none yet",
    "This server takes mail for its domains alone.",
    ("Add the first, with your own name:", "bitrixmail domain add example.org"),
)


def network_probes(settings: Settings, domains: Sequence[str], reactor: Any) -> Iterator[IProbe]:
    """Yield the looks at the names, one for each domain, and at the way out."""
    hostname, own = settings.server.hostname, own_addresses(settings.server.public_addresses)
    servers = tuple(map(parse_name_server, settings.dns.servers)) or system_name_servers()
    resolver = Resolver(reactor, servers, SystemRandom(), settings.dns.timeout)
    yield NameServerProbe(", ".join(map(str, servers)), resolver)
    yield HostnameProbe(hostname, resolver, own)
    for domain in domains:
        yield DomainProbe(domain, hostname, resolver, own)
    if not domains:
        yield KnownProbe(_NO_DOMAIN)
    yield ReverseProbe(hostname, resolver, own)
    if settings.doctor.outgoing:
        port = settings.outbound.smtp_port
        yield OutgoingProbe(settings.doctor.outgoing, port, resolver, reactor)
