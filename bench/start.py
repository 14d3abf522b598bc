"""How long it takes from the start of the program until a client is greeted."""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median

from bench.contestants import ADDRESS, PASSWORD, RULES, greets
from bench.goals import Figure, Scores
from bench.large_mailbox import LargeMailbox
from bench.rounds import progress
from tests.fakes.process import ServerProcess


def run(home: Path, large: LargeMailbox, scores: Scores, rounds: int) -> None:
    """Print it with an empty mailbox and with a large one, in turn."""
    small = ServerProcess(home / "start")
    small.furnish((ADDRESS,), PASSWORD, RULES)
    servers = {"empty": small, "large": large.server}
    took: dict[str, list[float]] = {name: [] for name in servers}
    for number in range(rounds + 1):
        for name, server in servers.items():
            progress(f"start: round {number}/{rounds}, {name}")
            spent_s = _start_s(server)
            if number:  # the first one fills the system's caches
                took[name].append(spent_s)
    progress("")
    empty_s = median(took["empty"])
    more_s = median(b - a for a, b in zip(took["empty"], took["large"], strict=True))
    scores.add(Figure("start to the first greeting", empty_s, 1.5, 1.0, " s", at_most=True))
    name = f"the same with {large.messages} messages, more"
    scores.add(Figure(name, more_s, 0.3, None, " s", at_most=True))
    print()


def _start_s(server: ServerProcess) -> float:
    """Run a server until it has greeted, then end it as a service manager would."""
    begun = time.perf_counter()
    server.launch()
    try:
        if not greets(server.smtp_port, 60):
            raise RuntimeError("the server does not greet:\n" + server.log.read_text()[-3000:])
        return time.perf_counter() - begun
    finally:
        server.stop()
        server.kill()
