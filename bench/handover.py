"""What a page waits for: one call of sendmail, ours and Postfix's, alone and 8 at a time."""

from __future__ import annotations

import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

from bench.contestants import OURS, POSTFIX
from bench.delivery import OursSending, PostfixSending
from bench.goals import Figure, Scores
from bench.rounds import progress
from tests.fakes.process import free_port

_CALLS = 40
_AT_ONCE = 8
_LETTER = (
    b"From: info@example.org\nTo: bob@elsewhere.example\nSubject: an order\n\n" + b"x" * 70 + b"\n"
) + (b"0123456789" * 7 + b"\n") * 55


def run(home: Path, scores: Scores, rounds: int) -> None:
    """Print milliseconds for each call, and calls a second, in turn."""
    print(
        "Handing over: one call of sendmail -t with 4 KiB, durable when it returns; nobody listens"
        "\nat the other side, so nothing is delivered meanwhile.\n"
    )
    port = free_port()
    ours = OursSending(home / "handover" / "ours", port, 1)
    postfix = PostfixSending(home / "handover" / "postfix", port, 1)
    program = home / "handover" / "sendmail"
    alone: dict[str, list[float]] = {OURS: [], POSTFIX: []}
    together: dict[str, list[float]] = {OURS: [], POSTFIX: []}
    try:
        ours.start()
        postfix.start()
        ours.server.cli("sendmail", "install", "--to", str(program))
        commands = {
            OURS: [str(program), "-t", "-i"],
            POSTFIX: ["sendmail", "-C", str(postfix.home / "etc"), "-t", "-i"],
        }
        for command in commands.values():
            _call(command)
        for number in range(rounds):
            for name, command in commands.items():
                progress(f"handing over: round {number + 1}/{rounds}, {name}")
                alone[name].append(median(_call(command) for _ in range(_CALLS)))
                together[name].append(_rate(command))
    finally:
        ours.stop()
        postfix.stop()
    progress("")
    for name, found in alone.items():
        print(
            f"  {name:<10} {1000 * median(found):>6.1f} ms a call,"
            f" {median(together[name]):>6.0f} calls/s, {_AT_ONCE} at a time"
        )
    ratio = median(a / b for a, b in zip(alone[OURS], alone[POSTFIX], strict=True))
    name = "one call of sendmail, beside Postfix"
    scores.add(Figure(name, ratio, 0.5, 1 / 3, at_most=True))
    ratio = median(a / b for a, b in zip(together[OURS], together[POSTFIX], strict=True))
    scores.add(Figure(f"the same, {_AT_ONCE} at a time", ratio, 2.0, None))
    print()


def _call(command: list[str]) -> float:
    """Return the seconds that one call takes."""
    begun = time.perf_counter()
    subprocess.run(command, input=_LETTER, check=True, timeout=60)
    return time.perf_counter() - begun


def _rate(command: list[str]) -> float:
    """Return the calls a second of some that run at the same time."""
    count = _CALLS * _AT_ONCE // 2
    begun = time.perf_counter()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(lambda _: _call(command), range(count)))
    return count / (time.perf_counter() - begun)
