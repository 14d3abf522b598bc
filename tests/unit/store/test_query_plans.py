"""The statements that come often must not read whole tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bitrixmail.store import (
    appending,
    directory_reading,
    reading,
    refiling,
    removal,
    shifting,
    standing,
    ticket_reading,
    work_done,
)
from bitrixmail.store.database import DatabaseFile
from bitrixmail.store.prepared import Prepared
from bitrixmail.store.versions import prepare

# name -> (statement, may it sort?)
STATEMENTS: dict[str, tuple[Any, bool]] = {
    "mailboxes of an append": (appending._FIND_MAILBOXES, False),
    "folders of an append": (appending._FIND_FOLDERS, False),
    "advance a folder": (appending._ADVANCE_FOLDER, False),
    "grow a mailbox": (appending._GROW_MAILBOX, False),
    "a folder's places": (reading.PLACES, False),
    "a place's octets": (reading.OCTETS, False),
    "list a folder": (reading.LIST_FOLDER, False),
    "list a mailbox": (reading.LIST_MAILBOX, False),
    "list a folder on": (reading.LIST_FOLDER_ON, False),
    "list a mailbox on": (reading.LIST_MAILBOX_ON, False),
    "list a message": (reading.LIST_MESSAGE, True),
    "events of a message": (reading.EVENTS_OF_MESSAGE, False),
    "events of an address": (reading.EVENTS_OF_ADDRESS, True),
    "a queue id seen": (reading._SEEN, False),
    "blobs in use": (reading._BLOBS, False),
    "a mailbox's usage": (reading._USAGE, False),
    "places too old": (removal._OLD, False),
    "places by UID": (removal._BY_UID, False),
    "orphans": (removal._DELETE_MESSAGE, False),
    "places of a run": (standing._PAGE, False),
    "a place to be changed": (shifting._FIND, False),
    "changes of a run": (refiling._CHANGES, False),
    "work done for a message": (work_done._KEYS, False),
    "work to be done for a message": (work_done._JOBS, False),
    "work of a message that is gone": (work_done._FORGET, False),
    "a stored message in a ticket": (ticket_reading._HOLDING, True),
    "a domain": (directory_reading.DOMAIN_BY_NAME, False),
    "a mailbox": (directory_reading.MAILBOX_BY_KEY, False),
    "an alias": (directory_reading.ALIAS_BY_KEY, False),
    "a credential": (directory_reading.CREDENTIAL_BY_KEY, False),
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_hot_statements_go_by_an_index(name: str, tmp_path: Path) -> None:
    file = DatabaseFile(tmp_path / "mail.sqlite")
    prepare(file)
    statement, may_sort = STATEMENTS[name]
    if isinstance(statement, Prepared):
        statement = statement._statement
    compiled = statement.compile(dialect=file.reading.dialect)
    with file.writing.connect() as connection:
        sql = str(compiled).replace("(__[POSTCOMPILE_uids])", "(?)")
        values = (1,) * sql.count("?")
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values).all()
    plan = [str(row[3]) for row in rows]
    assert not any(
        step.startswith("SCAN") and "COVERING INDEX" not in step and "CONSTANT" not in step
        for step in plan
    ), plan
    assert may_sort or not any("TEMP B-TREE" in step for step in plan), plan
