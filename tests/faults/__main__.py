"""Every error of every write site, one after the other: `python -m tests.faults [WORD …]`.

Words choose sites by a part of their name. Prints a table; ends with 1 if anything is wrong.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tests.faults.campaign import Campaign, Row
from tests.faults.life import written
from tests.faults.patient import Patient
from tests.faults.sites import BESIDE, ENDING, RUNNING, STARTING, Site, name_of
from tests.faults.starts import run_end, run_start


def main(words: Sequence[str]) -> int:
    def wanted(name: str) -> bool:
        return not words or any(word in name for word in words)

    bad = rows = 0
    slowest = 0.0
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        for row in _rows(Path(folder), wanted):
            rows += 1
            bad += bool(row.faults)
            slowest = max(slowest, row.back_s)
            _print(row)
    print(f"\n{rows} faults, {bad} with something wrong; well again after {slowest:.2f} s at most")
    return 1 if bad else 0


def _rows(folder: Path, wanted: Callable[[str], bool]) -> Iterator[Row]:
    patient = Patient(folder / "home")
    try:
        patient.start()
        campaign = Campaign(patient)
        for site in filter(lambda site: wanted(_name(site)), RUNNING):
            for error in site.errors:
                yield campaign.run(site, error)
        for site in filter(lambda site: wanted(_name(site)), ENDING):
            for error in site.errors:
                yield run_end(site, error, patient)
        yield _verdict(patient)
    finally:
        patient.server.kill()
    for number, start in enumerate(site for site in STARTING if wanted(site.name)):
        for error in start.errors:
            yield run_start(start, error, folder / f"start-{number}-{error}")
    yield _table(folder / "life")


def _name(site: Site) -> str:
    return f"{site.name}, by {site.by.value}"


def _verdict(patient: Patient) -> Row:
    """Judge what is left of all that was sent, before and behind a kill."""
    faults = patient.verdict()
    patient.restart(kill=True)
    faults += patient.verdict() + patient.tracebacks()
    return Row("all that was acknowledged is there, once and unchanged", "", faults=faults)


def _table(home: Path) -> Row:
    found = written(home)
    known = {(site.file, site.call) for site in (*RUNNING, *ENDING)} | set(BESIDE)
    known |= {(name_of(site.file), site.call) for site in STARTING}
    faults = [f"{call} of {file} is not in the table" for file, call in sorted(found - known)]
    return Row(f"the table holds all {len(found)} writes of a life", "", faults=faults)


def _print(row: Row) -> None:
    told = "/".join(map(str, sorted(row.replies))) or "-"
    verdict = "; ".join(row.faults) or "ok"
    print(
        f"{row.name:66} {row.error:8} {row.hits:4} {told:12} {row.back_s:5.2f} s  {verdict}",
        flush=True,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("words", nargs="*", metavar="WORD", help="a part of the name of a site")
    sys.exit(main(parser.parse_args().words))
