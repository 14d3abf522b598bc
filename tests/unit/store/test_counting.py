"""How matches are gathered in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection

from bitrixmail.model.plan import RuleStep, Trace
from bitrixmail.model.rulebook import RuleCount
from bitrixmail.store.counting import RuleCounts
from bitrixmail.store.values import to_us
from tests.fakes.drafts import RECEIVED, make_filing
from tests.fakes.stores import make_stores, result_of

FILING = make_filing(1, "INBOX")
LATER = RECEIVED + timedelta(seconds=1)


def matching(*names: str) -> Trace:
    return Trace(1, tuple(RuleStep(name, matched=True) for name in names))


def test_one_transaction_adds_all_its_messages_at_once(tmp_path: Path) -> None:
    counts = RuleCounts()
    for moment in (LATER, RECEIVED):  # who finished first is not who came first
        counts.add(replace(FILING, trace=matching("a")), to_us(moment))
    # What no column can hold is one with what it is stored as.
    counts.add(replace(FILING, trace=matching("b\ud800")), to_us(RECEIVED))
    counts.add(replace(FILING, trace=matching("b?")), to_us(RECEIVED))
    statements: list[str] = []

    def write(connection: Connection, _items: Sequence[None]) -> list[None]:
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.set_trace_callback(statements.append)
        counts.save(connection)
        RuleCounts().save(connection)
        driver.set_trace_callback(None)
        return [None]

    with make_stores(tmp_path) as stores:
        assert stores.database.write(write, None).called
        assert result_of(stores.rulebook.counts()) == {
            "a": RuleCount(2, LATER),
            "b?": RuleCount(2, RECEIVED),
        }
    assert len(statements) == 1
