"""Kill a server that does what rules want, again and again: `python -m tests.crash.actions`.

Senders hand over mail without a pause and note each 250; for each message the server forwards a
copy, runs a command, calls a function and a URL, and each of them counts. It dies by SIGKILL: between the
commit of a message and its couriers, in them, before and while their outcome is written down, or at
any moment. Exits with 1 if something was not done for an acknowledged message, if it had not
exactly one effect where keys are known, if it was done more often than deaths account for, or for a
message that nobody sent.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import smtplib
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.crash.deeds import ARCHIVE, DEEDS, MAILBOX, Deed, package_of, rules_of
from tests.crash.plan import Stop
from tests.crash.points import ACTION_POINTS
from tests.crash.talking import Senders, read_store
from tests.crash.victim import Victim

_SENDERS = 2
_DIES_S = 10.0
_SETTLED_S = 120.0
_LINGER_S = 5.0
_PASSWORD = "correct horse"
_POINTS = tuple(each.name for each in ACTION_POINTS)
# What a message and a kind of deed are called in the books
Done = tuple[str, str]


@dataclass
class Books:
    """What was sent, and what the server said 250 to; and of each death what was not settled."""

    sent: set[str] = field(default_factory=set)
    acknowledged: set[str] = field(default_factory=set)
    unsettled: Counter[Done] = field(default_factory=Counter)
    deaths: Counter[str] = field(default_factory=Counter)


def faults(
    books: Books, kind: str, attempts: Mapping[str, int], effects: Mapping[str, int]
) -> list[str]:
    """Judge one kind of deed; one line for each thing that must not be."""
    wrong = [f"{kind} not done: {each}" for each in sorted(books.acknowledged - attempts.keys())]
    wrong += [
        f"{kind} done for what nobody sent: {each}" for each in sorted(attempts.keys() - books.sent)
    ]
    wrong += [
        f"{kind} had {effects.get(each, 0)} effects: {each}"
        for each in sorted(attempts)
        if effects.get(each, 0) != 1
    ]
    return wrong + [
        f"{kind} done {times} times, deaths account for {books.unsettled[each, kind]}: {each}"
        for each, times in sorted(attempts.items())
        if times - 1 > books.unsettled[each, kind]
    ]


class Letters(Senders):
    """Made by a campaign, lives as long. Its senders write to the mailbox with the rules."""

    def __init__(self, port: int, books: Books) -> None:
        super().__init__(port, _SENDERS)
        self._books = books
        self.start()

    def _letter(self, _sender: int, link: smtplib.SMTP, message_id: str) -> None:
        with self._lock:
            self._books.sent.add(message_id)
        letter = f"Message-ID: {message_id}\r\nSubject: x\r\n\r\nbody\r\n"
        link.sendmail("ann@client.example", [MAILBOX], letter)
        with self._lock:
            self._books.acknowledged.add(message_id)
        time.sleep(0.03)


class Campaign:
    """All deaths of one server. Made by the program or by a test."""

    def __init__(
        self,
        folder: Path,
        kills: int,
        seed: int,
        points: Sequence[str] = _POINTS,
        deeds: Sequence[type[Deed]] = DEEDS,
        most_s: float = 86_400.0,
    ) -> None:
        self.books = Books()
        self.wrong: list[str] = []
        self.counted: dict[str, tuple[Counter[str], Counter[str]]] = {}
        self._kills = kills
        self._most_s = most_s
        self._chance = random.Random(seed)
        # Every third death comes at any moment
        self._stops = [*points, *[""] * max(1, len(points) // 2)]
        self._victim = Victim(folder / "home")
        self._deeds = tuple(kind(folder) for kind in deeds)

    def run(self) -> None:
        """Carry it out. Raises RuntimeError if the server does not start or does not get done."""
        victim = self._victim
        os.environ["PYTHONPATH"] = str(package_of(victim))
        for deed in self._deeds:
            deed.configure(victim)
        victim.configure("actions", 'retry = ["1s"]')
        for limit in ("forwards_per_hour", "forwards_per_hour_to_one"):
            victim.configure("rules", f"{limit} = 100000")
        victim.furnish_site((MAILBOX, ARCHIVE), _PASSWORD, rules_of(self._deeds))
        senders = Letters(victim.smtp_port, self.books)
        try:
            begun = time.monotonic()
            for number in range(self._kills):
                if time.monotonic() - begun > self._most_s:
                    break
                self._die(senders, self._stops[number % len(self._stops)])
            senders.stop()
            victim.arm(None)
            victim.start()
            self._wait_for_the_rest()
            victim.stop()
        finally:
            senders.stop()
            victim.kill()
            os.environ.pop("PYTHONPATH", None)
            for deed in self._deeds:
                deed.close()
        for deed in self._deeds:
            attempts, effects = self.counted[deed.kind] = deed.attempts(), deed.effects()
            self.wrong += faults(self.books, deed.kind, attempts, effects)

    def _die(self, senders: Senders, name: str) -> None:
        victim = self._victim
        point = next((each for each in ACTION_POINTS if each.name == name), None)
        if point is None:
            victim.arm(None)
        else:
            passage = self._chance.randint(1, point.most)
            delay_us = int(self._chance.uniform(1, point.within_s * 1e6)) if point.within_s else 0
            victim.arm(Stop(0.0, point=name, passage=passage, delay_us=delay_us))
        victim.start()
        senders.run.set()
        if point is None or not victim.dies(_DIES_S):
            time.sleep(self._chance.uniform(0.1, 0.6))
        struck = point is not None and not victim.alive
        victim.kill()
        senders.run.clear()
        self._wait_for_programs()
        self.books.deaths[name if struck else "at any moment"] += 1
        self.books.unsettled.update(self._open_jobs())

    def _wait_for_programs(self) -> None:
        """Wait until what the dead server had begun is over; the kernel kills it."""
        until = time.monotonic() + _LINGER_S
        mark = str(self._victim.home.parent / "command").encode()
        while any(mark in line for line in _command_lines()):
            if time.monotonic() > until:
                raise RuntimeError("a command outlives its server")
            time.sleep(0.005)

    def _open_jobs(self) -> list[Done]:
        return read_store(
            self._victim.data_dir,
            "SELECT m.message_id, j.kind FROM job j JOIN message m ON m.id = j.message_id"
            " WHERE j.settled IS NULL",
        )

    def _wait_for_the_rest(self) -> None:
        until = time.monotonic() + _SETTLED_S
        while left := self._open_jobs():
            if time.monotonic() > until:
                raise RuntimeError(f"{len(left)} jobs are not settled, the first is {left[0]}")
            time.sleep(0.3)


def _command_lines() -> Iterator[bytes]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                yield (entry / "cmdline").read_bytes()


def table(campaign: Campaign) -> str:
    """Return what came of it, as lines of a table."""
    books = campaign.books
    rows: dict[str, int] = {
        "deaths by SIGKILL": books.deaths.total(),
        "messages acknowledged": len(books.acknowledged),
    }
    rows |= {f"deaths: {name}": times for name, times in sorted(books.deaths.items())}
    for kind, (attempts, effects) in campaign.counted.items():
        missed = len(books.acknowledged - attempts.keys())
        rows[f"{kind}: messages for which it was not done"] = missed
        rows[f"{kind}: times it was done again"] = attempts.total() - len(attempts)
        rows[f"{kind}: effects where keys are known"] = effects.total()
        rows[f"{kind}: of those a second one"] = effects.total() - len(effects)
    width = max(map(len, rows))
    return "\n".join(f"| {name:<{width}} | {value:>6,} |" for name, value in rows.items())


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash.actions", description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="in all (default 100)")
    parser.add_argument("--minutes", type=float, default=1440, help="no longer than that")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--dir", default="/var/tmp", help="where the store is (default /var/tmp)")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bitrixmail-crash-", dir=arguments.dir))
    print(f"{arguments.kills} deaths amid actions, seed {arguments.seed}, in {folder}", flush=True)
    begun = time.monotonic()
    campaign = Campaign(folder, arguments.kills, arguments.seed, most_s=arguments.minutes * 60)
    campaign.run()
    print(table(campaign))
    print(f"{time.monotonic() - begun:.0f} s")
    for line in campaign.wrong[:50]:
        print(line)
    if campaign.wrong:
        print(f"{len(campaign.wrong)} faults; all is left in {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
