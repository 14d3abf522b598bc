"""The same targets led by code coverage: libFuzzer through `atheris`, which need not be there.

Fewer inputs a second, since each branch of our code is counted; better at getting through many
conditions one behind the other.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.fuzz.campaign import Campaign
from tests.fuzz.charset_guesses import make_guesses_cheap
from tests.fuzz.target import Target, make_target
from tests.fuzz.worker import keep_finds, known_inputs, told

_MEMORY_MIB = 2048


def run_guided(order: dict[str, Any]) -> dict[str, Any]:
    """Obey an order as `worker.work` does; the report is printed here, since the process ends.

    libFuzzer does not give the control back: the process leaves it when its time is over.
    """
    import atheris  # noqa: PLC0415 - need not be there

    with atheris.instrument_imports(include=["bitrixmail"]):
        target = make_target(order["target"])
    make_guesses_cheap()
    campaign = Campaign(target, order["seed"])
    home = Path(tempfile.mkdtemp(prefix="bitrixmail-fuzz-"))
    begun = time.monotonic()

    def read(octets: bytes) -> None:
        report = campaign.report
        campaign.read(octets)
        elapsed_s = time.monotonic() - begun
        over = 0 < order["seconds"] < elapsed_s or 0 < order["inputs"] <= report.inputs
        if over or report.full:
            report.elapsed_s, report.kept = elapsed_s, len(campaign.corpus)
            finds = keep_finds(Path(order["finds"]) / target.name, report.finds)
            shutil.rmtree(home, ignore_errors=True)
            print(json.dumps(told(report, finds)), flush=True)
            os._exit(0)

    folder = Path(order["corpus"]) / target.name if order["corpus"] else None
    arguments = _arguments(target, order["seed"], home, known_inputs(target, folder))
    atheris.Setup([sys.argv[0], *arguments, *([str(folder)] if folder else [])], read)
    atheris.Fuzz()
    return {}


def _arguments(target: Target, seed: int, home: Path, known: tuple[bytes, ...]) -> list[str]:
    """Write seeds and words where libFuzzer reads them; return how it is called."""
    seeds, words = home / "seeds", home / "words"
    seeds.mkdir()
    for number, octets in enumerate((*target.seeds, *known)):
        (seeds / str(number)).write_bytes(octets)
    lines = [f'"{_escaped(word)}"\n' for word in target.words if 0 < len(word) < 60]
    words.write_text("".join(lines))
    return [
        f"-seed={seed & 0x7FFFFFFF or 1}", f"-max_len={target.max_octets}", f"-dict={words}",
        "-timeout=5", f"-rss_limit_mb={_MEMORY_MIB}", "-verbosity=0", str(seeds),
    ]  # fmt: skip


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{octet:02x}" for octet in word)
