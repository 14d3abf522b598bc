"""Whether the name of the mail host, which MX records lead to, leads to this server."""

from __future__ import annotations

from bitrixmail.admin.probes.hosts import Leads, look_up_host, way_to_addresses
from bitrixmail.admin.probes.own_addresses import OwnAddresses
from bitrixmail.interfaces.resolver import IResolver
from bitrixmail.model.finding import Finding, Severity

PROBE = "address"
_WHY = "The MX record leads to this name: without its address nobody finds this server."
_TOLD = "Which addresses lead here can't be told from this machine: a router stands before it."


async def host_finding(hostname: str, resolver: IResolver, own: OwnAddresses) -> Finding:
    """Look up the addresses of the mail host."""
    host = await look_up_host(resolver, hostname)
    shown, way = host.shown(), tuple(way_to_addresses(hostname, own))
    if host.unknown:
        what = f"its addresses could not be looked up: {host.detail}"
        return Finding(PROBE, hostname, Severity.WARNING, what, _WHY, ())
    leads = host.leads(own)
    if leads is Leads.HERE:
        return Finding(PROBE, hostname, Severity.OK, f"leads here: {shown}")
    if leads is Leads.UNKNOWN:
        what = f"its addresses are {shown}, perhaps those of this server"
        return Finding(PROBE, hostname, Severity.WARNING, what, _TOLD, way)
    what = (
        f"its addresses are {shown}, not those of this server"
        if host.addresses
        else "has no address"
    )
    return Finding(PROBE, hostname, Severity.FAILURE, what, _WHY, way)
