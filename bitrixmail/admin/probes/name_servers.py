"""Whether the name servers answer: without them nothing else about names can be told."""

from __future__ import annotations

from dataclasses import replace

from zope.interface import implementer

from bitrixmail.admin.probes.host_programs import IN_THE_FILE
from bitrixmail.interfaces.probe import IProbe
from bitrixmail.interfaces.resolver import IResolver
from bitrixmail.model.dns import ROOT
from bitrixmail.model.finding import Finding, Severity

_UNASKED = "could not be looked at, because the name servers do not answer"


@implementer(IProbe)
class NameServerProbe:
    """Asks for the root of the DNS. Made by app.doctor for one examination."""

    name = "dns"

    def __init__(self, servers: str, resolver: IResolver) -> None:
        self._servers = servers
        self._resolver = resolver

    async def probe(self) -> tuple[Finding, ...]:
        """See IProbe. Any answer will do."""
        answer = await self._resolver.look_up(ROOT, "NS")
        subject = f"name servers {self._servers}"
        if not answer.unknown:
            return (Finding(self.name, subject, Severity.OK, "answer"),)
        return (
            Finding(
                self.name,
                subject,
                Severity.FAILURE,
                f"do not answer: {answer.detail}",
                "No name can be looked up, so nothing about your domains can be told.",
                (
                    "See which name servers this machine asks:",
                    "cat /etc/resolv.conf",
                    f"Or name others. Put this below [dns] {IN_THE_FILE}",
                    'servers = ["9.9.9.9"]',
                ),
            ),
        )


def told_once(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Leave the advice to the finding about the name servers, if these do not answer."""
    if not any(each.probe == "dns" and each.severity is Severity.FAILURE for each in findings):
        return findings
    return tuple(
        replace(each, what=_UNASKED, why="", remedies=()) if _is_silence(each) else each
        for each in findings
    )


def _is_silence(finding: Finding) -> bool:
    return finding.severity is Severity.WARNING and any(
        words in finding.what for words in ("could not be looked up", "no mail server to try")
    )
