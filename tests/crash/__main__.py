"""Kill a server under load and count: `python -m tests.crash --kills N`, or `make crashtest`.

Exits with 1 if an acknowledged message was lost, or any doubled, damaged or never sent.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.crash.campaign import PASSWORD, RECIPIENTS, RULES, Result, run_campaign
from tests.crash.orphans import orphan_blobs
from tests.fakes.process import ServerProcess


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--senders", type=int, default=12, help="parallel (default 12)")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--dir", default="/var/tmp", help="where the store is (default /var/tmp)")
    arguments = parser.parse_args()
    print(f"{arguments.kills} kills, {arguments.senders} senders, --seed {arguments.seed}")
    home = Path(tempfile.mkdtemp(prefix="bitrixmail-crash-", dir=arguments.dir))
    begun = time.monotonic()
    server = ServerProcess(home)
    try:
        server.furnish(RECIPIENTS, PASSWORD, RULES)
        server.start()
        result = run_campaign(
            server, kills=arguments.kills, seed=arguments.seed, senders=arguments.senders
        )
        _report(result, orphan_blobs(server.data_dir), time.monotonic() - begun)
    finally:
        server.kill()
    if result.verdict.clean:
        shutil.rmtree(home, ignore_errors=True)
        return 0
    print(f"the store and the log are kept in {home}")
    return 1


def _report(result: Result, orphans: int, elapsed_s: float) -> None:
    ledger, verdict = result.ledger, result.verdict
    rows = {
        "kills": result.kills,
        "attempts": ledger.attempts,
        "acknowledged": ledger.acknowledged,
        "  by BDAT": ledger.acknowledged_where(chunked=True),
        "  above 64 KiB": ledger.acknowledged_where(large=True),
        "found in mailboxes": verdict.kept,
        "  of unacknowledged attempts": verdict.kept_unacknowledged,
        "damaged or partial": len(verdict.damaged),
        "never sent": len(verdict.strange),
        "refusals": len(result.refusals),
        "files no message names": orphans,
        "slowest restart, s": f"{result.slowest_start_s:.2f}",
        "whole run, s": f"{elapsed_s:.0f}",
    }
    for what, figure in rows.items():
        print(f"{what:<32}{figure:>10}")
    for reply in sorted(set(result.refusals))[:5]:
        print(f"refused: {reply}")
    for what in ("lost", "doubled", "damaged", "strange"):
        for entry in getattr(verdict, what)[:10]:
            print(f"{what}: {entry}")
    print(f"lost {len(verdict.lost)}")
    print(f"doubled {len(verdict.doubled)}")


if __name__ == "__main__":
    sys.exit(main())
