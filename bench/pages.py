"""How long pages of messages take with 100,000 of them, while mail comes in and while none does.

What is received meanwhile is compared with what is received when nobody looks; and at full speed
with what a server receives that has no pages, and so reads nothing in for their search.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import cast
from urllib.parse import quote

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock

from bench.goals import Figure, Scores
from bench.rounds import progress
from bench.steady import BODY, address
from bitrixmail.admin.accounts import MailboxOptions
from bitrixmail.app.office import opened_office
from bitrixmail.app.settings.loading import load_settings
from bitrixmail.model.client import Client
from bitrixmail.model.message import Content, Draft, Filing, Origin
from bitrixmail.model.plan import Trace
from bitrixmail.store.opening import InlineStores, done, inline_stores
from tests.fakes.process import ServerProcess
from tests.fakes.visitor import Visitor

MESSAGES = 100_000
_MAILBOXES = 20
_A_GROUP = 500
_ROUND_S = 12.0
_RATE = 200
_MOST_MS = 200.0
_LEAST_SHARE = 0.9
# So many rounds at full speed with pages and without, by turns
_ROUNDS, _FULL_S, _FULL_RATE = 4, 6.0, 1e6
_WORDS = (
    "Invoice", "Счёт", "Order", "Заказ", "Delivery", "Доставка", "Question", "Вопрос", "Newsletter",
    "Рассылка", "Reminder", "Договор",
)  # fmt: skip
# What people look for: often there, seldom there, never there
SEARCHES = (
    "", "is:unread", "счёт", "from:buyer-77@", "mailbox:box-3@example.org", "needle-99",
    "has:attachment order", "mailbox:box-5@example.org is:flagged", "nothing-like-that",
    "after:2026-03-01 before:2026-03-02", "is:spam", "subject:договор -from:buyer-7", "size>1MiB",
)  # fmt: skip


@dataclass
class Times:
    """How long pages of a kind took, in milliseconds."""

    lists: list[float] = field(default_factory=list)
    searches: list[float] = field(default_factory=list)
    messages: list[float] = field(default_factory=list)

    def named(self) -> Iterator[tuple[str, list[float]]]:
        """Yield them with their names."""
        yield "list", self.lists
        yield "search", self.searches
        yield "message", self.messages


def run(home: Path, scores: Scores, messages: int = MESSAGES) -> None:
    """Print the figures of the pages, and how much is received meanwhile."""
    server = ServerProcess(home / "pages", web=True)
    fill(server, messages)
    server.start()
    try:
        visitor = Visitor.of(server)
        quiet = _looked(visitor, _ROUND_S)
        _print("nothing comes in", quiet)
        alone = _Load(server, _ROUND_S).rate()
        load = _Load(server, _ROUND_S)
        busy = _looked(visitor, _ROUND_S)
        rate = load.rate()
        _print(f"{rate:.0f} messages/s come in, {alone:.0f} when nobody looks", busy)
        for name, taken in busy.named():
            scores.add(Figure(f"{name} page, p95", _p95(taken), _MOST_MS, unit=" ms", at_most=True))
        scores.add(Figure("received while pages are looked at", rate / alone, _LEAST_SHARE))
    finally:
        server.kill()
    _at_full_speed(home, scores)


def _at_full_speed(home: Path, scores: Scores) -> None:
    """Compare what comes in with the pages' search read in behind it, and without them."""
    servers = [ServerProcess(home / f"full-{web}", web=web) for web in (True, False)]
    rates: list[list[float]] = [[], []]
    try:
        for server in servers:
            fill(server, 0)
            server.start()
        for number in range(_ROUNDS):
            progress(f"full speed: round {number + 1}")
            for server, found in zip(servers, rates, strict=True):
                found.append(_Load(server, _FULL_S, _FULL_RATE).rate())
    finally:
        progress("")
        for server in servers:
            server.kill()
    ratio = median(with_pages / without for with_pages, without in zip(*rates, strict=True))
    told = [", ".join(f"{rate:.0f}" for rate in found) for found in rates]
    print(f"Received at full speed, messages/s: {told[0]} with pages; {told[1]} without\n")
    scores.add(Figure("received at full speed, with pages", ratio, _LEAST_SHARE))


def _p95(taken: Sequence[float]) -> float:
    return quantiles(taken, n=20)[-1]


def _print(what: str, times: Times) -> None:
    print(f"Pages of {MESSAGES} messages, {what}\n")
    print(f"  {'':<10}{'asked':>8}{'median':>10}{'p95':>10}{'longest':>10}")
    for name, taken in times.named():
        told = f"{median(taken):>7.0f} ms{_p95(taken):>7.0f} ms{max(taken):>7.0f} ms"
        print(f"  {name:<10}{len(taken):>8}{told}")
    print()


def _looked(visitor: Visitor, seconds: float) -> Times:
    """Look at a list, a search, a message by turns."""
    times, ends, number = Times(), time.monotonic() + seconds, 0
    places: list[str] = []
    while time.monotonic() < ends:
        query = SEARCHES[number % len(SEARCHES)]
        number += 1
        _timed(visitor, "/messages", times.lists)
        text = _timed(visitor, f"/messages?q={quote(query)}", times.searches)
        places += re.findall(r'<a href="(/messages/[^"]+)">', text)[:3]
        if places:
            _timed(visitor, places.pop(0).replace("&amp;", "&"), times.messages)
    return times


def _timed(visitor: Visitor, path: str, taken: list[float]) -> str:
    begun = time.perf_counter()
    answered = visitor.get(path)
    taken.append((time.perf_counter() - begun) * 1000)
    if answered.status != 200:
        raise RuntimeError(f"{path}: {answered.status}")
    return answered.text


class _Load:
    """Mail that comes in at an even rate, as far as it is taken. Made for one stretch of time."""

    def __init__(self, server: ServerProcess, seconds: float, rate: float = _RATE) -> None:
        self._seconds = seconds
        self._sender = subprocess.Popen(
            [sys.executable, "-m", "bench.steady", f"{server.smtp_port}", f"{seconds}", f"{rate}"],
            stdout=subprocess.PIPE,
            text=True,
        )

    def rate(self) -> float:
        """Wait for the end; return how many a second were taken."""
        return int(self._sender.communicate()[0]) / self._seconds


def fill(server: ServerProcess, messages: int) -> None:
    """Write messages as an import does, into several mailboxes, and read them in."""
    settings = load_settings(server.config)
    with opened_office(settings) as office:
        done(office.accounts.add_domain("example.org"))
        for number in range(_MAILBOXES):
            done(office.accounts.add_mailbox(address(number), None, MailboxOptions()))
    url = settings.database.url
    with inline_stores(url, settings.data_dir, cast("IReactorTime", Clock())) as stores:
        _write(stores, messages)
        progress("reading them in")
        while done(stores.searching.read_in(_A_GROUP)):
            pass
    progress("")


def _write(stores: InlineStores, messages: int) -> None:
    ids = [each.id for each in done(stores.directory.mailboxes(None))]
    for start in range(0, messages, _A_GROUP):
        progress(f"writing messages: {start}")
        for turn, mailbox_id in enumerate(ids):
            numbers = range(start + turn, min(start + _A_GROUP, messages), len(ids))
            drafts = [_draft(number, mailbox_id) for number in numbers]
            done(stores.messages.take_in(mailbox_id, drafts))


def _draft(number: int, mailbox_id: int) -> Draft:
    subject = f"{_WORDS[number % len(_WORDS)]} {number}"
    if number % 1009 == 99:
        subject += f" needle-{number % 100}"
    author = f"Buyer {number % 997} <buyer-{number % 997}@example.net>"
    received = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=4 * number)
    head = f"Subject: {subject}\r\nFrom: {author}\r\nTo: box@example.org\r\n"
    if number % 7 == 0:
        head += 'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
        text = f"--b\r\n\r\n{BODY}--b\r\nContent-Type: application/pdf\r\n\r\nx\r\n--b--\r\n"
    else:
        head, text = head + "\r\n", BODY
    octets = (head + text).encode()
    folder = "Quarantine" if number % 50 == 1 else "INBOX"
    flags = {"\\Seen"} if number % 3 else set()
    flags |= {"\\Flagged"} if number % 500 == 0 else set()
    filing = Filing(
        mailbox_id, "box@example.org", "kept", (folder,), frozenset(flags), frozenset(), b"",
        Trace(),
    )  # fmt: skip
    return Draft(
        queue_id=f"{number:014}",
        received=received,
        client=Client("192.0.2.1", 4242, "S"),
        sender=f"buyer-{number % 997}@example.net",
        content=Content(len(octets), head.encode(), head_complete=True, inline=octets),
        prefix=b"Received: by mx.example.org\r\n",
        message_id=f"<{number}@example.net>",
        subject=subject,
        header_from=author,
        filings=(filing,),
        origin=Origin("bench", number.to_bytes(8, "big"), received),
    )
