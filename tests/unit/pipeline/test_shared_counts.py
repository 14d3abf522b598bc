from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from twisted.internet.task import Clock

from bitrixmail.model.limits import SMTPLimits
from bitrixmail.model.reply import TOO_MANY_CONNECTIONS
from bitrixmail.pipeline.admission import (
    CROWDED_NETWORK,
    FAST_NETWORK,
    TOO_FAST,
    TOO_MANY_MESSAGES,
    TOO_MANY_RECIPIENTS,
    Admission,
)
from bitrixmail.pipeline.shared_counts import SharedCounts, SharedTable


@pytest.fixture
def table() -> Iterator[SharedTable]:
    table = SharedTable(3)
    yield table
    os.close(table.descriptor)


def admissions(table: SharedTable, clock: Clock) -> list[Admission]:
    """Return those of three processes, of which the others have opened the table anew."""
    tables = [table, *(SharedTable(3, table.descriptor, table.key) for _ in range(2))]
    return [
        Admission(clock, SharedCounts(found, row, clock.seconds))
        for row, found in enumerate(tables)
    ]


def test_connections_are_counted_over_all_processes(table: SharedTable) -> None:
    clock = Clock()
    first, second, third = admissions(table, clock)
    limits = SMTPLimits(connections_per_ip=3, connections_per_network=4)
    for admission in (first, second, third):
        assert admission.enter("192.0.2.1", limits) is None
    for admission in (first, second, third):
        assert admission.enter("192.0.2.1", limits) == TOO_MANY_CONNECTIONS
    assert third.enter("192.0.2.2", limits) is None
    assert first.enter("192.0.2.3", limits) == CROWDED_NETWORK
    second.leave("192.0.2.1")
    assert third.enter("192.0.2.1", limits) is None
    assert first.enter("192.0.2.1", limits) == TOO_MANY_CONNECTIONS


def test_the_connections_of_a_process_end_with_it(table: SharedTable) -> None:
    clock = Clock()
    first, second, _ = admissions(table, clock)
    limits = SMTPLimits(connections_per_ip=1)
    assert second.enter("192.0.2.1", limits) is None
    assert first.enter("192.0.2.1", limits) == TOO_MANY_CONNECTIONS
    table.forget(1)
    assert first.enter("192.0.2.1", limits) is None


def test_a_minute_is_counted_over_all_processes(table: SharedTable) -> None:
    clock = Clock()
    clock.advance(1000)
    first, second, third = admissions(table, clock)
    limits = SMTPLimits(
        connections_per_minute_per_ip=2,
        messages_per_minute_per_ip=2,
        recipients_per_minute_per_ip=2,
    )
    for admission in (first, second):
        assert admission.enter("192.0.2.1", limits) is None
        assert admission.message("192.0.2.1", limits) is None
        assert admission.recipient("192.0.2.1", limits) is None
    assert third.enter("192.0.2.1", limits) == TOO_FAST
    assert first.message("192.0.2.1", limits) == TOO_MANY_MESSAGES
    assert second.recipient("192.0.2.1", limits) == TOO_MANY_RECIPIENTS
    assert third.message("192.0.2.2", limits) is None
    clock.advance(61)
    assert third.enter("192.0.2.1", limits) is None
    assert third.message("192.0.2.1", limits) is None


def test_the_minute_of_a_network_is_counted_over_all_processes(table: SharedTable) -> None:
    clock = Clock()
    clock.advance(1000)
    first, second, _ = admissions(table, clock)
    limits = SMTPLimits(connections_per_minute_per_network=1)
    assert first.enter("192.0.2.1", limits) is None
    assert second.enter("192.0.2.2", limits) == FAST_NETWORK


def test_another_name_in_one_of_the_cells_does_no_harm(table: SharedTable) -> None:
    counts = SharedCounts(table, 0, lambda: 1000.0)
    asking = SharedCounts(table, 1, lambda: 1000.0)
    first, _ = table.cells("x")
    other = next(
        name
        for name in map(str, range(1_000_000))
        if first in table.cells(name) and set(table.cells(name)) != set(table.cells("x"))
    )
    for _ in range(5):
        counts.opened(other, 1)
        counts.happened(other)
    assert asking.open_elsewhere(other) == asking.recent_elsewhere(other) == 5
    assert asking.open_elsewhere("x") == asking.recent_elsewhere("x") == 0


def test_what_is_counted_out_more_often_than_in_is_nothing(table: SharedTable) -> None:
    counts, asking = SharedCounts(table, 0), SharedCounts(table, 1)
    counts.opened("x", -1)
    assert asking.open_elsewhere("x") == 0
    counts.opened("x", 1)
    assert asking.open_elsewhere("x") == 1
