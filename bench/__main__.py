"""Print how fast mail is durably received, beside Postfix: `python -m bench`, or `make bench`.

Exits with 0 whatever the figures are, with 69 if the benchmark cannot run here.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.contestants import Ours, Postfix
from bench.report import print_report
from bench.rounds import Mode, measure
from bench.rules import measure_rules

MODES = (
    Mode("one message per connection", (), goal=1.5),
    Mode("connections kept", ("-d",), goal=2.5),
)


def main() -> int:
    arguments = _arguments()
    problem = _unable()
    if problem:
        print(f"bench: {problem}", file=sys.stderr)
        return os.EX_UNAVAILABLE
    home = Path(tempfile.mkdtemp(prefix="bitrixmail-bench-", dir=arguments.dir))
    # Postfix sheds its uid and must still reach its folders.
    home.chmod(0o755)
    ours, postfix = Ours(home / "bitrixmail"), Postfix(home / "postfix")
    try:
        filesystem = _filesystem(home)
        ours.start()
        postfix.start()
        results = [
            measure(mode, (ours, postfix), arguments.rounds, arguments.messages) for mode in MODES
        ]
        print_report(results, rules=Ours.rules, filesystem=filesystem)
        ours.stop()
        postfix.stop()
        measure_rules(home, arguments.rounds, arguments.messages)
    finally:
        ours.stop()
        postfix.stop()
        shutil.rmtree(home, ignore_errors=True)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="per server and kind (default 9)")
    parser.add_argument("--messages", type=int, default=1200, help="per round (default 1200)")
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
