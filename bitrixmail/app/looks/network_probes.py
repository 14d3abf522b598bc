"""The doctor's looks at the DNS and the net, made of the settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from random import SystemRandom
from typing import Any

from bitrixmail.admin.dns_check import DNSCheck
from bitrixmail.admin.probes.domains import DomainProbe
from bitrixmail.admin.probes.name_servers import NameServerProbe
from bitrixmail.admin.probes.names import HostnameProbe, ReverseProbe
from bitrixmail.admin.probes.outgoing import OutgoingProbe
from bitrixmail.admin.probes.own_addresses import OwnAddresses, own_addresses
from bitrixmail.admin.probes.simple import AskingProbe, KnownProbe
from bitrixmail.admin.spf_look import WayOut
from bitrixmail.app.settings.tree import Settings
from bitrixmail.interfaces.probe import IProbe
from bitrixmail.interfaces.resolver import IResolver
from bitrixmail.model.dkim import DKIMKey
from bitrixmail.model.finding import Finding, Severity
from bitrixmail.net.name_servers import NameServer, parse_name_server, system_name_servers
from bitrixmail.net.resolver import Resolver
from bitrixmail.tasks import utcnow

_NO_DOMAIN = Finding(
    "mx",
    "domains",
    Severity.WARNING,
    "there is none yet",
    "This server takes mail for its domains alone.",
    ("Add the first, with your own name:", "bitrixmail domain add example.org"),
)


def network_probes(
    settings: Settings,
    domains: Sequence[str],
    reactor: Any,
    keys: Mapping[str, Sequence[DKIMKey]] | None = None,
) -> Iterator[IProbe]:
    """Yield the looks at the names, those of each domain, and at the way out.

    `keys` sign the mail of each domain of the store; None: no store could be read.
    """
    hostname, own = settings.server.hostname, own_addresses(settings.server.public_addresses)
    resolver = resolver_of(settings, reactor)
    yield NameServerProbe(", ".join(map(str, name_servers(settings))), resolver, reactor)
    yield HostnameProbe(hostname, resolver, own)
    for domain in domains:
        yield DomainProbe(domain, hostname, resolver, own)
    if not domains:
        yield KnownProbe(_NO_DOMAIN)
    yield ReverseProbe(hostname, resolver, own)
    for domain in domains:
        check = dns_check(settings, domain, resolver, own)
        signing = (keys or {}).get(domain, ())
        now = utcnow(reactor)
        yield AskingProbe("spf", check.spf)
        if keys is not None and domain in keys:
            yield AskingProbe("dkim", partial(check.dkim, signing, now))
        yield AskingProbe("dmarc", partial(check.dmarc, signing, now))
    smarthost = settings.outbound.smarthost_place()
    if settings.doctor.outgoing or smarthost is not None:
        port = settings.outbound.smtp_port
        yield OutgoingProbe(settings.doctor.outgoing, port, resolver, reactor, smarthost=smarthost)


def name_servers(settings: Settings) -> tuple[NameServer, ...]:
    """Return those of the settings, else those of the system."""
    return tuple(map(parse_name_server, settings.dns.servers)) or system_name_servers()


def resolver_of(settings: Settings, reactor: Any) -> Resolver:
    """Make a resolver for looks at the DNS."""
    return Resolver(reactor, name_servers(settings), SystemRandom(), settings.dns.timeout)


def dns_check(settings: Settings, domain: str, resolver: IResolver, own: OwnAddresses) -> DNSCheck:
    """Make the look at the records of a domain."""
    smarthost = settings.outbound.smarthost_place()
    way_out = WayOut("" if smarthost is None else smarthost[0], settings.outbound.ipv6)
    return DNSCheck(domain, settings.server.hostname, resolver, own, way_out)
