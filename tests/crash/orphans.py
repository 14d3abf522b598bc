"""Files of the blob store that no message names: what a crash may leave, for the sweep to find."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path


def orphan_blobs(data_dir: Path) -> int:
    """Count them. The database is only read."""
    database = f"file:{data_dir / 'bitrixmail.sqlite'}?mode=ro"
    with closing(sqlite3.connect(database, uri=True)) as connection:
        rows = connection.execute("SELECT blob_id FROM message WHERE blob_id IS NOT NULL")
        named = {blob_id for (blob_id,) in rows}
    files = (path for path in (data_dir / "blobs").rglob("*") if path.is_file())
    return sum(1 for path in files if path.name not in named)
