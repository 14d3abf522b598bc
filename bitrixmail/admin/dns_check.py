"""Whether the DNS has the records of a domain of ours, and what to do where it has not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_network

from bitrixmail.admin.dns_records import ZoneRecord, dkim_record, dmarc_record, spf_record
from bitrixmail.admin.probes.domains import DomainProbe
from bitrixmail.admin.probes.own_addresses import OwnAddresses
from bitrixmail.interfaces.resolver import IResolver
from bitrixmail.model.dkim import KEPT, DKIMKey, KeyState
from bitrixmail.model.dns import Answer
from bitrixmail.model.finding import Finding, Severity
from bitrixmail.tasks import gather

_MAYBE = Severity.WARNING
_LATER = "Look again later; if it stays so, ask who keeps the DNS of the domain."
_ADD = "Where the DNS of {} is kept, add this record:"
_REPLACE = "Where the DNS of {} is kept, replace the record by this one:"
_WHY_SPF = "Mail from a server that its domain does not name lands in spam or is refused."
_WHY_DKIM = "Signatures by this key do not hold: large providers then mistrust the mail."
_WHY_NEW = "The key signs once its record was seen from here, or after a week in any case."
_WHY_DMARC = "Large providers ask for it of whoever sends much; without it anybody may forge mail."


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found, and the selectors whose records are as they should be."""

    findings: tuple[Finding, ...]
    published: frozenset[str]


class DNSCheck:
    """Looks at the records of one domain. Made for one look."""

    def __init__(self, domain: str, hostname: str, resolver: IResolver, own: OwnAddresses) -> None:
        self._domain = domain
        self._hostname = hostname
        self._resolver = resolver
        self._own = own

    async def look(self, keys: Sequence[DKIMKey], at: datetime) -> Looked:
        """Ask for all records at the same time; the findings come in the order of a zone."""
        mx = DomainProbe(self._domain, self._hostname, self._resolver, self._own).probe()
        texts = gather(
            self._resolver.look_up(self._domain, "TXT"),
            *(self._resolver.look_up(key.name, "TXT") for key in keys),
            self._resolver.look_up(f"_dmarc.{self._domain}", "TXT"),
        )
        (spf, *dkim, dmarc), found_mx = await texts, await mx
        judged = [_judged_key(key, answer, at) for key, answer in zip(keys, dkim, strict=True)]
        return Looked(
            (*found_mx, self._spf(spf), *(finding for finding, _ in judged), self._dmarc(dmarc)),
            frozenset(key.selector for key, (_, good) in zip(keys, judged, strict=True) if good),
        )

    def _spf(self, answer: Answer) -> Finding:
        if answer.unknown:
            return _unknown("spf", self._domain, answer, _WHY_SPF)
        records = [text for text in answer.texts if text.lower().split(" ")[0] == "v=spf1"]
        wanted = spf_record(self._domain)
        if not records:
            what = "has no SPF record"
            return _missing("spf", self._domain, what, _WHY_SPF, wanted, severity=_MAYBE)
        if len(records) > 1:  # RFC 7208 §4.5
            what = f"has {len(records)} SPF records, and only one may be there"
            merged = spf_record(self._domain, _merged(records))
            return _different("spf", self._domain, what, _WHY_SPF, merged)
        terms = records[0].lower().split()[1:]
        if any(map(self._names_us, terms)):
            return Finding("spf", self._domain, Severity.OK, f"names this server: {records[0]}")
        more = spf_record(self._domain, " ".join(("v=spf1", "mx", *records[0].split()[1:])))
        what = f"does not name this server: {records[0]}"
        if any(term.startswith(("include:", "redirect=", "exists:", "a", "?")) for term in terms):
            what = f"may not name this server: {records[0]}"
            return _different("spf", self._domain, what, _WHY_SPF, more, severity=_MAYBE)
        return _different("spf", self._domain, what, _WHY_SPF, more)

    def _names_us(self, term: str) -> bool:
        """Tell whether a term lets this server send (RFC 7208 §5)."""
        mechanism, _, value = term.removeprefix("+").partition(":")
        if mechanism in ("mx", "all") and not value:
            return True
        if mechanism == "a":
            return value == self._hostname
        if mechanism not in ("ip4", "ip6"):
            return False
        try:
            network = ip_network(value, strict=False)
        except ValueError:
            return False
        return any(address in network for address in self._own.public)

    def _dmarc(self, answer: Answer) -> Finding:
        wanted = dmarc_record(self._domain)
        if answer.unknown:
            return _unknown("dmarc", wanted.name, answer, _WHY_DMARC)
        records = [text for text in answer.texts if text.startswith("v=DMARC1")]
        if not records:
            what = "has no DMARC record"
            return _missing("dmarc", wanted.name, what, _WHY_DMARC, wanted, severity=_MAYBE)
        if len(records) > 1:
            what = f"has {len(records)} DMARC records, and then none counts"
            return _different("dmarc", wanted.name, what, _WHY_DMARC, wanted)
        if _tags(records[0]).get("p", "").lower() not in ("none", "quarantine", "reject"):
            what = f"has no policy that can be read: {records[0]}"
            return _different("dmarc", wanted.name, what, _WHY_DMARC, wanted)
        return Finding("dmarc", wanted.name, Severity.OK, f"is there: {records[0]}")


def _judged_key(key: DKIMKey, answer: Answer, at: datetime) -> tuple[Finding, bool]:
    """Judge the record of a key; tell whether it is as it should be."""
    state, wanted = key.state(at), dkim_record(key)
    why = _WHY_NEW if state is KeyState.NEW else _WHY_DKIM
    severity = Severity.FAILURE if state is KeyState.SIGNING else Severity.WARNING
    if answer.unknown:
        return _unknown("dkim", key.name, answer, why), False
    if any(_is_of(key, text) for text in answer.texts):
        return Finding("dkim", key.name, Severity.OK, _good(key, state)), True
    if state is KeyState.GONE:
        return Finding("dkim", key.name, Severity.OK, "is no longer needed, and gone"), False
    if not answer.texts:
        return _missing("dkim", key.name, "has no record", why, wanted, severity=severity), False
    what = "has a record with another key"
    return _different("dkim", key.name, what, why, wanted, severity=severity), False


def _good(key: DKIMKey, state: KeyState) -> str:
    if state is KeyState.GONE:
        return "is no longer needed: its record may be removed"
    if state is KeyState.RETIRED and key.active_until is not None:
        return f"no longer signs; its record stands until {(key.active_until + KEPT):%Y-%m-%d}"
    return "is as it should be"


def _is_of(key: DKIMKey, text: str) -> bool:
    """Tell whether a record is of this key (RFC 6376 §3.6.1)."""
    tags = _tags(text)
    public = "".join(tags.get("p", "").split())
    known = tags.get("v", "DKIM1") == "DKIM1" and tags.get("k", "rsa") == key.algorithm
    return known and public == key.public_key


def _tags(text: str) -> dict[str, str]:
    pairs = (tag.partition("=") for tag in text.split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs if name.strip()}


def _merged(records: Iterable[str]) -> str:
    """Make one SPF record of several; what ends one stands at the end, the mildest of them."""
    terms = dict.fromkeys(term for record in records for term in record.split()[1:])
    ends = [term for term in terms if term.lower() in ("-all", "~all", "?all", "+all", "all")]
    others = [term for term in terms if term not in ends]
    last = next((end for end in ("?all", "~all", "-all") if end in ends), "~all")
    return " ".join(("v=spf1", *(["mx"] if "mx" not in others else []), *others, last))


def _unknown(probe: str, subject: str, answer: Answer, why: str) -> Finding:
    what = f"could not be looked up: {answer.detail}"
    return Finding(probe, subject, Severity.WARNING, what, why, (_LATER,))


def _missing(
    probe: str, subject: str, what: str, why: str, wanted: ZoneRecord, *, severity: Severity
) -> Finding:
    return Finding(probe, subject, severity, what, why, tuple(_way(_ADD, wanted)))


def _different(
    probe: str,
    subject: str,
    what: str,
    why: str,
    wanted: ZoneRecord,
    *,
    severity: Severity = Severity.FAILURE,
) -> Finding:
    return Finding(probe, subject, severity, what, why, tuple(_way(_REPLACE, wanted)))


def _way(sentence: str, wanted: ZoneRecord) -> Iterator[str]:
    yield sentence.format(wanted.name)
    yield wanted.line
