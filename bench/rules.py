"""What rules cost: servers with and without them in turn, and a hostile pattern beside others."""

from __future__ import annotations

import shutil
import smtplib
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.contestants import ADDRESS, Ours
from bench.rounds import Mode, Result, measure

_KEPT = ("-d",)
_OTHER = "other@example.org"
_HOSTILE_TEXT = "a" * 60 + "!"


@dataclass(frozen=True)
class Case:
    """Rules that no message of the generator fits, and the least share of the rate without them."""

    name: str
    rules: str
    goal: float
    payload_octets: int = 4096


def _rule(number: int, field: str, op: str, values: str) -> str:
    return (
        f'[[rule]]\nname = "rule {number}"\n'
        f'condition = [{{field = "{field}", op = "{op}", value = [{values}]}}]\n'
        f'action = [{{do = "move", folder = "Folder {number}"}}]\n\n'
    )


_FIELDS = ("subject", "from", "to", "header:List-Id")


def _header_rules(count: int) -> str:
    return "".join(
        _rule(n, _FIELDS[n % 4], "contains", f'"word-{n}", "слово-{n}"') for n in range(count)
    )


def _address_rules(count: int) -> str:
    return "".join(
        _rule(n, "from", "equals", f'"someone-{n}@shop-{n}.example.com"') for n in range(count)
    )


def _body_rules(count: int) -> str:
    return "".join(_rule(n, "body", "contains", f'"word-{n}", "слово-{n}"') for n in range(count))


CASES = (
    Case("100 rules on header fields", _header_rules(100), 0.8),
    Case("1,000 rules of exact addresses", _address_rules(1000), 0.8),
    Case("50 rules on bodies, 16 KiB messages", _body_rules(50), 0.5, 16 * 1024),
)
HOSTILE = """\
[[rule]]
name = "hostile"
condition = [{field = "subject", op = "regex", value = ['(a|aa)+$']}]
action = [{do = "flag"}]
"""


def measure_rules(home: Path, rounds: int, messages: int) -> None:
    """Print for each case the share of the rate that is left, against the same server without."""
    print("Rules: the share of the rate without rules that is left with them, connections kept\n")
    for number, case in enumerate(CASES):
        # One process each: rates of one and of two would be compared while a second one comes
        plain = Ours(home / f"plain-{number}", "no rules", "", "INBOX", processes=1)
        ruled = Ours(home / f"ruled-{number}", "rules", case.rules, "INBOX", processes=1)
        try:
            plain.start()
            ruled.start()
            mode = Mode(case.name, _KEPT, case.payload_octets)
            _print_share(measure(mode, (ruled, plain), rounds, messages), case.goal)
        finally:
            plain.stop()
            ruled.stop()
            shutil.rmtree(home / f"plain-{number}", ignore_errors=True)
            shutil.rmtree(home / f"ruled-{number}", ignore_errors=True)
    _measure_hostile(home)


def _print_share(result: Result, goal: float) -> None:
    shares = result.rate_ratios("rules", "no rules")
    share = median(shares)
    print(
        f"  {result.mode.name:<38}{share:>5.0%}  (spread {shares[0]:.0%} to {shares[-1]:.0%};"
        f" goal {goal:.0%}: {'reached' if share >= goal else 'missed'})"
    )


def _measure_hostile(home: Path) -> None:
    """Print how long others wait for their 250 while a hostile pattern meets hostile subjects."""
    server = Ours(home / "hostile", "hostile", HOSTILE, "INBOX", processes=1)
    server.start()
    try:
        alone_ms = _waits_ms(server.port)
        stop = threading.Event()
        attackers = [
            threading.Thread(target=_attack, args=(server.port, stop), daemon=True)
            for _ in range(4)
        ]
        for attacker in attackers:
            attacker.start()
        beside_ms = _waits_ms(server.port)
        stop.set()
        for attacker in attackers:
            attacker.join(30)
    finally:
        server.stop()
    cost_ms = beside_ms - alone_ms
    print(
        f"  a hostile pattern, others' wait          +{cost_ms:.0f} ms  (worst of 100 messages:"
        f" {alone_ms:.0f} ms alone, {beside_ms:.0f} ms beside it; goal 50 ms:"
        f" {'reached' if cost_ms <= 50 else 'missed'})\n"
    )


def _attack(port: int, stop: threading.Event) -> None:
    letter = f"Subject: {_HOSTILE_TEXT}\r\n\r\nx\r\n"
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
        while not stop.is_set():
            client.sendmail("a@example.net", [ADDRESS], letter)


def _waits_ms(port: int) -> float:
    """Return the longest of a hundred waits for a message, but for the three longest: noise."""
    waits = []
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
        for _ in range(100):
            begun = time.perf_counter()
            client.sendmail("b@example.net", [ADDRESS], "Subject: hello\r\n\r\nx\r\n")
            waits.append(time.perf_counter() - begun)
    return sorted(waits)[-4] * 1000
