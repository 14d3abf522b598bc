"""The records of our domains: what should be in the DNS, and what was there when last asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from twisted.internet.interfaces import IReactorTime

from bitrixmail.admin.dkim import DKIM
from bitrixmail.admin.dns_check import Looked
from bitrixmail.admin.dns_finding import record_there
from bitrixmail.admin.dns_records import (
    ADDRESSES,
    ZoneRecord,
    host_records,
    text_of,
    wanted_records,
    zone_lines,
)
from bitrixmail.admin.host_look import PROBE
from bitrixmail.admin.probes.own_addresses import OwnAddresses
from bitrixmail.model.dkim import DKIMKey, KeyState
from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.finding import Finding, Severity
from bitrixmail.tasks import deadline

PATIENCE_S = 25.0
_MOST_AT_ONCE = 4
_WORST_FIRST = (Severity.FAILURE, Severity.WARNING, Severity.OK)

# Looks at the records of a domain with these keys, at a moment
Look = Callable[[str, Sequence[DKIMKey], datetime], Awaitable[Looked]]


@dataclass(frozen=True, slots=True)
class Checked:
    """What one look found, and when that was."""

    at: datetime
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class RecordState:
    """A record as it should be (None: none is wanted any more), and what was found of it.

    `severity` None: nobody has looked.
    """

    record: ZoneRecord | None
    findings: tuple[Finding, ...]

    @property
    def severity(self) -> Severity | None:
        """The worst of what was found."""
        found = {finding.severity for finding in self.findings}
        return next((severity for severity in _WORST_FIRST if severity in found), None)


class LastLooks:
    """What the last look at each domain found. Made by compose, shared by all who look."""

    def __init__(self) -> None:
        self._looks: dict[str, Checked] = {}

    def take(self, domain: str, findings: Sequence[Finding], at: datetime) -> None:
        """Keep what was found, in place of what was before."""
        self._looks[domain] = Checked(at, tuple(findings))

    def of(self, domain: str) -> Checked | None:
        """Return what was found; None if nobody has looked since the start."""
        return self._looks.get(domain)

    def keep_only(self, domains: Sequence[str]) -> None:
        """Forget domains that are gone."""
        for gone in self._looks.keys() - set(domains):
            del self._looks[gone]


class Zones:
    """The use cases of zones. Made by who composes a face, lives as long as it.

    `look` None: there is no resolver here, as in a command that has other ways. `own` tells the
    addresses of this machine.
    """

    def __init__(
        self,
        dkim: DKIM,
        hostname: str,
        looks: LastLooks,
        look: Look | None,
        clock: IReactorTime,
        *,
        own: Callable[[], OwnAddresses] = OwnAddresses,
    ) -> None:
        self._own = own
        self._dkim = dkim
        self._hostname = hostname
        self._looks = looks
        self._look = look
        self._clock = clock
        self._under_way: set[str] = set()

    async def records(self, name: str) -> tuple[ZoneRecord, ...]:
        """Return what a domain of ours needs; makes its first keys. Raises NotFoundError."""
        domain = await self._dkim.domain(name)
        keys = await self._dkim.ensure(domain)
        return wanted_records(domain, self._hostname, keys, self._dkim.now())

    def host(self) -> tuple[ZoneRecord, ...]:
        """Return the records of the mail host itself."""
        return host_records(self._hostname, self._own().public)

    async def zone(self, name: str) -> str:
        """Return them as lines of a zone, with comments. Raises NotFoundError.

        What the last look found to be well is written as it is there, else as it should become.
        """
        domain = await self._dkim.domain(name)
        states = _states(domain, await self.records(domain), self._found(domain))
        records = [state.record for state in states if state.record is not None]
        return "\n".join((*zone_lines(domain, self._hostname, records, self.host()), ""))

    def last(self, domain: str) -> Checked | None:
        """Return what the last look at a domain found, if there was one since the start."""
        return self._looks.of(domain)

    def worst(self, domain: str) -> Severity | None:
        """Return the worst that it found."""
        last = self.last(domain)
        return None if last is None else RecordState(None, last.findings).severity

    async def states(self, name: str) -> tuple[RecordState, ...]:
        """Return each record with what the last look found of it. Raises NotFoundError."""
        domain = await self._dkim.domain(name)
        records = (*await self.records(domain), *self.host())
        return tuple(_states(domain, records, self._found(domain)))

    def _found(self, domain: str) -> tuple[Finding, ...]:
        last = self.last(domain)
        return () if last is None else last.findings

    async def check(self, name: str) -> tuple[Checked, tuple[str, ...]]:
        """Ask the DNS; return what was found and the selectors whose keys sign from now on.

        Takes `PATIENCE_S` at most. Raises NotFoundError; InputError if it took longer, if it is
        under way already, or there is nobody to ask.
        """
        domain = await self._dkim.domain(name)
        if self._look is None:
            raise InputError(Fault(domain, "can't be looked at here", "bitrixmail dns check"))
        if domain in self._under_way or len(self._under_way) >= _MOST_AT_ONCE:
            raise InputError(Fault(domain, "a look is under way", "try again in half a minute"))
        self._under_way.add(domain)
        try:
            keys, now = await self._dkim.ensure(domain), self._dkim.now()
            looked = await deadline(self._look(domain, keys, now), PATIENCE_S, self._clock)
        except TimeoutError:
            what = f"was not found out within {PATIENCE_S:.0f} s"
            raise InputError(Fault(domain, what, "see: bitrixmail doctor --only dns")) from None
        finally:
            self._under_way.discard(domain)
        changed = await self._dkim.seen(domain, looked.published)
        now = self._dkim.now()
        self._looks.take(domain, looked.findings, now)
        begun = tuple(key.selector for key in changed if key.state(now) is not KeyState.RETIRED)
        return Checked(now, looked.findings), begun


def _states(
    domain: str, records: Sequence[ZoneRecord], findings: Sequence[Finding]
) -> Iterator[RecordState]:
    left = list(findings)
    for record in records:
        mine = tuple(finding for finding in left if _is_of(domain, record, finding))
        # One finding speaks of all addresses of the host
        left = [each for each in left if each not in mine or each.probe == PROBE]
        yield RecordState(_mended(record, mine), mine)
    yield from (RecordState(None, (each,)) for each in left if each.probe != PROBE)


def _mended(record: ZoneRecord, findings: Sequence[Finding]) -> ZoneRecord:
    """Return a text as it should become, if a look at what is there has said how; or as it is.

    So a record of SPF keeps whom else its owner lets send, and one of DMARC what he has decided.
    """
    if record.type != "TXT":
        return record
    if there := next(filter(None, map(record_there, findings)), ""):
        return replace(record, value=there)
    start = f"{record.name}. {record.ttl_s} IN TXT "
    said = (line for each in findings for line in each.remedies if line.startswith(start))
    return next((replace(record, value=text_of(line)) for line in said), record)


def _is_of(domain: str, record: ZoneRecord, finding: Finding) -> bool:
    """Tell whether a finding speaks of a record: by its kind, and a key by its name."""
    if finding.probe == "dkim":
        return finding.subject == record.name
    if record.type in ADDRESSES:
        return finding.probe == PROBE
    if record.type == "MX":
        return finding.probe == "mx"
    return finding.probe == ("spf" if record.name == domain else "dmarc") and (
        record.name in {domain, f"_dmarc.{domain}"}
    )
