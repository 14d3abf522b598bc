"""The table that a benchmark ends with."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from bench.rounds import PAYLOAD_OCTETS, SESSIONS, Result, Round

OURS, THEIRS = "bitrixmail", "Postfix"


def print_report(results: Sequence[Result], *, rules: int, filesystem: str) -> None:
    """Print what was timed, the figures per server, the ratios and the goals."""
    first = results[0].rounds[OURS]
    print(
        f"Durable receive: {PAYLOAD_OCTETS} octets and a header section, {SESSIONS} sessions, "
        f"{len(first)} rounds of {first[0].messages} messages each, servers in turn,\n"
        f"smtp-source on the same machine, both stores on {filesystem}. bitrixmail: SQLite, "
        f"{rules} rules, filed into a folder; Postfix: Debian's defaults, Maildir, no DNS.\n\n"
        "accepted/s  until the last 250: smtp-source from start to end (its start included)\n"
        "filed/s     until all lie in the mailbox: bitrixmail files before it says 250 (what is\n"
        "            added here is the POP3 login that counts), Postfix delivers behind the 250\n"
        "CPU s       user and system, of all processes of the server, delivery included\n"
        "syncs       fsync and fdatasync calls per message, counted by strace in a burst apart;\n"
        "            below 1: messages that wait together share one, none is answered before it\n"
    )
    names = f"{'accepted/s':>11}{'filed/s':>9}{'CPU s/1000':>12}{'syncs':>7}{'filed of sent':>18}"
    for result in results:
        print(f"{result.mode.name}\n{'':<28}{names}")
        for name in (OURS, THEIRS):
            _line(name, result.rounds[name], result.syncs[name])
        _ratios(result)
        print()


def _line(name: str, rounds: Sequence[Round], syncs: float | None) -> None:
    sent = sum(each.messages for each in rounds)
    filed = sum(each.delivered for each in rounds)
    print(
        f"  {name:<26}"
        f"{median(each.rate for each in rounds):>11.0f}"
        f"{median(each.delivered / each.delivered_s for each in rounds):>9.0f}"
        f"{median(1000 * each.cpu_s / each.messages for each in rounds):>12.2f}"
        f"{'-' if syncs is None else f'{syncs:.2f}':>7}"
        f"{f'{filed} of {sent}':>18}" + ("" if filed == sent else "  WRONG")
    )


def _ratios(result: Result) -> None:
    pairs = list(zip(result.rounds[OURS], result.rounds[THEIRS], strict=True))
    ratios = sorted(ours.rate / theirs.rate for ours, theirs in pairs)
    ratio, goal = median(ratios), result.mode.goal
    cpu = median(ours.cpu_s / theirs.cpu_s for ours, theirs in pairs if theirs.cpu_s)
    print(
        f"  ratio of accepted/s, median {ratio:.2f}x, spread {ratios[0]:.2f}x to {ratios[-1]:.2f}x"
    )
    print(f"  ratio of CPU, median {cpu:.2f}x")
    print(f"  goal {goal}x: {'reached' if ratio >= goal else 'missed'}")
