"""Whether a domain of ours has a policy for mail that is not its own (DMARC, RFC 7489)."""

from __future__ import annotations

from collections.abc import Iterator

from bitrixmail.admin.dns_finding import THERE, different, missing, unknown
from bitrixmail.admin.dns_records import ZoneRecord, dmarc_record, record_tags
from bitrixmail.interfaces.resolver import IResolver
from bitrixmail.model.dns import Answer
from bitrixmail.model.finding import Finding, Severity

PROBE = "dmarc"
_MOST_PARENTS = 4
_MOST_REPORTS = 5
_STRICT = ("quarantine", "reject")
_WHY = "Large providers ask for it of whoever sends much; without it anybody may forge mail."
_WHY_STRICT = "Others put the mail of this domain into spam, or refuse it, as the policy says."
_WHY_REPORTS = "Reports tell who sends in the name of the domain; these come to nobody."


class DMARCLook:
    """Looks at the policy of one domain. Made for one look."""

    def __init__(self, domain: str, resolver: IResolver) -> None:
        self._domain = domain
        self._resolver = resolver
        self._wanted = dmarc_record(domain)

    async def finding(self, *, trusted: bool) -> Finding:
        """Look; `trusted`: whether mail of this server passes by SPF or DKIM."""
        answer = await self._resolver.look_up(self._wanted.name, "TXT")
        if answer.unknown:
            return unknown(PROBE, self._wanted.name, answer, _WHY)
        records = _records(answer)
        if len(records) > 1:
            what = f"has {len(records)} DMARC records, and then none counts"
            return self._different(what, _WHY)
        above = "" if records else await self._above()
        if records or above:
            return await self._judged(records[0] if records else above, bool(above), trusted)
        what = "has no DMARC record"
        return missing(
            PROBE, self._wanted.name, what, _WHY, self._wanted, severity=Severity.WARNING
        )

    async def _judged(self, record: str, inherited: bool, trusted: bool) -> Finding:
        tags = record_tags(record)
        policy = tags.get("p", "")
        if inherited:
            policy = tags.get("sp", policy)
        if policy.lower() not in ("none", *_STRICT):
            return self._different(f"has no policy that can be read: {record}", _WHY)
        if policy.lower() in _STRICT and not trusted:
            what = f"turns away what has neither SPF nor DKIM, as this server's mail now: {record}"
            return self._different(what, _WHY_STRICT)
        refusing = "" if inherited else await self._refusing(tags.get("rua", ""))
        if refusing:
            return self._unwanted_reports(refusing, record)
        whose = "is that of the domain above: " if inherited else THERE
        return Finding(PROBE, self._wanted.name, Severity.OK, f"{whose}{record}")

    def _different(self, what: str, why: str) -> Finding:
        return different(PROBE, self._wanted.name, what, why, self._wanted)

    async def _above(self) -> str:
        """Return the record of the nearest domain above that has one (RFC 7489 §6.6.3)."""
        labels = self._domain.split(".")
        for start in range(1, min(len(labels) - 1, _MOST_PARENTS + 1)):
            name = f"_dmarc.{'.'.join(labels[start:])}"
            records = _records(await self._resolver.look_up(name, "TXT"))
            if records:
                return records[0]
        return ""

    async def _refusing(self, reports: str) -> str:
        """Return a domain that reports are sent to and that did not ask for them (§7.1)."""
        for domain in dict.fromkeys(_report_domains(reports)):
            if domain == self._domain or self._is_kin(domain):
                continue
            name = f"{self._domain}._report._dmarc.{domain}"
            answer = await self._resolver.look_up(name, "TXT")
            if not answer.unknown and not _records(answer):
                return domain
        return ""

    def _is_kin(self, domain: str) -> bool:
        return domain.endswith(f".{self._domain}") or self._domain.endswith(f".{domain}")

    def _unwanted_reports(self, domain: str, record: str) -> Finding:
        what = f"wants reports sent to {domain}, which does not take them: {record}"
        allowed = ZoneRecord(f"{self._domain}._report._dmarc.{domain}", "TXT", "v=DMARC1")
        remedies = (
            f"Where the DNS of {domain} is kept, add this record:",
            allowed.line,
            f"Or name an address of {self._domain} behind rua=mailto: in the record.",
        )
        return Finding(PROBE, self._wanted.name, Severity.WARNING, what, _WHY_REPORTS, remedies)


def _records(answer: Answer) -> list[str]:
    return [text for text in answer.texts if text.startswith("v=DMARC1")]


def _report_domains(reports: str) -> Iterator[str]:
    """Yield the domains of the addresses in a tag rua (RFC 7489 §6.2)."""
    for uri in reports.split(",")[:_MOST_REPORTS]:
        address = uri.strip().partition("!")[0]
        if address.lower().startswith("mailto:") and "@" in address:
            yield address.rpartition("@")[2].lower()
