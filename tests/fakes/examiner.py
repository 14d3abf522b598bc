"""The doctor's looks at a machine of the test's own, by one process that stays there.

As a program: reads orders as lines of JSON, and writes what was found as such.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from bitrixmail.admin.findings.russian import in_russian
from bitrixmail.model.finding import Finding, Severity
from tests.fakes.process import ROOT

_CYRILLIC = re.compile("[а-яё]")


class Examiner:
    """Made by a test; use `with`. `inside`: the words that let a command run on the machine."""

    def __init__(self, inside: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            [*inside, sys.executable, "-m", "tests.fakes.examiner"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True,
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate(timeout=30)

    def finds(self, probe: str, *settings: str) -> tuple[Finding, ...]:
        """Let one probe look, with these settings; what it says must have a translation."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps([probe, settings]), file=self._process.stdin, flush=True)
        told = json.loads(self._process.stdout.readline())
        found = tuple(
            Finding(**each | {"severity": Severity(each["severity"])} | _tuple(each))
            for each in told
        )
        for finding in found:
            untold = [
                text for text in _sentences(finding) if not _CYRILLIC.search(in_russian(text))
            ]
            assert not untold, untold
        return found

    def found(self, probe: str, *settings: str) -> Finding:
        """Return the one finding of a probe."""
        (finding,) = self.finds(probe, *settings)
        return finding


def commands(finding: Finding) -> list[str]:
    """Return the remedies that are commands: a sentence ends like one."""
    return [remedy for remedy in finding.remedies if remedy[-1] not in ".:"]


def _sentences(finding: Finding) -> Iterator[str]:
    yield finding.what
    if finding.why:
        yield finding.why
    yield from (each for each in finding.remedies if each[-1] in ".:")


def _tuple(told: dict[str, Any]) -> dict[str, Any]:
    return {"remedies": tuple(told["remedies"])}


def _serve() -> None:
    from bitrixmail.app.looks.host_probes import looks  # noqa: PLC0415 - not needed to ask
    from bitrixmail.app.settings.loading import load_settings  # noqa: PLC0415 - as above

    for line in sys.stdin:
        probe, words = json.loads(line)
        settings = load_settings(None, {}, words)
        look = dict(looks(settings, lambda: datetime.now(UTC)))[probe]
        found = [asdict(each) | {"severity": each.severity.value} for each in look()]
        sys.stdout.write(json.dumps(found) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve()
