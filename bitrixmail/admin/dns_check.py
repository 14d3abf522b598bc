"""Whether the DNS has the records of a domain of ours, and what to do where it has not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bitrixmail.admin.dmarc_look import DMARCLook
from bitrixmail.admin.dns_finding import different, is_unknown, missing, unknown
from bitrixmail.admin.dns_records import dkim_record, record_tags
from bitrixmail.admin.probes.domains import DomainProbe
from bitrixmail.admin.probes.own_addresses import OwnAddresses
from bitrixmail.admin.spf_look import SPFLook, WayOut
from bitrixmail.interfaces.resolver import IResolver
from bitrixmail.model.dkim import KEPT, DKIMKey, KeyState
from bitrixmail.model.dns import Answer
from bitrixmail.model.finding import Finding, Severity
from bitrixmail.tasks import gather

_WHY_DKIM = "Signatures by this key do not hold: large providers then mistrust the mail."
_WHY_NEW = "The key signs once its record was seen from here, or after a week in any case."
_WHY_UNSIGNED = (
    "Large providers mistrust mail without a signature, and refuse it of who sends much."
)

# What was found of a key, and whether its record is as it should be
_Judged = tuple[Finding, bool]


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found, and the selectors whose records are as they should be."""

    findings: tuple[Finding, ...]
    published: frozenset[str]


class DNSCheck:
    """Looks at the records of one domain. Made for one look, or for the probes of one."""

    def __init__(
        self,
        domain: str,
        hostname: str,
        resolver: IResolver,
        own: OwnAddresses,
        way_out: WayOut | None = None,
    ) -> None:
        self._domain = domain
        self._resolver = resolver
        self._mx = DomainProbe(domain, hostname, resolver, own)
        self._spf = SPFLook(domain, hostname, resolver, own, way_out or WayOut())

    async def look(self, keys: Sequence[DKIMKey], at: datetime) -> Looked:
        """Ask for all records at the same time; the findings come in the order of a zone."""
        mx = self._mx.probe()
        (spf, judged), found_mx = await self._asked(keys, at), await mx
        dkim = tuple(finding for finding, _ in judged)
        dmarc = await self._policy(spf, keys, judged, at)
        return Looked(
            (*found_mx, spf, *dkim, dmarc),
            frozenset(key.selector for key, (_, good) in zip(keys, judged, strict=True) if good),
        )

    async def spf(self) -> tuple[Finding, ...]:
        """Look whether this server may send for the domain."""
        return (await self._spf.finding(),)

    async def dkim(self, keys: Sequence[DKIMKey], at: datetime) -> tuple[Finding, ...]:
        """Look at the record of each key."""
        if not keys:
            what = "has no keys: its mail is not signed"
            remedies = (
                "Make them, and put the records it prints into the DNS:",
                f"bitrixmail dns records {self._domain}",
            )
            return (Finding("dkim", self._domain, Severity.WARNING, what, _WHY_UNSIGNED, remedies),)
        return tuple(
            finding for finding, _ in await gather(*(self._judged(key, at) for key in keys))
        )

    async def dmarc(self, keys: Sequence[DKIMKey], at: datetime) -> tuple[Finding, ...]:
        """Look at the policy of the domain, in the light of the two others."""
        spf, judged = await self._asked(keys, at)
        return (await self._policy(spf, keys, judged, at),)

    async def _asked(
        self, keys: Sequence[DKIMKey], at: datetime
    ) -> tuple[Finding, Sequence[_Judged]]:
        """Ask for SPF and the keys at the same time."""
        spf, *judged = await gather(self._spf_judged(), *(self._judged(key, at) for key in keys))
        return spf[0], judged

    async def _policy(
        self, spf: Finding, keys: Sequence[DKIMKey], judged: Sequence[_Judged], at: datetime
    ) -> Finding:
        """Look at the policy, knowing whether mail of this server passes it (RFC 7489 §4.2).

        What nobody could tell is no reason for an alarm.
        """
        signs = any(
            good and key.state(at) is KeyState.SIGNING
            for key, (_, good) in zip(keys, judged, strict=True)
        )
        silent = any(is_unknown(finding) for finding in (spf, *(each for each, _ in judged)))
        trusted = signs or silent or spf.severity is Severity.OK
        return await DMARCLook(self._domain, self._resolver).finding(trusted=trusted)

    async def _spf_judged(self) -> _Judged:
        finding = await self._spf.finding()
        return finding, finding.severity is Severity.OK

    async def _judged(self, key: DKIMKey, at: datetime) -> _Judged:
        return _judged_key(key, await self._resolver.look_up(key.name, "TXT"), at)


def _judged_key(key: DKIMKey, answer: Answer, at: datetime) -> _Judged:
    """Judge the record of a key; tell whether it is as it should be."""
    state, wanted = key.state(at), dkim_record(key)
    why = _WHY_NEW if state is KeyState.NEW else _WHY_DKIM
    severity = Severity.FAILURE if state is KeyState.SIGNING else Severity.WARNING
    if answer.unknown:
        return unknown("dkim", key.name, answer, why), False
    if any(_is_of(key, text) for text in answer.texts):
        return Finding("dkim", key.name, Severity.OK, _good(key, state)), True
    if state is KeyState.GONE:
        return Finding("dkim", key.name, Severity.OK, "is no longer needed, and gone"), False
    if not answer.texts:
        return missing("dkim", key.name, "has no record", why, wanted, severity=severity), False
    what = "has a record with another key"
    return different("dkim", key.name, what, why, wanted, severity=severity), False


def _good(key: DKIMKey, state: KeyState) -> str:
    if state is KeyState.GONE:
        return "is no longer needed: its record may be removed"
    if state is KeyState.RETIRED and key.active_until is not None:
        return f"no longer signs; its record stands until {(key.active_until + KEPT):%Y-%m-%d}"
    return "is as it should be"


def _is_of(key: DKIMKey, text: str) -> bool:
    """Tell whether a record is of this key (RFC 6376 §3.6.1)."""
    tags = record_tags(text)
    public = "".join(tags.get("p", "").split())
    known = tags.get("v", "DKIM1") == "DKIM1" and tags.get("k", "rsa") == key.algorithm
    return known and public == key.public_key
