"""What a look at the surroundings found: one thing that is well, doubtful or wrong."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class Severity(Enum):
    """How bad it is. FAILURE: mail is lost, refused or never comes; WARNING: it may be."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found by a probe.

    `probe` is a stable key ("mx"), `subject` what was looked at ("example.org"), `what` what was
    found there, `why` what follows from it for the owner, in one plain sentence. A remedy is a
    sentence, or a command or zone line that stands alone so that it can be copied.
    """

    probe: str
    subject: str
    severity: Severity
    what: str
    why: str = ""
    remedies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Examination:
    """One look of the doctor's in a running server.

    Until it has `ended` the findings are those from before. `done` of `total` probes have ended,
    the last one `probe`. `whole`: nothing was left out, as is at the start of a server. `broken`:
    it came to no end.
    """

    begun: datetime | None = None
    ended: datetime | None = None
    done: int = 0
    total: int = 0
    probe: str = ""
    findings: tuple[Finding, ...] = ()
    whole: bool = True
    broken: bool = False

    @property
    def running(self) -> bool:
        """Whether it is on its way."""
        return self.begun is not None and self.ended is None

    def worst_first(self) -> tuple[Finding, ...]:
        """Return what was found, failures before warnings before what is well."""
        return tuple(sorted(self.findings, key=lambda finding: _ORDER[finding.severity]))

    def count(self, severity: str) -> int:
        """Count the findings of a severity by its name."""
        return count_of(self.findings, Severity(severity))


_ORDER = {Severity.FAILURE: 0, Severity.WARNING: 1, Severity.OK: 2}


def count_of(findings: Iterable[Finding], severity: Severity) -> int:
    """Count the findings of one severity."""
    return sum(finding.severity is severity for finding in findings)
