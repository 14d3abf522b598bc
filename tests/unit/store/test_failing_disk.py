"""Full, locked, unreadable: what a client is told, and that the store comes back by itself."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from bitrixmail.model.directory import Domain, Mailbox
from bitrixmail.model.errors import StoreFullError, StoreUnavailableError
from bitrixmail.model.message import INBOX
from bitrixmail.store.database import DatabaseFile, outside_cause
from bitrixmail.store.executors import Database, InlineExecutor
from bitrixmail.store.messages import DatabaseMessages
from bitrixmail.store.opening import InlineStores
from tests.fakes.drafts import make_draft, make_filing
from tests.fakes.small_disk import mounted, remount
from tests.fakes.stores import make_stores, result_of


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[InlineStores]:
    with make_stores(tmp_path) as stores:
        yield stores


def add_info(stores: InlineStores) -> Mailbox:
    result_of(stores.directory.add_domain(Domain("example.org")))
    return result_of(stores.directory.add_mailbox(Mailbox(0, "info@example.org"), None))


def test_a_locked_database_is_unavailable_until_it_is_free(stores: InlineStores) -> None:
    info = add_info(stores)
    file = DatabaseFile(stores.database.file.path, busy_s=0.1)
    database = Database(file, InlineExecutor())
    database.start()
    messages = DatabaseMessages(database, stores.blobs, stores.messages._clock, sends=True)
    holder = sqlite3.connect(file.path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailableError, match="locked") as caught:
        result_of(messages.append(make_draft("Q1", make_filing(info.id, INBOX))))
    assert caught.value.reply.code == 451
    assert result_of(messages.usage(info.id)) == 0
    holder.execute("ROLLBACK")
    holder.close()
    result_of(messages.append(make_draft("Q1", make_filing(info.id, INBOX))))
    database.stop()
    assert len(result_of(stores.messages.find("Q1"))) == 1


def test_a_full_database_is_full_until_there_is_room(stores: InlineStores) -> None:
    info = add_info(stores)
    writer: Any = stores.database._executor
    driver = writer._writer._connection.connection.driver_connection
    driver.execute("PRAGMA max_page_count=1")
    big = make_draft("Q1", make_filing(info.id, INBOX), octets=b"x" * 500_000)
    with pytest.raises(StoreFullError) as caught:
        result_of(stores.messages.append(big))
    assert (caught.value.reply.code, caught.value.reply.enhanced) == (452, "4.3.1")
    assert result_of(stores.messages.usage(info.id)) == 0
    result_of(stores.messages.append(big))
    assert len(result_of(stores.messages.find("Q1"))) == 1


def fill(stores: InlineStores, mailbox: Mailbox) -> int:
    """Append until there is no room; return how many were kept."""
    for number in range(1000):
        draft = make_draft(f"Q{number}", make_filing(mailbox.id, INBOX), octets=b"x" * 50_000)
        try:
            result_of(stores.messages.append(draft))
        except StoreFullError:
            return number
    raise AssertionError("the disk never filled")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "small", "3m") as folder:
        yield folder


def test_a_full_disk_is_full_until_there_is_room(small_disk: Path) -> None:
    with make_stores(small_disk) as stores:
        info = add_info(stores)
        kept = fill(stores, info)
        assert kept > 5
        view = result_of(stores.messages.folder(info.id, INBOX))
        assert view is not None
        assert len(view.places) == kept
        writer = stores.blobs.create()
        writer.write(b"x" * 3_000_000)
        with pytest.raises(StoreFullError):
            result_of(writer.finish())
        writer.abort()
        remount(small_disk, "size=30m")
        draft = make_draft("NEW", make_filing(info.id, INBOX), octets=b"x" * 50_000)
        result_of(stores.messages.append(draft))
        assert len(result_of(stores.messages.find("NEW"))) == 1


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, StoreFullError),
        (errno.EDQUOT, StoreFullError),
        (errno.EIO, StoreUnavailableError),
        (errno.EROFS, StoreUnavailableError),
        (errno.EMFILE, StoreUnavailableError),
    ],
)
def test_errors_of_the_system_are_mapped(number: int, kind: type[Exception]) -> None:
    assert type(outside_cause(OSError(number, "x"))) is kind


def test_a_bug_is_no_failing_disk(stores: InlineStores) -> None:
    def nonsense(connection: Connection) -> None:
        connection.exec_driver_sql("SELECT nothing FROM nowhere")

    async def ask() -> None:
        await stores.database.read(nonsense)

    with pytest.raises(OperationalError, match="nowhere"):
        result_of(ask())
    assert result_of(stores.directory.domains()) == ()
