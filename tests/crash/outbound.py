"""Kill a server that delivers, again and again: `python -m tests.crash.outbound --kills N`.

Senders hand over mail for other hosts without a pause and note each 250; the far side counts what
it takes, by message and recipient. After each death the store is read: what the far side has and
the store does not know of is what the death will double, and nothing else may be. Exits with 1 if
an acknowledged message was lost, if one came twice that was settled, if one came that nobody sent,
or if more was unsettled at a death than four messages for each delivery at a time.
"""

from __future__ import annotations

import argparse
import random
import shutil
import smtplib
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tests.crash.far_side import Copy, FarSide
from tests.crash.talking import Senders, read_store
from tests.fakes.process import ServerProcess

# How long each host lets wait for its reply to the dot, at most
PAUSES_S = {"quick.example": 0.002, "usual.example": 0.02, "slow.example": 0.1}
# Deliveries at a time to each of them
WIDTH = 4
# Of one worker: two that were taken and are being settled, and two on their way behind them
BOUND = 4 * WIDTH * len(PAUSES_S)
_SENDERS = 4
_SETTLED_S = 60.0


@dataclass
class Death:
    """What was found after one death: copies that were taken, and that no settlement tells of.

    `fresh` are those that were not so at the death before; `sessions` were open at that moment.
    """

    unsettled: frozenset[Copy]
    fresh: frozenset[Copy]
    sessions: int

    @property
    def in_flight(self) -> int:
        """How many messages those are: recipients of one domain go together."""
        return len({(number, address.partition("@")[2]) for number, address in self.fresh})


@dataclass
class Books:
    """What was sent, and what the server said 250 to, as the senders know it."""

    sent: set[Copy] = field(default_factory=set)
    acknowledged: set[Copy] = field(default_factory=set)


def faults(books: Books, taken: Counter[Copy], deaths: Sequence[Death]) -> list[str]:
    """Judge; one line for each thing that must not be."""
    wrong = [f"lost: {copy}" for copy in sorted(books.acknowledged - taken.keys())]
    wrong += [f"never sent: {copy}" for copy in sorted(taken.keys() - books.sent)]
    exposed = Counter(copy for death in deaths for copy in death.unsettled)
    wrong += [
        f"doubled: {copy} came {times} times, and {exposed[copy]} deaths account for that"
        for copy, times in sorted(taken.items())
        if times - 1 > exposed[copy]
    ]
    wrong += [
        f"{death.in_flight} messages in flight at death {number}, not {BOUND} at most"
        for number, death in enumerate(deaths, 1)
        if death.in_flight > BOUND
    ]
    return wrong


class Letters(Senders):
    """Made by a campaign, lives as long. Its senders write to one or several of the hosts."""

    def __init__(self, port: int, books: Books, seed: int) -> None:
        super().__init__(port, _SENDERS)
        self._books = books
        self._chances = [random.Random(f"{seed}-{number}") for number in range(_SENDERS)]
        self.start()

    def _letter(self, sender: int, link: smtplib.SMTP, message_id: str) -> None:
        chance = self._chances[sender]
        domains = chance.sample(list(PAUSES_S), chance.choice((1, 1, 2)))
        recipients = [
            f"b{place}@{domain}" for domain in domains for place in range(chance.choice((1, 2)))
        ]
        copies = {(message_id, recipient) for recipient in recipients}
        with self._lock:
            self._books.sent |= copies
        body = "x" * chance.choice((10, 1000, 100_000))
        link.sendmail("info@example.org", recipients, f"Message-ID: {message_id}\r\n\r\n{body}\r\n")
        with self._lock:
            self._books.acknowledged |= copies
        time.sleep(chance.uniform(0.0, 0.02))


class Campaign:
    """All deaths of one server. Made by the program or by a test."""

    def __init__(self, folder: Path, kills: int, seed: int) -> None:
        self.books = Books()
        self.deaths: list[Death] = []
        self.taken: Counter[Copy] = Counter()
        self.wrong: list[str] = []
        self.most_sessions = 0
        self._kills = kills
        self._chance = random.Random(seed)
        self._seed = seed
        self._server = ServerProcess(folder / "home")

    def run(self) -> None:
        """Carry it out. Raises RuntimeError if the server does not start or does not get done."""
        with FarSide(PAUSES_S) as side:
            self._configure(side)
            senders = Letters(self._server.smtp_port, self.books, self._seed)
            try:
                for _ in range(self._kills):
                    self._die(side, senders)
                senders.stop()
                self._server.start()
                self._wait_for_the_rest()
                self._server.stop()
            finally:
                senders.stop()
                self._server.kill()
            self.taken = side.counted()
            self.most_sessions = side.most_sessions
        self.wrong += faults(self.books, self.taken, self.deaths)

    def _configure(self, side: FarSide) -> None:
        server = self._server
        server.configure("server", 'domains = ["example.org"]')
        server.configure("dns", f'servers = ["{side.dns.address}"]')
        for line in (
            f"smtp_port = {side.port}",
            "private_hosts = true",
            "ipv6 = false",
            'relay_networks = ["127.0.0.0/8"]',
            f"connections_per_domain = {WIDTH}",
        ):
            server.configure("outbound", line)

    def _die(self, side: FarSide, senders: Senders) -> None:
        self._server.start()
        senders.run.set()
        before = side.counted()
        time.sleep(self._chance.uniform(0.1, 1.0))
        sessions = side.sessions
        self._server.kill()
        senders.run.clear()
        side.wait_until_quiet()
        taken = side.counted()
        unsettled = frozenset(copy for copy in self._open_jobs() if taken[copy])
        fresh = frozenset(copy for copy in unsettled if taken[copy] > before[copy])
        self.deaths.append(Death(unsettled, fresh, sessions))

    def _open_jobs(self) -> list[Copy]:
        return self._read(
            "SELECT m.message_id, j.recipient FROM job j JOIN message m ON m.id = j.message_id"
            " WHERE j.settled IS NULL AND j.kind = 'remote'"
        )

    def _read(self, query: str) -> list[Copy]:
        return read_store(self._server.data_dir, query)

    def _wait_for_the_rest(self) -> None:
        until = time.monotonic() + _SETTLED_S
        while left := self._open_jobs():
            if time.monotonic() > until:
                raise RuntimeError(f"{len(left)} jobs are not settled, the first is {left[0]}")
            time.sleep(0.2)
        dead = self._read("SELECT key, recipient FROM job WHERE state = 'dead'")
        self.wrong += [f"given up: {job}" for job in dead]


def table(campaign: Campaign) -> str:
    """Return what came of it, as lines of a table."""
    flights = [death.in_flight for death in campaign.deaths]
    doubled = sum(times - 1 for times in campaign.taken.values())
    rows = {
        "deaths by SIGKILL": len(campaign.deaths),
        "copies (message and recipient) acknowledged": len(campaign.books.acknowledged),
        "of those lost": len(campaign.books.acknowledged - campaign.taken.keys()),
        "copies the far side took": campaign.taken.total(),
        "of those a second time": doubled,
        "copies unsettled at a death, all deaths together": sum(
            len(death.fresh) for death in campaign.deaths
        ),
        "messages in flight at a death, median": median(flights),
        "messages in flight at a death, most": max(flights),
        "bound by design (4 for each delivery at a time)": BOUND,
        "connections at a death, most": max(death.sessions for death in campaign.deaths),
    }
    width = max(map(len, rows))
    return "\n".join(f"| {name:<{width}} | {value:>6,} |" for name, value in rows.items())


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash.outbound", description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="in all (default 100)")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--dir", default="/var/tmp", help="where the store is (default /var/tmp)")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bitrixmail-crash-", dir=arguments.dir))
    print(
        f"{arguments.kills} deaths amid deliveries, seed {arguments.seed}, in {folder}", flush=True
    )
    begun = time.monotonic()
    campaign = Campaign(folder, arguments.kills, arguments.seed)
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
