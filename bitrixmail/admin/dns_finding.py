"""What is said of a record in the DNS that is missing, another, or could not be looked up."""

from __future__ import annotations

from collections.abc import Iterator

from bitrixmail.admin.dns_records import ZoneRecord
from bitrixmail.model.dns import Answer
from bitrixmail.model.finding import Finding, Severity

_LATER = "Look again later; if it stays so, ask who keeps the DNS of the domain."
_UNKNOWN = "could not be looked up: "
NAMED, THERE, OTHERS = "names this server: ", "is there: ", "must name the servers of "
_OWN = (NAMED, THERE, OTHERS)
_ADD = "Where the DNS of {} is kept, add this record:"
_REPLACE = "Where the DNS of {} is kept, replace the record by this one:"


def unknown(probe: str, subject: str, detail: Answer | str, why: str) -> Finding:
    """Say that nobody could tell; `detail` says why."""
    said = detail.detail if isinstance(detail, Answer) else detail
    return Finding(probe, subject, Severity.WARNING, f"{_UNKNOWN}{said}", why, (_LATER,))


def is_unknown(finding: Finding) -> bool:
    """Tell whether nobody could tell."""
    return finding.what.startswith(_UNKNOWN)


def record_there(finding: Finding) -> str:
    """Return the text of a record that was found and may stay; empty if none was."""
    if finding.severity is not Severity.OK or not finding.what.startswith(_OWN):
        return ""
    return finding.what.partition(": ")[2]


def missing(
    probe: str, subject: str, what: str, why: str, wanted: ZoneRecord, *, severity: Severity
) -> Finding:
    """Say what to add."""
    return Finding(probe, subject, severity, what, why, tuple(_way(_ADD, wanted)))


def different(
    probe: str,
    subject: str,
    what: str,
    why: str,
    wanted: ZoneRecord,
    *,
    severity: Severity = Severity.FAILURE,
) -> Finding:
    """Say what to write in its place."""
    return Finding(probe, subject, severity, what, why, tuple(_way(_REPLACE, wanted)))


def _way(sentence: str, wanted: ZoneRecord) -> Iterator[str]:
    yield sentence.format(wanted.name)
    yield wanted.line
