"""The server's own books, read from its files while it is down: they must agree with themselves."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

# Each finds rows that must not be there; what is wrong with them stands first.
_QUESTIONS = {
    "mailboxes whose used octets are not the sum of their places": """
        SELECT address FROM mailbox WHERE used_octets <>
            (SELECT COALESCE(SUM(size_octets), 0) FROM place WHERE mailbox_id = mailbox.id)""",
    "UIDs given twice": """
        SELECT folder_id, uid FROM place GROUP BY folder_id, uid HAVING COUNT(*) > 1""",
    "UIDs in use that will be given out again": """
        SELECT name FROM folder WHERE next_uid <=
            (SELECT COALESCE(MAX(uid), 0) FROM place WHERE folder_id = folder.id)""",
    "UIDs of removed messages that will be given out again": """
        SELECT name FROM folder WHERE next_uid <=
            (SELECT COALESCE(MAX(uid), 0) FROM tombstone WHERE folder_id = folder.id)""",
    "places that changed after their folder did": """
        SELECT place.id FROM place JOIN folder ON folder.id = folder_id
            WHERE place.modseq > folder.modseq""",
    "messages without a place": """
        SELECT queue_id FROM message WHERE id NOT IN (SELECT message_id FROM place)""",
    "messages not received exactly once by the event log": """
        SELECT queue_id FROM message WHERE 1 <>
            (SELECT COUNT(*) FROM event WHERE event.queue_id = message.queue_id
                AND kind = 'received')""",
    "places that the event log has not filed": """
        SELECT queue_id FROM message WHERE
            (SELECT COUNT(*) FROM place WHERE message_id = message.id) >
            (SELECT COUNT(*) FROM event WHERE event.queue_id = message.queue_id
                AND kind = 'filed')""",
    "numbers that will be given out again": """
        SELECT name FROM sequence WHERE
            (name = 'message' AND last < (SELECT COALESCE(MAX(id), 0) FROM message)) OR
            (name = 'place' AND last < (SELECT COALESCE(MAX(id), 0) FROM place)) OR
            (name = 'event' AND last < (SELECT COALESCE(MAX(id), 0) FROM event))""",
    "references to nothing": "PRAGMA foreign_key_check",
}


def _opened(data_dir: Path) -> sqlite3.Connection:
    return sqlite3.connect(data_dir / "bitrixmail.sqlite")


def faults(data_dir: Path) -> list[str]:
    """Return what does not agree, one sentence each; nothing is changed."""
    with closing(_opened(data_dir)) as connection:
        [[whole]] = connection.execute("PRAGMA integrity_check").fetchmany(1)
        if whole != "ok":
            return [f"the database is damaged: {whole}"]
        found = []
        for question, query in _QUESTIONS.items():
            rows = connection.execute(query).fetchmany(3)
            if rows:
                found.append(f"{question}: {rows}")
        blobs = dict(
            connection.execute("SELECT blob_id, size_octets FROM message WHERE blob_id IS NOT NULL")
        )
    for blob_id, size_octets in blobs.items():
        file = data_dir / "blobs" / blob_id[:2] / blob_id
        if not file.is_file() or file.stat().st_size != size_octets:
            found.append(f"{blob_id} is not there as the database says")
    return found


def named_blobs(data_dir: Path) -> frozenset[str]:
    """Return the files that the database knows, also those whose message is gone lately."""
    with closing(_opened(data_dir)) as connection:
        rows = connection.execute(
            "SELECT blob_id FROM message WHERE blob_id IS NOT NULL"
            " UNION SELECT blob_id FROM unlinked_blob"
        )
        return frozenset(blob_id for (blob_id,) in rows)


def orphans(data_dir: Path) -> int:
    """Count the files that no message names: what a crash may leave, for the sweep to find."""
    named = named_blobs(data_dir)
    files = (path for path in (data_dir / "blobs").rglob("*") if path.is_file())
    return sum(1 for path in files if path.name not in named)
