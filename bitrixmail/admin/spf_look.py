"""Whether a domain of ours lets this server send for it (RFC 7208), and the record that would."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bitrixmail.admin.dns_finding import NAMED, OTHERS, different, missing, unknown
from bitrixmail.admin.dns_records import spf_record
from bitrixmail.admin.probes.hosts import look_up_host
from bitrixmail.admin.probes.own_addresses import IPAddress, OwnAddresses
from bitrixmail.admin.spf import Result, SPFCheck, Verdict
from bitrixmail.admin.spf_record import VERSION, RecordError, parse_record, spf_texts
from bitrixmail.interfaces.resolver import IResolver
from bitrixmail.model.finding import Finding, Severity

PROBE = "spf"
_MOST_ADDRESSES = 8
_WHY = "Mail from a server that its domain does not name lands in spam or is refused."
_WHY_ALL = "Anybody may send in the name of the domain, and large providers do not trust it."
_ENDS = ("-all", "~all", "?all")
_OPEN = ("all", "+all")


@dataclass(frozen=True, slots=True)
class WayOut:
    """How mail leaves: by a server that takes all of it, if there is one; else also by IPv6?"""

    smarthost: str = ""
    ipv6: bool = True


class SPFLook:
    """Looks at the record of one domain. Made for one look."""

    def __init__(
        self,
        domain: str,
        hostname: str,
        resolver: IResolver,
        own: OwnAddresses,
        way_out: WayOut,
    ) -> None:
        self._domain = domain
        self._hostname = hostname
        self._resolver = resolver
        self._own = own
        self._way_out = way_out

    async def finding(self) -> Finding:
        """Look, and tell what was found."""
        answer = await self._resolver.look_up(self._domain, "TXT")
        if answer.unknown:
            return unknown(PROBE, self._domain, answer, _WHY)
        records = spf_texts(answer.texts)
        addresses = await self._addresses()
        if not records:
            wanted = spf_record(self._domain, await self._mended((), addresses))
            what = "has no SPF record"
            return missing(PROBE, self._domain, what, _WHY, wanted, severity=Severity.WARNING)
        if len(records) > 1:  # RFC 7208 §4.5
            what = f"has {len(records)} SPF records, and only one may be there"
            return await self._different(what, merged(records), addresses)
        if self._way_out.smarthost:
            return await self._by_smarthost(records[0])
        if not addresses:
            return await self._by_its_words(records[0])
        return await self._judged(records[0], addresses)

    async def _addresses(self) -> tuple[IPAddress, ...]:
        """Return those from which mail leaves, as far as known."""
        found = self._own.public
        if not found and "." in self._hostname:
            found = (await look_up_host(self._resolver, self._hostname)).public
        usable = (address for address in found if address.version == 4 or self._way_out.ipv6)
        return tuple(usable)[:_MOST_ADDRESSES]

    async def _verdict(self, record: str, address: IPAddress) -> Verdict:
        check = SPFCheck(self._resolver, address, self._domain, self._hostname)
        return await check.verdict(record)

    async def _judged(self, record: str, addresses: Sequence[IPAddress]) -> Finding:
        verdicts = {address: await self._verdict(record, address) for address in addresses}
        for verdict in verdicts.values():
            if verdict.result is Result.TEMPERROR:
                return unknown(PROBE, self._domain, verdict.detail, _WHY)
            if verdict.result is Result.PERMERROR:
                what = f"counts for nothing, since {verdict.detail}: {record}"
                words = [
                    each for each in _words(record) if not verdict.detail.startswith(f"{each} ")
                ]
                return await self._different(what, words, addresses)
        unnamed = [each for each in addresses if verdicts[each].result is not Result.PASS]
        if not unnamed:
            return await self._passed(record, addresses)
        whom = "this server"
        if len(unnamed) < len(addresses):
            whom = f"{', '.join(map(str, unnamed))} of this server"
        clear = any(verdicts[each].result is not Result.NEUTRAL for each in unnamed)
        severity = Severity.FAILURE if clear else Severity.WARNING
        what = f"does not name {whom}: {record}"
        return await self._different(what, _words(record), addresses, severity=severity)

    async def _passed(self, record: str, addresses: Sequence[IPAddress]) -> Finding:
        if not any(word.lower() in _OPEN for word in _words(record)):
            return Finding(PROBE, self._domain, Severity.OK, f"{NAMED}{record}")
        what = f"names this server, and everybody else too: {record}"
        wanted = spf_record(self._domain, await self._mended(_words(record), addresses))
        return different(PROBE, self._domain, what, _WHY_ALL, wanted, severity=Severity.WARNING)

    async def _by_smarthost(self, record: str) -> Finding:
        """Judge a record that must name servers which only their owner knows."""
        try:
            parse_record(record)
        except RecordError as error:
            return await self._different(
                f"counts for nothing, since {error}: {record}", _words(record), ()
            )
        host = self._way_out.smarthost
        what = f"{OTHERS}{host}, as their owner says how: {record}"
        return Finding(PROBE, self._domain, Severity.OK, what)

    async def _by_its_words(self, record: str) -> Finding:
        """Judge a record where no address of this server is known."""
        words = {word.lower().removeprefix("+") for word in _words(record)}
        if words & {"mx", f"a:{self._hostname}"}:
            return Finding(PROBE, self._domain, Severity.OK, f"{NAMED}{record}")
        what = f"may not name this server: {record}"
        return await self._different(what, _words(record), (), severity=Severity.WARNING)

    async def _different(
        self,
        what: str,
        words: Iterable[str],
        addresses: Sequence[IPAddress],
        *,
        severity: Severity = Severity.FAILURE,
    ) -> Finding:
        wanted = spf_record(self._domain, await self._mended(tuple(words), addresses))
        return different(PROBE, self._domain, what, _WHY, wanted, severity=severity)

    async def _mended(self, words: Sequence[str], addresses: Sequence[IPAddress]) -> str:
        """Write the record that lets this server send as well: by its MX, else by its addresses."""
        kept: list[str] = []
        for word in words:
            if word.lower() in _OPEN:
                kept.append("~all")
                break  # what stands behind it was never looked at
            if _readable([*kept, word]):
                kept.append(word)
        if not any(word.lower() in _ENDS or _leads_on(word) for word in kept):
            kept.append("~all")
        others = [word for word in kept if word.lower() not in ("mx", "+mx")]
        by_name = " ".join((VERSION, "mx", *others))
        if all([(await self._verdict(by_name, each)).result is Result.PASS for each in addresses]):
            return by_name
        ours = (f"ip{address.version}:{address}" for address in addresses)
        return " ".join((VERSION, *dict.fromkeys((*ours, *kept))))


def _words(record: str) -> list[str]:
    return record.split()[1:]


def _leads_on(word: str) -> bool:
    return word.lower().startswith("redirect=")


def _readable(words: Iterable[str]) -> bool:
    try:
        parse_record(" ".join((VERSION, *words)))
    except RecordError:
        return False
    return True


def merged(records: Iterable[str]) -> list[str]:
    """Make the words of one record of several; what ends it is the mildest of theirs."""
    words = dict.fromkeys(word for record in records for word in _words(record))
    ends = [word.lower() for word in words if word.lower() in _ENDS]
    others = [word for word in words if word.lower() not in _ENDS]
    return [*others, next((end for end in reversed(_ENDS) if end in ends), "~all")]
