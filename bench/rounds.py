"""Rounds of smtp-source against one server after the other: A B A B …"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.contestants import ADDRESS, Contestant
from bench.processes import cpu_s
from bench.syncs import count_syncs

SESSIONS = 20
PAYLOAD_OCTETS = 4096
DELIVERY_TIMEOUT_S = 120.0


@dataclass(frozen=True)
class Mode:
    """A kind of load: extra options of the generator, and the ratio aimed at."""

    name: str
    options: tuple[str, ...]
    goal: float
    payload_octets: int = PAYLOAD_OCTETS


@dataclass(frozen=True)
class Round:
    """One burst. `accepted_s`: until the last 250; `delivered_s`: until all lie in the mailbox."""

    messages: int
    accepted_s: float
    delivered_s: float
    cpu_s: float
    delivered: int

    @property
    def rate(self) -> float:
        """Accepted messages per second."""
        return self.messages / self.accepted_s


@dataclass
class Result:
    """All rounds of one mode, by contestant, in their order; and syncs per message, if known."""

    mode: Mode
    rounds: dict[str, list[Round]] = field(default_factory=dict)
    syncs: dict[str, float | None] = field(default_factory=dict)


def measure(mode: Mode, contestants: Sequence[Contestant], rounds: int, messages: int) -> Result:
    """Run one small round of each to warm up, then `rounds` rounds in turn."""
    result = Result(mode, {contestant.name: [] for contestant in contestants})
    for contestant in contestants:
        _burst(contestant, mode, messages // 10)
    for number in range(rounds):
        for contestant in contestants:
            print(
                f"\r{mode.name}: round {number + 1}/{rounds}, {contestant.name:<12}",
                end="",
                file=sys.stderr,
                flush=True,
            )
            result.rounds[contestant.name].append(_burst(contestant, mode, messages))
    for contestant in contestants:
        result.syncs[contestant.name] = _syncs_per_message(contestant, mode, messages // 10)
    print("\r" + " " * 72 + "\r", end="", file=sys.stderr)
    return result


def _syncs_per_message(contestant: Contestant, mode: Mode, messages: int) -> float | None:
    counted = count_syncs(contestant.pid, lambda: _burst(contestant, mode, messages))
    return None if counted is None else counted / messages


def _burst(contestant: Contestant, mode: Mode, messages: int) -> Round:
    """Send `messages` and wait until they lie in the mailbox, so that no round pays for another."""
    before, cpu_before = contestant.delivered(), cpu_s(contestant.pid)
    begun = time.perf_counter()
    subprocess.run(
        [
            *("smtp-source", "-4", "-s", str(SESSIONS), "-m", str(messages)),
            *("-l", str(mode.payload_octets), "-M", "client.example.net"),
            *("-f", "generator@example.net", "-t", ADDRESS),
            *mode.options,
            f"127.0.0.1:{contestant.port}",
        ],
        check=True,
        stdin=subprocess.DEVNULL,
        timeout=300,
    )
    accepted_s = time.perf_counter() - begun
    while (delivered := contestant.delivered() - before) < messages:
        if time.perf_counter() - begun > DELIVERY_TIMEOUT_S:
            break
        time.sleep(0.01)
    delivered_s = time.perf_counter() - begun
    return Round(messages, accepted_s, delivered_s, cpu_s(contestant.pid) - cpu_before, delivered)
