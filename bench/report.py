"""The figures of one kind of load, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from bench.contestants import OURS
from bench.rounds import Result, Round

HEAD = """\
Durable receive: smtp-source on the same machine, servers in turn, {rounds} rounds; both stores on
{filesystem}. bitrixmail: SQLite, {rules} rules, filed into a folder; Postfix: Debian's defaults,
Maildir, no DNS; aiosmtpd: its Maildir handler.

accepted/s  until the last 250: smtp-source from start to end (its start included)
filed/s     until all lie in the mailbox: bitrixmail and aiosmtpd file before they say 250,
            Postfix delivers behind it
CPU s       user and system per 1,000 messages, of all processes of the server, with delivery
syncs       fsync and fdatasync calls per message, counted by strace in a burst apart;
            below 1: messages that wait together share one, none is answered before it
"""
_NAMES = f"{'accepted/s':>11}{'filed/s':>9}{'CPU s/1000':>12}{'syncs':>7}{'filed of sent':>18}"


def print_result(result: Result) -> None:
    """Print the medians of each server, and how ours stands to the others, round by round."""
    count = result.rounds[OURS][0].messages
    mode = result.mode
    print(f"\n{mode.name}: {count} messages a round, {mode.sessions} sessions")
    print(f"{'':<28}{_NAMES}")
    for name, rounds in result.rounds.items():
        _line(name, rounds, result.syncs[name])
    for name in result.rounds:
        if name != OURS:
            ratios = result.rate_ratios(OURS, name)
            print(
                f"  beside {name}: {median(ratios):.2f}x accepted/s (rounds {ratios[0]:.2f}x to"
                f" {ratios[-1]:.2f}x), {result.filed_ratio(OURS, name):.2f}x filed/s,"
                f" {result.cpu_ratio(OURS, name):.2f}x CPU"
            )


def _line(name: str, rounds: Sequence[Round], syncs: float | None) -> None:
    sent = sum(each.messages for each in rounds)
    filed = sum(each.delivered for each in rounds)
    rate, filed_rate = median(each.rate for each in rounds), median(r.filed_rate for r in rounds)
    digits = 0 if rate >= 100 else 1
    print(
        f"  {name:<26}{rate:>11.{digits}f}{filed_rate:>9.{digits}f}"
        f"{median(1000 * each.cpu_s / each.messages for each in rounds):>12.2f}"
        f"{'-' if syncs is None else f'{syncs:.2f}':>7}"
        f"{f'{filed} of {sent}':>18}" + ("" if filed == sent else "  WRONG")
    )
