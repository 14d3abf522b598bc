"""Rounds of smtp-source against one server after the other: A B C A B C …"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from bench.contestants import ADDRESS, Contestant
from bench.processes import cpu_s
from bench.syncs import count_syncs

DELIVERY_TIMEOUT_S = 120.0
# A burst of so few messages is over before strace is there, and a tenth of it is none
_LEAST_TO_TRACE = 100


@dataclass(frozen=True)
class Mode:
    """A kind of load: how large, how many at once, with which options of the generator.

    `share` is how many of a run's messages a round sends: large ones are fewer.
    """

    name: str
    options: tuple[str, ...] = ()
    payload_octets: int = 4096
    sessions: int = 20
    share: float = 1.0

    def messages(self, of: int) -> int:
        """Return how many messages make a round, at least two a session."""
        return max(2 * self.sessions, int(of * self.share))


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

    @property
    def filed_rate(self) -> float:
        """Messages per second, accepted and in the mailbox."""
        return self.delivered / self.delivered_s


@dataclass
class Result:
    """All rounds of one mode, by contestant, in their order; and syncs per message, if known."""

    mode: Mode
    rounds: dict[str, list[Round]] = field(default_factory=dict)
    syncs: dict[str, float | None] = field(default_factory=dict)

    def pairs(self, one: str, other: str) -> list[tuple[Round, Round]]:
        """Return the rounds of two contestants that stood beside each other."""
        return list(zip(self.rounds[one], self.rounds[other], strict=True))

    def rate_ratios(self, one: str, other: str) -> list[float]:
        """Return how many times faster one accepted than the other, sorted."""
        return sorted(a.rate / b.rate for a, b in self.pairs(one, other))

    def filed_ratio(self, one: str, other: str) -> float:
        """Return the median ratio of what was accepted and filed in a second."""
        return median(a.filed_rate / b.filed_rate for a, b in self.pairs(one, other))

    def cpu_ratio(self, one: str, other: str) -> float:
        """Return the median ratio of CPU time for the same messages."""
        return median(a.cpu_s / b.cpu_s for a, b in self.pairs(one, other) if b.cpu_s)


def measure(mode: Mode, contestants: Sequence[Contestant], rounds: int, messages: int) -> Result:
    """Run one small round of each to warm up, then `rounds` rounds in turn."""
    result = Result(mode, {contestant.name: [] for contestant in contestants})
    count = mode.messages(messages)
    few = max(mode.sessions, count // 10)
    for contestant in contestants:
        burst(contestant, mode, few)
    for number in range(rounds):
        for contestant in contestants:
            progress(f"{mode.name}: round {number + 1}/{rounds}, {contestant.name}")
            result.rounds[contestant.name].append(burst(contestant, mode, count))
    for contestant in contestants:
        traced = few >= _LEAST_TO_TRACE
        result.syncs[contestant.name] = (
            _syncs_per_message(contestant, mode, few) if traced else None
        )
    progress("")
    return result


def progress(text: str) -> None:
    """Tell on a terminal what is being done, in one line that goes away."""
    if sys.stderr.isatty():
        print(f"\r{text:<78.78}\r", end="", file=sys.stderr, flush=True)


def _syncs_per_message(contestant: Contestant, mode: Mode, messages: int) -> float | None:
    counted = count_syncs(contestant.pid, lambda: burst(contestant, mode, messages))
    return None if counted is None else counted / messages


def burst(contestant: Contestant, mode: Mode, messages: int) -> Round:
    """Send `messages` and wait until they lie in the mailbox, so that no round pays for another."""
    before, cpu_before = contestant.delivered(), cpu_s(contestant.pid)
    begun = time.perf_counter()
    subprocess.run(
        [
            *("smtp-source", "-4", "-s", str(mode.sessions), "-m", str(messages)),
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
    took_s = cpu_s(contestant.pid) - cpu_before
    contestant.clear()
    return Round(messages, accepted_s, delivered_s, took_s, delivered)
