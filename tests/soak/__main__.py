"""`python -m tests.soak --minutes 30`: steady load on a real server; ends with 1 if it leaks.

Memory is judged from minute 10 on (a third of a shorter run): before that caches fill.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from pathlib import Path

from tests.fakes.process import ServerProcess
from tests.soak.load import PASSWORD, Load
from tests.soak.samples import Sampler, drift, growth_percent_per_hour

MAILBOXES = ("info@example.org", "sales@example.org", "shop@example.org")
MOST_GROWTH = 5.0
MOST_DRIFT = 3
_WARM_UP_S = 600.0
_UNHANDLED = re.compile(r"^\S+ (error|critical) |Traceback|Unhandled", re.MULTILINE)
_SETTINGS = '[log]\nlevel = "info"\n'
_RULES = """\
[[rule]]
name = "Invoices"
condition = [{field = "subject", op = "contains", value = ["invoice", "счёт"]}]
action = [{do = "move", folder = "Invoices"}]
[[rule]]
name = "Needle"
condition = [{field = "body", op = "contains", value = "a needle in it"}]
action = [{do = "flag"}]
"""


def main() -> int:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="soak-", dir=options.dir) as folder:
        server = ServerProcess(Path(folder) / "home", _SETTINGS)
        # What is looked at is one process
        server.configure("server", "processes = 1")
        with server:
            server.furnish(MAILBOXES, PASSWORD, _RULES)
            load = Load(server.smtp_port, server.pop3_port, MAILBOXES, options.rate, options.seed)
            sampler = Sampler(server.pid)
            sampler.start()
            load.start()
            _wait(options.minutes * 60, sampler, load)
            sampler.stop()
            load.stop()
            code = server.stop()
        return _report(options.minutes * 60, sampler, load, server.log, code)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rate", type=float, default=90, help="messages a second")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dir", help="where the server keeps its data; some GiB for half an hour")
    return parser.parse_args()


def _wait(seconds: float, sampler: Sampler, load: Load) -> None:
    end = time.monotonic() + seconds
    while (left_s := end - time.monotonic()) > 0:
        time.sleep(min(60.0, left_s))
        if sampler.samples:
            last = sampler.samples[-1]
            print(
                f"{last.at_s / 60:5.1f} min  {last.own_kib / 1024:7.1f} MiB"
                f"  {last.descriptors:4} descriptors  {last.threads:3} threads"
                f"  {load.count['accepted']:7} accepted",
                flush=True,
            )


def _report(seconds: float, sampler: Sampler, load: Load, log: Path, code: int) -> int:
    begin_s = min(_WARM_UP_S, seconds / 3)
    judged = [sample for sample in sampler.samples if sample.at_s >= begin_s]
    growth = growth_percent_per_hour(judged)
    descriptors = drift([sample.descriptors for sample in judged])
    unhandled = _UNHANDLED.findall(log.read_text("utf-8", "replace"))
    errors = {what: n for what, n in load.count.items() if what.startswith("error")}
    missing = load.count["copies"] - load.count["copies read"]
    rows = (
        ("memory grows, % an hour", f"{growth:+.2f}", f"< {MOST_GROWTH}", growth < MOST_GROWTH),
        (
            "descriptors drift by",
            f"{descriptors:+.0f}",
            f"<= {MOST_DRIFT}",
            descriptors <= MOST_DRIFT,
        ),
        ("unhandled errors in the log", len(unhandled), "0", not unhandled),
        ("copies accepted and not read", missing, "0", missing == 0),
        ("errors that clients saw", sum(errors.values()), "0", not errors),
        ("exit code at the end", code, "0, -15", code in (0, -15)),
    )
    print(f"\nfrom minute {begin_s / 60:.1f} on; {dict(load.count)}")
    for what, found, goal, good in rows:
        print(f"{what:32} {found!s:>8}   goal {goal:8} {'ok' if good else 'MISSED'}")
    return 0 if all(good for *_, good in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
