"""Durable receive beside Postfix and aiosmtpd, 1 KiB to 25 MiB."""

from __future__ import annotations

from pathlib import Path
from statistics import median

from bench.contestants import AIOSMTPD, OURS, POSTFIX, Aiosmtpd, Contestant, Ours, Postfix
from bench.goals import Figure, Scores
from bench.processes import MemoryWatch
from bench.report import HEAD, print_result
from bench.rounds import Mode, Result, burst, measure, progress

_KIB, _MIB = 1024, 1024 * 1024
_KEPT = ("-d",)
NEW_1K = Mode("1 KiB, a connection each", (), _KIB)
NEW_4K = Mode("4 KiB, a connection each")
KEPT_1K = Mode("1 KiB, connections kept", _KEPT, _KIB)
KEPT_4K = Mode("4 KiB, connections kept", _KEPT)
KEPT_16K = Mode("16 KiB, connections kept", _KEPT, 16 * _KIB)
ONE_MIB = Mode("1 MiB, connections kept", _KEPT, _MIB, sessions=4, share=0.06)
LARGE_1 = Mode("25 MiB, 1 session", _KEPT, 25 * _MIB, sessions=1, share=0.004)
LARGE_4 = Mode("25 MiB, 4 sessions", _KEPT, 25 * _MIB, sessions=4, share=0.007)
# The least of accepted/s beside Postfix, and the aim
_GOALS = {
    NEW_4K: (2.0, 3.0),
    KEPT_4K: (3.0, 5.0),
    KEPT_16K: (2.5, 4.0),
    ONE_MIB: (1.2, 1.6),
    LARGE_1: (1.0, 1.2),
    LARGE_4: (1.0, 1.2),
}
_BESIDE_AIOSMTPD = (NEW_4K, KEPT_4K)
_MODES = (NEW_1K, NEW_4K, KEPT_1K, KEPT_4K, KEPT_16K, ONE_MIB, LARGE_1, LARGE_4)


def run(
    home: Path,
    scores: Scores,
    rounds: int,
    messages: int,
    filesystem: str,
    processes: int | None = None,
) -> None:
    """Print each kind of load with its ratios and goals; `processes`: see Ours."""
    ours = Ours(home / "bitrixmail", processes=processes)
    postfix = Postfix(home / "postfix")
    aiosmtpd = Aiosmtpd(home / "aiosmtpd")
    print(HEAD.format(rounds=rounds, filesystem=filesystem, rules=Ours.rules), end="")
    try:
        ours.start()
        ours.wait_for_receivers()
        postfix.start()
        aiosmtpd.start()
        for mode in _MODES:
            if mode is LARGE_1:
                _score_memory(ours, scores, rounds)
            beside: list[Contestant] = [ours, postfix]
            if mode in _BESIDE_AIOSMTPD:
                beside.append(aiosmtpd)
            result = measure(mode, beside, rounds, messages)
            print_result(result)
            _score(result, scores)
        print(f"\n  a mail program finds all messages: {_all_seen(ours)}\n")
    finally:
        ours.stop()
        postfix.stop()
        aiosmtpd.stop()


def _all_seen(ours: Ours) -> str:
    filed, seen = ours.delivered(), ours.seen()
    return f"yes, {seen}" if seen == filed else f"WRONG, {seen} of {filed}"


def _score(result: Result, scores: Scores) -> None:
    name = result.mode.name
    if result.mode in _GOALS:
        ratio = median(result.rate_ratios(OURS, POSTFIX))
        scores.add(Figure(f"{name}, beside Postfix", ratio, *_GOALS[result.mode]))
    if result.mode in _BESIDE_AIOSMTPD:
        ratio = median(result.rate_ratios(OURS, AIOSMTPD))
        scores.add(Figure(f"{name}, beside aiosmtpd", ratio, 3.0, 5.0))
        cpu = result.cpu_ratio(OURS, POSTFIX)
        scores.add(Figure(f"{name}, CPU beside Postfix", cpu, 1 / 3, 0.2, at_most=True))
        filed = result.filed_ratio(OURS, POSTFIX)
        scores.add(Figure(f"{name}, accepted and filed", filed, 1.5, 2.5))


def _score_memory(ours: Ours, scores: Scores, rounds: int) -> None:
    """Watch the memory of our processes during bursts of large messages that are not timed."""
    growths = []
    for number in range(min(rounds, 3)):
        progress(f"memory, {LARGE_4.name}: round {number + 1}")
        with MemoryWatch(ours.pid) as watch:
            burst(ours, LARGE_4, 2 * LARGE_4.sessions)
        growths.append(watch.growth_kib / 1024 / LARGE_4.sessions)
    progress("")
    print()
    name = f"{LARGE_4.name}, memory per session"
    scores.add(Figure(name, max(growths), 4.0, None, " MiB", at_most=True))
