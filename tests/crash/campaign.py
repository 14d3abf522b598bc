"""Load a server, kill it at random moments, start it again, and judge what it kept."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from tests.crash.client import trusting_context
from tests.crash.harvest import harvest
from tests.crash.ledger import Ledger, Verdict
from tests.crash.senders import Senders

RECIPIENTS = ("info@example.org", "sales@example.org", "shop@example.org")
FOLDER = "Invoices"
PASSWORD = "correct horse"  # of a server that lives for this run only
RULES = f"""\
[[rule]]
name = "Invoices"
  [[rule.condition]]
  field = "subject"
  op = "contains"
  value = ["invoice", "счёт", "счет"]
  [[rule.action]]
  do = "move"
  folder = "{FOLDER}"
"""


class Victim(Protocol):
    """A server process that can die and come back on the same data and ports."""

    smtp_port: int
    pop3_port: int

    def start(self) -> None: ...
    def kill(self) -> None: ...
    def stop(self) -> int: ...


@dataclass(frozen=True)
class Result:
    """What a campaign found, and how it went."""

    verdict: Verdict
    ledger: Ledger
    kills: int
    refusals: Sequence[str]
    slowest_start_s: float


def run_campaign(
    victim: Victim, *, kills: int, seed: int, senders: int, graceful: bool = False
) -> Result:
    """Kill a running, furnished server `kills` times under load; leave it running and drained.

    Load lasts a random 50 to 600 ms from the moment the server answers until each kill.
    `graceful`: by SIGTERM, as a service manager ends it, instead of SIGKILL.
    """
    end = victim.stop if graceful else victim.kill
    chance = random.Random(seed)
    ledger = Ledger()
    load = Senders(victim.smtp_port, RECIPIENTS, ledger, seed, senders, trusting_context())
    slowest = 0.0
    load.start()
    try:
        for _ in range(kills):
            time.sleep(chance.uniform(0.05, 0.6))
            end()
            begun = time.monotonic()
            victim.start()
            slowest = max(slowest, time.monotonic() - begun)
        time.sleep(0.3)
    finally:
        load.stop()
    verdict = ledger.judge(harvest(victim.pop3_port, RECIPIENTS, [FOLDER], PASSWORD))
    return Result(verdict, ledger, kills, load.refusals, slowest)
