"""Print how the server stands beside others, and whether its goals are reached: `make bench`.

`make bench ARGS="--only receive"` runs one section of it, `--rounds` and `--messages` set its
length. Exits with 0 whatever the figures are, with 69 if the benchmark cannot run here, with 70 if
a section of it failed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bench import (
    backlog,
    delivery,
    handover,
    idle,
    order,
    pages,
    pop3,
    receive,
    spam,
    standstill,
    start,
    submission,
    turns,
)
from bench.goals import Scores
from bench.large_mailbox import LargeMailbox
from bench.rules import measure_rules


@dataclass(frozen=True)
class Run:
    """What a section is handed."""

    home: Path
    rounds: int
    messages: int
    large: LargeMailbox
    processes: int | None = None
    scores: Scores = field(default_factory=Scores)


SECTIONS: dict[str, Callable[[Run], None]] = {
    "receive": lambda run: receive.run(
        run.home, run.scores, run.rounds, run.messages, _filesystem(run.home), run.processes
    ),
    "order": lambda run: order.run(run.home),
    "delivery": lambda run: delivery.run(run.home, run.scores, run.rounds, run.messages),
    "submission": lambda run: submission.run(run.home, run.scores, run.rounds, run.messages),
    "handover": lambda run: handover.run(run.home, run.scores, run.rounds),
    "backlog": lambda run: backlog.run(run.home, run.scores, run.rounds, run.messages),
    "standstill": lambda run: standstill.run(run.home, run.scores),
    "rules": lambda run: measure_rules(run.home, run.rounds, run.messages),
    "spam": lambda run: spam.run(run.home, run.scores),
    "pages": lambda run: pages.run(run.home, run.scores),
    "idle": lambda run: idle.run(run.home, run.scores),
    "start": lambda run: start.run(run.home, run.large, run.scores, run.rounds),
    "pop3": lambda run: pop3.run(run.home, run.large, run.scores, run.rounds),
    # the last of those that share the large mailbox: it empties it
    "turns": lambda run: turns.run(run.large, run.scores),
}


def main() -> int:
    arguments = _arguments()
    problem = _unable()
    if problem:
        print(f"bench: {problem}", file=sys.stderr)
        return os.EX_UNAVAILABLE
    home = Path(tempfile.mkdtemp(prefix="bitrixmail-bench-", dir=arguments.dir))
    # Postfix sheds its uid and must still reach its folders.
    home.chmod(0o755)
    large = LargeMailbox(home / "large")
    run = Run(home, arguments.rounds, arguments.messages, large, arguments.processes)
    begun = time.monotonic()
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr] # also where it is a file
    failed: list[str] = []
    try:
        for name in arguments.only or SECTIONS:
            print(f"== {name}\n")
            try:
                SECTIONS[name](run)
            except Exception:  # noqa: BLE001 - the other sections are worth their time
                traceback.print_exc()
                failed.append(name)
        if run.scores.figures:
            run.scores.print_table()
    finally:
        shutil.rmtree(home, ignore_errors=True)
    print(f"\n  all of it took {time.monotonic() - begun:.0f} s")
    if failed:
        print(f"\nbench: failed, see above: {', '.join(failed)}", file=sys.stderr)
        return os.EX_SOFTWARE
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--only", action="append", choices=SECTIONS, metavar="SECTION",
        help=f"one of {', '.join(SECTIONS)}; may be given again (default: all)",
    )  # fmt: skip
    parser.add_argument("--rounds", type=int, default=7, help="per server and kind (default 7)")
    parser.add_argument("--messages", type=int, default=1200, help="per round (default 1200)")
    parser.add_argument(
        "--processes",
        type=int,
        help="of ours that receive in that section all the time (default: as the server decides)",
    )
    parser.add_argument(
        "--dir", default="/var/tmp", help="a folder on the disk to be measured (default /var/tmp)"
    )
    return parser.parse_args()


def _unable() -> str:
    """Say what is missing to run, or nothing."""
    os.environ["PATH"] += os.pathsep + "/usr/sbin"
    if shutil.which("smtp-source") is None:
        return "needs smtp-source and Postfix: apt-get install --no-install-recommends postfix"
    if os.geteuid() != 0:
        return "needs root, as Postfix does: run make bench with sudo"
    return ""


def _filesystem(path: Path) -> str:
    """Name the kind of file system: on a tmpfs a sync costs nothing and the figures mean little."""
    found = subprocess.run(
        ["stat", "--file-system", "--format=%T", path], check=True, capture_output=True, text=True
    )
    return found.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
