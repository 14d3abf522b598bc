"""Whether the name servers answer, say so where there is nothing, and soon enough.

Without the first nothing about names can be told; without the others mail waits or goes astray.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace

from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from bitrixmail.admin.probes.host_programs import IN_THE_FILE, sudo
from bitrixmail.interfaces.probe import IProbe
from bitrixmail.interfaces.resolver import IResolver
from bitrixmail.model.dns import ROOT, Answer
from bitrixmail.model.finding import Finding, Severity

_UNASKED = "could not be looked at, because the name servers do not answer"
_SLOW_S = 1.0  # by then the resolver has turned to the next server
_OWN = (
    "Run one of your own, which asks nobody but those who know:",
    sudo("apt-get install unbound"),
    f"and let it be asked. Put this below [dns] {IN_THE_FILE}",
    'servers = ["127.0.0.1"]',
)


def _name_of_nobody() -> str:
    """Return a name that nobody has registered."""
    return f"unregistered-{secrets.token_hex(12)}.com"


@implementer(IProbe)
class NameServerProbe:
    """Asks for the root of the DNS and a name that is not there. Made by app.doctor for one time.

    `unregistered` returns such a name.
    """

    name = "dns"

    def __init__(
        self,
        servers: str,
        resolver: IResolver,
        clock: IReactorTime,
        unregistered: Callable[[], str] = _name_of_nobody,
    ) -> None:
        self._subject = f"name servers {servers}"
        self._resolver = resolver
        self._clock = clock
        self._unregistered = unregistered

    async def probe(self) -> tuple[Finding, ...]:
        """See IProbe. One finding, the worst."""
        root = await self._resolver.look_up(ROOT, "NS")
        if root.unknown:
            return (self._silent(root),)
        name = self._unregistered()
        begun = self._clock.seconds()
        nobody = await self._resolver.look_up(name, "A")
        took_s = self._clock.seconds() - begun
        if nobody.records:
            return (self._lying(name, nobody),)
        if took_s >= _SLOW_S:
            return (self._slow(took_s),)
        proof = "prove by DNSSEC what they say"
        if not root.authentic:
            proof = "DNSSEC is not used, as they do not prove it to this machine"
        what = f"answer within {took_s * 1000:.0f} ms; {proof}"
        return (Finding(self.name, self._subject, Severity.OK, what),)

    def _silent(self, answer: Answer) -> Finding:
        return Finding(
            self.name,
            self._subject,
            Severity.FAILURE,
            f"do not answer: {answer.detail}",
            "No name can be looked up, so nothing about your domains can be told.",
            (
                "See which name servers this machine asks:",
                "cat /etc/resolv.conf",
                f"Or name others. Put this below [dns] {IN_THE_FILE}",
                'servers = ["9.9.9.9"]',
            ),
        )

    def _lying(self, name: str, answer: Answer) -> Finding:
        what = f"invent addresses: of {name}, which nobody has, they say {answer.texts[0]}"
        why = "Mail to a mistyped domain goes to whoever stands there, and is not returned."
        return Finding(self.name, self._subject, Severity.WARNING, what, why, _OWN)

    def _slow(self, took_s: float) -> Finding:
        what = f"take {took_s:.1f} s for an answer"
        why = "Each message waits for several: the first one to a domain is late by as much."
        return Finding(self.name, self._subject, Severity.WARNING, what, why, _OWN)


def told_once(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Leave the advice to the finding about the name servers, if these do not answer."""
    if not any(each.probe == "dns" and each.severity is Severity.FAILURE for each in findings):
        return findings
    return tuple(
        replace(each, what=_UNASKED, why="", remedies=()) if _is_silence(each) else each
        for each in findings
    )


def _is_silence(finding: Finding) -> bool:
    return finding.severity is not Severity.OK and any(
        words in finding.what for words in ("could not be looked up", "no mail server to try")
    )
