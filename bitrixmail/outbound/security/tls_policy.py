"""How safe the way to a destination must be, and whether it was safer before (RFC 7435).

The owner's word comes first, then DANE (RFC 7672), then MTA-STS (RFC 8461); else TLS as the host
offers it. DANE goes before MTA-STS host by host, and a failure of it is never made good by that
(RFC 8461 §2).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime, timedelta
from ipaddress import ip_address

from twisted.logger import Logger
from zope.interface import implementer

from bitrixmail.interfaces.destinations import IDestinations
from bitrixmail.interfaces.resolver import IResolver
from bitrixmail.interfaces.tls_policy import ITLSPolicy
from bitrixmail.model.destination import (
    Alarm,
    DestinationPolicy,
    Hosts,
    Level,
    MailHost,
    Security,
    TLSDemand,
    TLSReached,
)
from bitrixmail.model.reply import Reply
from bitrixmail.model.way import level_for
from bitrixmail.outbound.security.dane import tlsa_of
from bitrixmail.outbound.security.mta_sts import Mode, STSPolicies, STSPolicy

_log = Logger()
_MOST_KNOWN = 2000
# As long as it is not asked anew what the store and the DNS know of a destination.
_FRESH = timedelta(minutes=5)
# An alarm is told once in this time; after the longer one the destination has settled on less.
_AGAIN = timedelta(days=1)
_SETTLED = timedelta(days=30)


class _Known:
    """What is known of one destination in this process. Made at its first mail, dropped by age."""

    __slots__ = ("at", "security", "sts", "told")

    def __init__(self, at: datetime, security: Security, sts: STSPolicy | None) -> None:
        self.at = at
        self.security = security
        self.sts = sts
        self.told: datetime | None = None


@implementer(ITLSPolicy)
class TLSPolicy:
    """See ITLSPolicy. Made by compose, lives as long as the server.

    `levels` are the owner's, by domain in A-labels, "*.example.org" for all below one, "*" for all
    others; `sts` None: not asked. They and `dane` may be replaced while it runs.
    """

    def __init__(
        self,
        resolver: IResolver,
        destinations: IDestinations,
        sts: STSPolicies | None,
        levels: Mapping[str, Level],
        *,
        dane: bool = True,
    ) -> None:
        self._resolver = resolver
        self._destinations = destinations
        self.sts = sts
        self.levels = levels
        self.dane = dane
        self._known: OrderedDict[str, _Known] = OrderedDict()

    async def policy(
        self, domain: str, hosts: Hosts, at: datetime, level: Level | None = None
    ) -> DestinationPolicy:
        """See ITLSPolicy."""
        wanted = level_for(domain, self.levels) if level is None else level
        # A name that nobody vouches for, as that of an MX record without DNSSEC, is not the one
        # that was asked for; that of the destination itself is (RFC 7672 §3.2.2).
        names = (hosts.destination,) if hosts.authentic or not hosts.by_mx else ()
        if wanted is not None and wanted <= Level.OPPORTUNISTIC:
            return DestinationPolicy(domain, wanted, "setting", final=True, names=names)
        known = await self._known_of(domain, at)
        least, by = (Level.OPPORTUNISTIC, "") if wanted is None else (wanted, "setting")
        remembered = known.security.level
        sts = known.sts
        if sts is None or sts.mode is Mode.NONE:
            return DestinationPolicy(domain, least, by, names=names, remembered=remembered)
        allowed = frozenset(host.name for host in hosts.hosts if sts.allows(host.name))
        if sts.mode is Mode.TESTING:
            self._watch(domain, hosts, allowed)
            return DestinationPolicy(
                domain, least, by, testing=True, names=names, remembered=remembered
            )
        return DestinationPolicy(
            domain, Level.VERIFIED, "mta-sts", allowed=allowed, names=(), remembered=remembered
        )

    def _watch(self, domain: str, hosts: Hosts, allowed: frozenset[str]) -> None:
        others = [host.name for host in hosts.hosts if host.name not in allowed]
        if others:
            _log.info(
                "MTA-STS policy of {domain}, only testing: {hosts} not allowed by it",
                domain=domain,
                hosts=", ".join(others),
            )

    async def demand(self, policy: DestinationPolicy, host: MailHost) -> TLSDemand | Reply:
        """See ITLSPolicy."""
        if policy.final and policy.level is Level.NONE:
            return TLSDemand(Level.NONE, by=policy.by)
        names = tuple(dict.fromkeys((host.name, *policy.names)))
        if not policy.final and self.dane:
            dane = await tlsa_of(self._resolver, host)
            if dane.failed is not None:
                text = f"the TLSA records of {host.name} could not be looked up"
                return Reply(451, "4.4.3", f"{text}: {dane.failed.detail}")
            if dane.secure:
                names = tuple(dict.fromkeys((dane.base, host.name, *policy.names)))
                level = Level.VERIFIED if dane.records else max(policy.level, Level.ENCRYPTED)
                return TLSDemand(level, _sni(dane.base), names, dane.records, "dane")
        if policy.allowed is not None and host.name not in policy.allowed:
            text = f"{host.name} is not allowed by the MTA-STS policy of {policy.domain}"
            return Reply(450, "4.7.5", text)
        return TLSDemand(policy.level, _sni(host.name), names, by=policy.by)

    async def reached(
        self, policy: DestinationPolicy, reached: TLSReached, at: datetime
    ) -> Alarm | None:
        """See ITLSPolicy."""
        known = self._known.get(policy.domain)
        if policy.final or known is None:
            return None
        if policy.testing and reached.level < Level.VERIFIED:
            _log.info(
                "MTA-STS policy of {domain}, only testing: {reason}",
                domain=policy.domain,
                reason=reached.problem or "no TLS",
            )
        before = known.security
        if reached.level >= before.level:
            # Not for each message: that would be a write more
            if reached.level > before.level or before.seen is None or before.seen < at - _AGAIN:
                await self._remember(known, policy.domain, reached.level, at)
            return None
        if before.seen is not None and before.seen < at - _SETTLED:
            await self._remember(known, policy.domain, reached.level, at)
        elif known.told is not None and known.told > at - _AGAIN:
            return None
        known.told = at
        alarm = Alarm(policy.domain, before.level, reached.level, reached.problem)
        _log.warn("less safe than before: {alarm}", alarm=str(alarm), destination=policy.domain)
        return alarm

    async def _remember(self, known: _Known, domain: str, level: Level, at: datetime) -> None:
        security = known.security
        known.security = Security(
            domain, level, at, security.sts_id, security.sts_policy, security.sts_until
        )
        await self._destinations.remember_level(domain, level, at)

    async def _known_of(self, domain: str, at: datetime) -> _Known:
        known = self._known.get(domain)
        if known is not None and timedelta() <= at - known.at < _FRESH:
            return known
        security = await self._destinations.security(domain)
        sts = None
        if self.sts is not None and _sni(domain):
            sts = await self.sts.policy(domain, security, at)
        fresh = _Known(at, security or Security(domain), sts)
        fresh.told = None if known is None else known.told
        self._known[domain] = fresh
        self._known.move_to_end(domain)
        while len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)
        return fresh


def _sni(name: str) -> str:
    """Return the name to ask for: an address is none (RFC 6066 §3)."""
    if name.startswith("["):
        return ""
    try:
        ip_address(name)
    except ValueError:
        return name
    return ""
