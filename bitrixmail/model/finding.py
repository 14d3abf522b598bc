"""What a look at the surroundings found: one thing that is well, doubtful or wrong."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
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


def count_of(findings: Iterable[Finding], severity: Severity) -> int:
    """Count the findings of one severity."""
    return sum(finding.severity is severity for finding in findings)
