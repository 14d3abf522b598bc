"""The server as twistd runs it, which asks for help early and gives it up soon: `-m …eager OPTIONS`.

A real server waits for ten minutes, and for more load than a test should make.
"""

from __future__ import annotations

import sys

from twisted.scripts import twistd

from bitrixmail.app.receiving import on_demand
from bitrixmail.app.receiving.helping import Thresholds


def main() -> None:
    on_demand.THRESHOLDS = Thresholds(busy=0.05, least_rate=20, windows=2, quiet_s=4.0)
    sys.argv[0] = "twistd"
    twistd.run()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
