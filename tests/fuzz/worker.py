"""One process of a run: one target under one seed, with what it finds left in files."""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bitrixmail.mime.charset import warm
from tests.fuzz.campaign import Campaign, Find, Report
from tests.fuzz.charset_guesses import make_guesses_cheap
from tests.fuzz.target import Target, make_target
from tests.fuzz.watch import bound_memory, peak_rss_mib

MEMORY_MIB = 512
_CURRENT_OCTETS = 64 * 1024


def work(order: dict[str, Any]) -> dict[str, Any]:
    """Obey an order of `tests.fuzz.__main__`; return its report."""
    if order["guided"]:
        from tests.fuzz.guided import run_guided  # noqa: PLC0415 - atheris need not be there

        return run_guided(order)
    target = make_target(order["target"])
    warm()
    make_guesses_cheap()
    bound_memory(MEMORY_MIB)
    folder = Path(order["corpus"]) / target.name if order["corpus"] else None
    campaign = Campaign(target, order["seed"], before=noting(Path(order["current"])))
    report = campaign.run(
        inputs=order["inputs"], seconds=order["seconds"], more=known_inputs(target, folder)
    )
    if folder is not None:
        keep(folder, campaign.corpus)
    return told(report, keep_finds(Path(order["finds"]) / target.name, report.finds))


def noting(file: Path) -> Callable[[bytes], None]:
    """Return what writes down each input before it is read, so that a dead process names it."""
    file.write_bytes(bytes(_CURRENT_OCTETS))
    with file.open("r+b") as opened:
        page = mmap.mmap(opened.fileno(), _CURRENT_OCTETS)

    def note(octets: bytes) -> None:
        page[: len(octets) + 4] = len(octets).to_bytes(4, "little") + octets

    return note


def known_inputs(target: Target, folder: Path | None) -> tuple[bytes, ...]:
    """Return what an earlier run kept."""
    if folder is None or not folder.is_dir():
        return ()
    return tuple(
        each.read_bytes()[: target.max_octets]
        for each in sorted(folder.iterdir())
        if each.is_file()
    )


def keep(folder: Path, corpus: list[bytes]) -> None:
    """Leave the inputs worth changing for another run."""
    folder.mkdir(parents=True, exist_ok=True)
    for octets in corpus:
        (folder / hashlib.sha256(octets).hexdigest()[:16]).write_bytes(octets)


def keep_finds(folder: Path, finds: list[Find]) -> list[str]:
    """Leave finds in files; return a line about each."""
    lines = []
    for find in finds:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / find.name).write_bytes(find.octets)
        lines.append(f"{folder / find.name}: {find.error} at {find.where}: {find.octets[:200]!r}")
    return lines


def told(report: Report, finds: list[str]) -> dict[str, Any]:
    """Return a report as plain values."""
    return {
        "target": report.target,
        "seed": report.seed,
        "inputs": report.inputs,
        "elapsed_s": report.elapsed_s,
        "finds": finds,
        "slowest_s": report.slowest_s,
        "slowest": repr(report.slowest[:60]),
        "kept": report.kept,
        "peak_mib": peak_rss_mib(),
    }
