"""Mailboxes are told what came into their quarantine: when, of what, and once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock

from bitrixmail.app.recurring.digests import Digests
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.mime.parts import parse_body
from bitrixmail.model.directory import Domain, Mailbox
from bitrixmail.model.message import INBOX, QUARANTINE
from bitrixmail.store.opening import InlineStores
from tests.fakes.drafts import make_draft, make_filing
from tests.fakes.stores import make_stores, result_of

START = datetime(2027, 1, 15, 6, 0, tzinfo=UTC)
INFO = "info@example.org"


class Post:
    """A server's quarantine and clock. Made by a test."""

    def __init__(self, stores: InlineStores, schedule: str = "0 8 * * *") -> None:
        self.stores = stores
        self.clock = Clock()
        self.clock.advance(START.timestamp())
        result_of(stores.directory.add_domain(Domain("example.org")))
        self.mailbox = result_of(stores.directory.add_mailbox(Mailbox(0, INFO), None))
        self.count = 0
        self.start(schedule)

    def start(self, schedule: str = "0 8 * * *") -> None:
        self.digests = Digests(
            cast("IReactorTime", self.clock),
            self.stores.quarantine,
            self.stores.messages,
            self._next,
            schedule=schedule,
            timezone="UTC",
            hostname="mx.example.org",
        )

    def _next(self) -> str:
        self.count += 1
        return f"D{self.count}"

    def hold(self, queue_id: str, at: datetime, subject: str = "Cheap") -> None:
        filing = make_filing(self.mailbox.id, QUARANTINE, recipient=INFO)
        draft = make_draft(queue_id, filing, received=at, subject=subject)
        result_of(self.stores.messages.append(draft))

    def look(self, **later: float) -> list[str]:
        """Let time pass and look; return the digests there are, the oldest first."""
        self.clock.advance(timedelta(**later).total_seconds())
        result_of(self.digests._look())
        listed = result_of(self.stores.messages.listing(INFO, None, 100))
        ids = [each.queue_id for each in listed if each.folder == INBOX]
        octets = [result_of(self.stores.messages.export(each)) for each in reversed(ids)]
        return [parse_body(each, HeaderSection.parse(each)).text for each in octets]


def test_what_is_new_is_told_when_it_is_time_and_once(tmp_path: Path) -> None:
    with make_stores(tmp_path) as stores:
        post = Post(stores)
        assert post.look() == []
        post.hold("Q1", START + timedelta(minutes=5))
        assert post.look(hours=1) == []
        (first,) = post.look(hours=1, minutes=1)
        assert "bitrixmail quarantine release Q1" in first
        assert "Эти письма для info@example.org" in first
        assert post.look(hours=1) == [first]
        assert post.look(days=1) == [first]  # nothing new: nobody is written to
        post.hold("Q2", START + timedelta(days=1, hours=5))
        _, second = post.look(days=1)
        assert "Q2" in second
        assert "Q1" not in second


def test_what_was_due_while_the_server_was_down_is_told_once(tmp_path: Path) -> None:
    with make_stores(tmp_path) as stores:
        post = Post(stores)
        post.look()
        post.hold("Q1", START + timedelta(minutes=5))
        post.clock.advance(timedelta(days=3).total_seconds())
        post.start()
        assert len(post.look()) == 1
        assert len(post.look(minutes=1)) == 1


def test_a_crash_before_it_is_noted_makes_no_second_one(tmp_path: Path) -> None:
    with make_stores(tmp_path) as stores:
        post = Post(stores)
        post.look()
        post.hold("Q1", START + timedelta(minutes=5))
        told = result_of(stores.quarantine.last_told())
        assert len(post.look(hours=3)) == 1
        result_of(stores.quarantine.told({**told, post.mailbox.id: START}))
        assert len(post.look()) == 1


def test_without_a_schedule_nobody_is_told(tmp_path: Path) -> None:
    with make_stores(tmp_path) as stores:
        post = Post(stores, schedule="")
        post.hold("Q1", START)
        assert post.look(days=9) == []
        assert result_of(stores.quarantine.last_told()) == {}


def test_its_fields_say_what_it_is(tmp_path: Path) -> None:
    with make_stores(tmp_path) as stores:
        post = Post(stores)
        post.look()
        post.hold("Q1", START, subject="x\r\nBcc: y")
        post.look(hours=3)
        octets = result_of(stores.messages.export("D1"))
        headers = HeaderSection.parse(octets)
        assert headers.text("auto-submitted") == "auto-generated"
        assert headers.text("subject") == "Карантин: новых писем 1 / In quarantine: 1 new"
        assert headers.text("from") == "postmaster@example.org"
        assert headers.count("bcc") == 0
