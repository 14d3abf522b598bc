"""The real store, inline, with a small directory in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from twisted.internet.task import Clock

from bitrixmail.model.directory import Domain, Mailbox
from bitrixmail.store.opening import InlineStores, done, inline_stores


@pytest.fixture
def clock() -> Clock:
    clock = Clock()
    clock.advance(1_800_000_000)
    return clock


@pytest.fixture
def stores(tmp_path: Path, clock: Clock) -> Iterator[InlineStores]:
    """Two domains (one of another alphabet), an alias domain, mailboxes and aliases."""
    with inline_stores(f"sqlite:///{tmp_path}/mail.sqlite", tmp_path, clock) as stores:
        directory = stores.directory
        done(directory.add_domain(Domain("example.org")))
        done(directory.add_domain(Domain("xn--e1afmkfd.xn--p1ai")))
        done(directory.add_domain(Domain("example.com", alias_of="example.org")))
        for mailbox in (
            Mailbox(0, "info@example.org"),
            Mailbox(0, "plus@example.org", plus_folders=True),
            Mailbox(0, "off@example.org", active=False),
            Mailbox(0, "small@example.org", quota_octets=1000),
            Mailbox(0, "почта@xn--e1afmkfd.xn--p1ai"),
        ):
            done(directory.add_mailbox(mailbox, None))
        done(directory.set_alias("all@example.org", ["info@example.org", "plus@example.org"]))
        done(directory.set_alias("team@example.org", ["all@example.org", "info@example.org"]))
        yield stores
