"""The look at the records of our domains once a day: what was right and is not is told at once.

Keys whose records are seen begin to sign, as after `bitrixmail dns check`.
"""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from importlib import import_module
from typing import Any

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from bitrixmail.admin.dkim import DKIM
from bitrixmail.admin.dns_finding import is_unknown
from bitrixmail.admin.probes.own_addresses import own_addresses
from bitrixmail.admin.probes.reserved import is_reserved
from bitrixmail.admin.zones import LastLooks
from bitrixmail.app.looks.looking import Looking
from bitrixmail.app.looks.told_records import FILE, Told, ToldRecords
from bitrixmail.app.machine.daemon_threads import DaemonThreads
from bitrixmail.app.settings.tree import Settings
from bitrixmail.interfaces.threads import IThreads
from bitrixmail.model.dkim import KeyState
from bitrixmail.model.finding import Finding, Severity
from bitrixmail.model.text import printable
from bitrixmail.outbound.security.dkim_keys import make_keys
from bitrixmail.store.opening import Stores
from bitrixmail.tasks import deadline

FIRST_S, DAY_S = 60.0, 86400.0
KINDS = ("mx", "spf", "dkim", "dmarc")
_PATIENCE_S = 60.0  # for one domain
_MOST_CHARACTERS = 1200
_log = Logger()

# Returns the domains; looks at the records of one
Domains = Callable[[], Coroutine[Any, Any, Sequence[str]]]
LookAt = Callable[[str], Coroutine[Any, Any, Sequence[Finding]]]


class DailyLook(Looking):
    """See the module, and Looking; the first look comes soon.

    What a domain has wrong from the beginning is in the sum only: its owner is still at it. What
    was told before a restart is `kept`, and not told again unless it has changed meanwhile. What
    each look found stays in `looks`.
    """

    name = "daily look"

    def __init__(
        self,
        domains: Domains,
        look_at: LookAt,
        clock: IReactorTime,
        kept: ToldRecords,
        threads: IThreads,
        *,
        looks: LastLooks | None = None,
    ) -> None:
        super().__init__(clock, FIRST_S, DAY_S)
        self.looks = looks or LastLooks()
        self._domains = domains
        self._look_at = look_at
        self._kept = kept
        self._threads = threads
        # What the file says; None: it was not read yet
        self._told: Told | None = None
        self._summed_up = False
        # What was last known of each record, by probe and subject
        self._known: dict[tuple[str, str], Severity] = {}

    def wrong(self, kind: str) -> float:
        """Return how many records of a kind are not as they should be."""
        return float(self._sum(Severity.WARNING, Severity.FAILURE)[kind])

    async def look(self) -> None:
        """Look at all domains, one after the other."""
        told = await self._recall()
        seen: set[tuple[str, str]] = set()
        for domain in await self._domains():
            if is_reserved(domain):
                continue
            try:
                found = await deadline(self._look_at(domain), _PATIENCE_S, self._clock)
            except TimeoutError:
                seen |= {key for key in self._known if key[1].endswith(domain)}
                continue
            for finding in found:
                seen.add((finding.probe, finding.subject))
                self._take(finding)
        self._known = {key: known for key, known in self._known.items() if key in seen}
        summed_up = told.sum
        if seen and not self._summed_up:
            self._summed_up = True
            summed_up = self._tell(told.sum)
        await self._keep(Told(dict(self._known), summed_up))

    async def _recall(self) -> Told:
        """Return what was told; at the first look, that before the server was started."""
        if self._told is None:
            try:
                self._told = await self._threads.run(self._kept.read)
            except OSError as error:
                _log.warn("what was told of the records can't be read: {error}", error=error)
                self._told = Told()
            self._known = dict(self._told.records)
        return self._told

    async def _keep(self, told: Told) -> None:
        if told == self._told:
            return
        self._told = told
        try:
            await self._threads.run(self._kept.keep, told)
        except OSError as error:
            _log.warn("what was told of the records can't be kept: {error}", error=error)

    def _take(self, finding: Finding) -> None:
        if is_unknown(finding) or "could not be looked up" in finding.what:
            return
        key = finding.probe, finding.subject
        before = self._known.get(key)
        self._known[key] = finding.severity
        if before is None:
            return
        if before is Severity.OK is not finding.severity:
            _log.warn(
                "{probe}: {subject} was right and now {what}. {why} {remedies}",
                probe=finding.probe,
                subject=finding.subject,
                what=printable(finding.what, _MOST_CHARACTERS),
                why=finding.why,
                remedies=printable(" ".join(finding.remedies), _MOST_CHARACTERS),
            )
        elif finding.severity is Severity.OK is not before:
            _log.info("{probe}: {subject} is right again", probe=finding.probe,
                      subject=finding.subject)  # fmt: skip

    def _tell(self, before: str) -> str:
        """Tell the sum unless it is as it was told before; return it."""
        wrong = self._sum(Severity.WARNING, Severity.FAILURE)
        shown = ", ".join(f"{kind} {wrong[kind]}" for kind in KINDS if wrong[kind]) or "none"
        told = f"{len(self._known)}: {shown}"
        if told != before:
            _log.info(
                "records of our domains in the DNS: {count}, not as they should be: {wrong}"
                " (`bitrixmail doctor` tells what to do)",
                count=len(self._known),
                wrong=shown,
            )
        return told

    def _sum(self, *severities: Severity) -> Counter[str]:
        return Counter(probe for (probe, _), known in self._known.items() if known in severities)


def daily_look_of(settings: Settings, stores: Stores, threads: IThreads, reactor: Any) -> DailyLook:
    """Make the look of a server."""
    looks = LastLooks()
    dkim = DKIM(stores.directory, stores.dkim_keys, make_keys, threads, reactor)
    background = DaemonThreads(reactor)

    async def domains() -> Sequence[str]:
        names = [domain.name for domain in await stores.directory.domains()]
        looks.keep_only(names)
        return names

    async def look_at(domain: str) -> Sequence[Finding]:
        probes = await background.run(import_module, "bitrixmail.app.looks.network_probes")
        own = own_addresses(settings.server.public_addresses)
        check = probes.dns_check(settings, domain, probes.resolver_of(settings, reactor), own)
        looked = await check.look(await stores.dkim_keys.keys(domain), dkim.now())
        for key in await dkim.seen(domain, looked.published):
            if key.state(dkim.now()) is KeyState.SIGNING:
                _log.info("dkim: {name} was found, and its key signs from now on", name=key.name)
        found: Sequence[Finding] = looked.findings
        looks.take(domain, found, dkim.now())
        return found

    kept = ToldRecords(settings.data_dir / FILE)
    return DailyLook(domains, look_at, reactor, kept, threads, looks=looks)
