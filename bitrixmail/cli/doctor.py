"""The command `doctor`: what keeps mail away, and how to mend it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import click

from bitrixmail.cli.examples import examples
from bitrixmail.cli.language import lang_option
from bitrixmail.cli.output import echo, json_option, print_json, say
from bitrixmail.cli.session import Session, pass_session
from bitrixmail.model.finding import Finding, Severity, count_of
from bitrixmail.model.text import printable

WARNINGS = 1
FAILURES = 2
_WIDE = 1000
_MARKS = {Severity.OK: "✓", Severity.WARNING: "!", Severity.FAILURE: "✗"}
_COLOURS = {Severity.OK: "green", Severity.WARNING: "yellow", Severity.FAILURE: "red"}


@dataclass(frozen=True, slots=True)
class _Labels:
    """The words around the findings, in one language."""

    looking: str
    remedy: str
    well: str
    summary: str


_ENGLISH = _Labels(
    "looking", "What to do:", "All is well.", "{failure} failing, {warning} doubtful, {ok} well",
)  # fmt: skip
_RUSSIAN = _Labels(
    "проверяю", "Что делать:", "Всё в порядке.",
    "с ошибкой: {failure}, под вопросом: {warning}, в порядке: {ok}",
)  # fmt: skip


@click.command(epilog=examples("bitrixmail doctor", "bitrixmail doctor --only mx --only ptr"))
@click.option("--only", metavar="PROBE", multiple=True, help="Look at this alone; repeated.")
@json_option
@lang_option
@pass_session
@click.pass_context
def doctor(
    context: click.Context, session: Session, only: tuple[str, ...], as_json: bool, lang: str | None
) -> None:
    """Look for what keeps mail away, and tell how to mend it.

    The ports, the rights, the firewall, the disk, the clock, the certificate, the names in the
    DNS. Nothing is changed; the server may run or not. Exit code 0: all is well, 1: something is
    doubtful, 2: something fails.
    """
    language = lang or session.composer.language()
    labels = _RUSSIAN if language == "ru" else _ENGLISH
    with _watched(labels.looking) as progress:
        findings = session.composer.examine(session.options, only, progress)
    tell_findings(findings, as_json=as_json, language=language)
    context.exit(exit_code_of(findings))


def tell_findings(findings: tuple[Finding, ...], *, as_json: bool, language: str) -> None:
    """Print findings and their sum, in a language (`en`, `ru`) or as JSON."""
    if as_json:
        print_json({"findings": [_data(each) for each in findings], "summary": _counts(findings)})
        return
    labels = _RUSSIAN if language == "ru" else _ENGLISH
    for finding in findings:
        _tell(_russian(finding) if language == "ru" else finding, labels)
    say(_summary(findings, labels))


def exit_code_of(findings: tuple[Finding, ...]) -> int:
    """Return the code for the shell: by the worst that was found."""
    if count_of(findings, Severity.FAILURE):
        return FAILURES
    return WARNINGS if count_of(findings, Severity.WARNING) else os.EX_OK


@contextmanager
def _watched(what: str) -> Iterator[Callable[[str, int, int], None]]:
    """Show on stderr how many probes have ended while the context lasts, if a terminal is there."""
    if not sys.stderr.isatty():
        yield lambda _name, _done, _total: None
        return
    from rich.console import Console  # noqa: PLC0415 - `--help` must not wait for it
    from rich.progress import (  # noqa: PLC0415 - as above
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
    )

    columns = (
        SpinnerColumn(),
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("", total=None)
        yield lambda name, done, total: shown.update(
            task, description=printable(name, 40), completed=done, total=total
        )


def _data(finding: Finding) -> dict[str, object]:
    return {
        "probe": finding.probe,
        "subject": finding.subject,
        "severity": finding.severity.value,
        "what": finding.what,
        "why": finding.why,
        "remedies": finding.remedies,
    }


def _counts(findings: tuple[Finding, ...]) -> dict[str, int]:
    return {severity.value: count_of(findings, severity) for severity in Severity}


def _tell(finding: Finding, labels: _Labels) -> None:
    """Print a finding on one line; what follows from it and what to do stand below."""
    mark, bad = _MARKS[finding.severity], finding.severity is not Severity.OK
    start = f"{mark} {finding.probe:11} "
    if sys.stdout.isatty():
        start = click.style(start, fg=_COLOURS[finding.severity], bold=bad)
    echo(f"{start}{printable(finding.subject)}: {printable(finding.what, _WIDE)}")
    if not bad:
        return
    if finding.why:
        echo(f"    {printable(finding.why, _WIDE)}")
    if finding.remedies:
        echo(f"    {labels.remedy}")
    for remedy in finding.remedies:
        echo(f"      {printable(remedy, _WIDE)}")


def _russian(finding: Finding) -> Finding:
    from bitrixmail.admin.findings.russian import finding_in_russian  # noqa: PLC0415 - for few

    return finding_in_russian(finding)


def _summary(findings: tuple[Finding, ...], labels: _Labels) -> str:
    if not exit_code_of(findings):
        return labels.well
    return labels.summary.format(**_counts(findings))
