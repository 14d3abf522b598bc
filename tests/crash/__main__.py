"""Kill loaded servers and count: `python -m tests.crash --kills N`, or `make crashtest`.

Several victims side by side, each with its own store, senders and ledger. Exits with 1 if an
acknowledged message was lost, or any doubled, damaged, misfiled or never sent, or if the server's
books do not agree. After an interruption `--resume DIR` goes on.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.crash.armed import end_with
from tests.crash.broken import BREAKS
from tests.crash.campaign import Campaign, read_lines
from tests.crash.plan import Plan
from tests.crash.power import possible
from tests.crash.report import Report
from tests.fakes.process import ROOT

_PROGRESS_S = 15.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=20, help="in all (default 20)")
    parser.add_argument("--victims", type=int, default=4, help="side by side (default 4)")
    parser.add_argument("--senders", type=int, default=12, help="for each victim (default 12)")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--dir", default="/var/tmp", help="where the stores are (default /var/tmp)")
    parser.add_argument("--resume", type=Path, metavar="DIR", help="go on with an interrupted run")
    parser.add_argument(
        "--broken",
        action="append",
        default=[],
        choices=sorted(BREAKS),
        help="let the servers break the promise in this way, to see that it is found out",
    )
    parser.add_argument(
        "--power-cuts",
        action="store_true",
        help="at each death lose what was not synced (needs root and loop devices)",
    )
    parser.add_argument(
        "--processes",
        type=int,
        default=1,
        help="that receive, of each server; of several, single ones are killed too (default 1)",
    )
    parser.add_argument("--keep", action="store_true", help="keep the folder of a clean run too")
    parser.add_argument("--victim", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--parent", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.victim is not None:
        end_with(arguments.parent)
        folder = arguments.resume
        Campaign(folder / f"victim-{arguments.victim}", Plan.load(folder), arguments.victim).run()
        return 0
    folder = arguments.resume
    if arguments.power_cuts and arguments.processes > 1:
        parser.error("--power-cuts takes the disk from one process, so not with --processes")
    if arguments.power_cuts and not possible():
        parser.error("--power-cuts: run it as root, where /dev/loop-control and mkfs.ext4 are")
    if folder is None:
        if not Path(arguments.dir).is_dir():
            parser.error(f"--dir {arguments.dir}: there is no such directory; make it first")
        folder = Path(tempfile.mkdtemp(prefix="bitrixmail-crash-", dir=arguments.dir))
        victims = max(1, min(arguments.victims, arguments.kills))
        plan = Plan(
            arguments.kills,
            arguments.seed,
            victims,
            arguments.senders,
            broken=tuple(arguments.broken),
            power_cuts=arguments.power_cuts,
            processes=arguments.processes,
        )
        plan.save(folder)
    elif not (folder / "plan.json").exists():
        parser.error(f"{folder} is no folder of an interrupted run: it has no plan.json")
    return _campaign(folder.absolute(), keep=arguments.keep)


def _campaign(folder: Path, *, keep: bool) -> int:
    plan = Plan.load(folder)
    print(
        f"{plan.kills} {'power cuts' if plan.power_cuts else 'stops'} of {plan.victims} servers with {plan.senders} senders each,"
        f" every fail point {plan.times} times, seed {plan.seed}, in {folder}",
        flush=True,
    )
    begun = time.monotonic()
    workers = [_worker(folder, number) for number in range(plan.victims)]
    try:
        _watch(folder, plan, workers, begun)
    except KeyboardInterrupt:
        for worker in workers:
            worker.wait()
        _spent(folder, time.monotonic() - begun)
        print(f"\ninterrupted; go on with: python -m tests.crash --resume {folder}")
        return 1
    spent_s = _spent(folder, time.monotonic() - begun)
    report = Report(folder, plan, spent_s)
    failed = [number for number, worker in enumerate(workers) if worker.returncode]
    print(report.table())
    for number in failed:
        print(f"FAULT: the campaign of victim {number} broke off, see {folder}/victim-{number}.log")
    if failed or report.faults:
        print(f"stores, ledgers and logs are kept in {folder}")
        return 1
    if not keep:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def _worker(folder: Path, number: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.crash", "--resume", str(folder)]
    with (folder / f"victim-{number}.log").open("ab") as log:
        return subprocess.Popen(
            [*command, "--victim", str(number), "--parent", str(os.getpid())],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
        )


def _watch(folder: Path, plan: Plan, workers: list[subprocess.Popen[bytes]], begun: float) -> None:
    """Tell now and then how far it is, until all have ended."""
    told = begun
    while any(worker.poll() is None for worker in workers):
        time.sleep(0.2)
        if time.monotonic() - told >= _PROGRESS_S:
            told = time.monotonic()
            done = sum(len(read_lines(file)) for file in folder.glob("victim-*/stops.jsonl"))
            print(f"{told - begun:6.0f} s: {done} of {plan.kills} stops", flush=True)


def _spent(folder: Path, seconds: float) -> float:
    """Add this session's time to that of the interrupted ones before it."""
    file = folder / "spent"
    seconds += float(file.read_text()) if file.exists() else 0.0
    file.write_text(str(seconds))
    return seconds


if __name__ == "__main__":
    sys.exit(main())
