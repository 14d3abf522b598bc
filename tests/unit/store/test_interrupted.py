"""A message is there whole or not at all, wherever its writing was stopped."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy.exc import OperationalError

from bitrixmail.model.directory import Domain, Mailbox
from bitrixmail.model.message import INBOX
from bitrixmail.store.appending import append
from bitrixmail.store.database import Session
from tests.fakes.drafts import make_draft, make_filing
from tests.fakes.stores import make_stores, result_of


def test_stopped_after_any_step_a_message_is_there_or_not(tmp_path: Path) -> None:
    """Stop SQLite after the n-th piece of work, for every n, until the append goes through."""
    with make_stores(tmp_path) as stores:
        result_of(stores.directory.add_domain(Domain("example.org")))
        info = result_of(stores.directory.add_mailbox(Mailbox(0, "info@example.org"), None))
        session = Session(stores.database.file, stores.database.file.writing)
        interrupted = 0
        for most in range(1, 10_000):
            queue_id = f"Q{most}"
            draft = make_draft(queue_id, make_filing(info.id, INBOX, f"F{most}"))
            session.run(lambda _connection: None)
            steps = count_steps(session, most)
            try:
                session.run(append, [draft])
            except (sqlite3.OperationalError, OperationalError):
                interrupted += 1
                assert result_of(stores.messages.folder(info.id, f"F{most}")) is None
                assert result_of(stores.messages.events(queue_id, None, 9)) == ()
                assert result_of(stores.messages.usage(info.id)) == 0
                continue
            finally:
                stop_counting(session)
            assert steps[0] < most
            break
        session.close()
        inbox = result_of(stores.messages.folder(info.id, INBOX))
        assert inbox is not None
        assert [place.uid for place in inbox.places] == [1]
        assert interrupted > 50


def driver_of(session: Session) -> Any:
    assert session._connection is not None
    return session._connection.connection.driver_connection


def count_steps(session: Session, most: int) -> list[int]:
    steps = [0]

    def stepped() -> int:
        steps[0] += 1
        return int(steps[0] >= most)

    driver_of(session).set_progress_handler(stepped, 10)
    return steps


def stop_counting(session: Session) -> None:
    if session._connection is not None:
        driver_of(session).set_progress_handler(None, 10)
