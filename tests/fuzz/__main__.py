"""Fuzz the readers of what strangers send: `python -m tests.fuzz`, or `make fuzz`.

Several processes at a time, each one target under one seed. Prints a table; exits with 1 if
anything was found, and leaves what was found in tests/corpus/finds/, where a test reads it again.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fuzz.campaign import FINDS, ROOT
from tests.fuzz.target import NAMES
from tests.fuzz.worker import work

# Those whose inputs decide what is a command and who gets mail: ten times as many inputs
_FIRST = ("framing", "grammar")


@dataclass
class Row:
    """What all processes did for one target."""

    inputs: int = 0
    busy_s: float = 0.0
    finds: int = 0
    slowest_s: float = 0.0
    slowest: str = ""
    kept: int = 0
    peak_mib: float = 0.0

    def add(self, report: dict[str, Any]) -> None:
        self.inputs += report["inputs"]
        self.busy_s += report["elapsed_s"]
        self.finds += len(report["finds"])
        self.kept += report["kept"]
        self.peak_mib = max(self.peak_mib, report["peak_mib"])
        if report["slowest_s"] >= self.slowest_s:
            self.slowest_s, self.slowest = report["slowest_s"], report["slowest"]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0, help="for all targets together")
    parser.add_argument("--inputs", type=int, default=0, help="for each target, instead of minutes")
    parser.add_argument("--tenfold", action="store_true", help=f"ten times as many for {_FIRST}")
    parser.add_argument("--targets", default="", help=f"by comma; all: {','.join(NAMES)}")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time (default 2)")
    parser.add_argument("--corpus", default="", help="folder of inputs to begin with and to fill")
    parser.add_argument("--finds", default=str(FINDS), help="where finds are left")
    parser.add_argument("--guided", action="store_true", help="by code coverage, with atheris")
    parser.add_argument("--worker", default="", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        print(json.dumps(work(json.loads(given.worker))))
        return 0
    names = given.targets.split(",") if given.targets else list(NAMES)
    unknown = sorted(set(names) - set(NAMES))
    if unknown:
        parser.error(f"no such target: {', '.join(unknown)}; there are {', '.join(NAMES)}")
    orders = _orders(given, names)
    print(f"{len(names)} targets, {given.jobs} processes, --seed {given.seed}", flush=True)
    begun = time.monotonic()
    rows = _run(orders, given.jobs)
    _print(rows)
    print(f"whole run, s {time.monotonic() - begun:.0f}")
    return 1 if any(row.finds for row in rows.values()) else 0


def _orders(given: argparse.Namespace, names: list[str]) -> list[dict[str, Any]]:
    """Divide the work: each target into as many pieces as there are processes."""
    seconds = given.minutes * 60 / len(names)
    orders = []
    for name in names:
        inputs = given.inputs * (10 if given.tenfold and name in _FIRST else 1)
        for piece in range(given.jobs):
            order = {
                "target": name,
                "seed": given.seed + piece,
                "inputs": -(-inputs // given.jobs),
                "seconds": 0 if inputs else seconds,
                "corpus": given.corpus,
                "finds": given.finds,
                "guided": given.guided,
            }
            orders.append(order)
    return orders


def _run(orders: list[dict[str, Any]], jobs: int) -> dict[str, Row]:
    rows: dict[str, Row] = {}
    left, running = list(orders), list[_Running]()
    while left or running:
        while left and len(running) < jobs:
            running.append(_Running(left.pop(0)))
        time.sleep(0.05)
        for each in [each for each in running if each.ended()]:
            running.remove(each)
            report = each.report()
            rows.setdefault(report["target"], Row()).add(report)
            for find in report["finds"]:
                print(f"{report['target']} (seed {report['seed']}): {find}", flush=True)
    return rows


class _Running:
    """One process. Made for one order, ends with its report."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._order = order
        self._current = tempfile.NamedTemporaryFile(prefix="bitrixmail-fuzz-")  # noqa: SIM115 - lives as long
        told = json.dumps(order | {"current": self._current.name})
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.fuzz", "--worker", told],
            stdout=self._output,
            stderr=self._errors,
            cwd=ROOT,
        )

    def ended(self) -> bool:
        return self._process.poll() is not None

    def report(self) -> dict[str, Any]:
        """Return what it did; a process that died has found what it read last."""
        self._output.seek(0)
        said = self._output.read()
        if self._process.returncode == 0 and said:
            report: dict[str, Any] = json.loads(said.splitlines()[-1])
            return report
        self._errors.seek(0)
        why = self._errors.read().decode("utf-8", "replace").strip()[-1500:]
        octets = Path(self._current.name).read_bytes()[4:]
        octets = octets[: int.from_bytes(Path(self._current.name).read_bytes()[:4], "little")]
        find = f"the process died ({self._process.returncode}) of {octets!r}: {why}"
        return {
            "target": self._order["target"], "seed": self._order["seed"], "inputs": 0,
            "elapsed_s": 0.0, "finds": [find], "slowest_s": 0.0, "slowest": "", "kept": 0,
            "peak_mib": 0.0,
        }  # fmt: skip


def _print(rows: dict[str, Row]) -> None:
    head = (
        "target",
        "inputs",
        "inputs/s",
        "finds",
        "slowest, ms",
        "kept",
        "peak, MiB",
        "slowest input",
    )
    print("{:<12}{:>12}{:>10}{:>7}{:>13}{:>7}{:>11}  {}".format(*head))
    for name, row in rows.items():
        rate = row.inputs / row.busy_s if row.busy_s else 0.0
        print(
            f"{name:<12}{row.inputs:>12,}{rate:>10,.0f}{row.finds:>7}{row.slowest_s * 1000:>13.1f}"
            f"{row.kept:>7}{row.peak_mib:>11.0f}  {row.slowest[:60]}"
        )
    total = sum(row.inputs for row in rows.values())
    print(f"{'all':<12}{total:>12,}{'':>10}{sum(row.finds for row in rows.values()):>7}")


if __name__ == "__main__":
    sys.exit(main())
