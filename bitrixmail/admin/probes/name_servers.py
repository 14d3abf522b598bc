"""Whether the name servers answer: without them nothing else about names can be told."""

from __future__ import annotations

from zope.interface import implementer

from bitrixmail.interfaces.probe import IProbe
from bitrixmail.interfaces.resolver import IResolver
from bitrixmail.model.dns import ROOT
from bitrixmail.model.finding import Finding, Severity


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
                    'Or name others: dns.servers = ["9.9.9.9"] in the file of settings.',
                ),
            ),
        )
