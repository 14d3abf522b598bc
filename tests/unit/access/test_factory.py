from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_network

from tests.fakes.reader_door import ReaderDoor
from tests.unit.access.conftest import Reader

Connect = Callable[[], Reader]


def test_one_source_has_a_number_of_connections(door: ReaderDoor, connect: Connect) -> None:
    door.factory.limits = replace(door.factory.limits, connections_per_ip=2)
    door.factory.peer = "2001:db8::1"
    first = connect()
    connect()
    door.factory.peer = "2001:db8::ffff"  # of the same /64
    refused = connect()
    assert refused.transport.read() == b"-ERR [SYS/TEMP] Too many connections from your address\r\n"
    assert refused.transport.disconnecting
    refused.lose()
    door.factory.peer = "2001:db8:0:1::1"
    assert connect().transport.read().startswith(b"+OK")
    first.lose()
    door.factory.peer = "2001:db8::2"
    assert connect().transport.read().startswith(b"+OK")
    assert connect().transport.read().startswith(b"-ERR")


def test_a_source_that_is_exempt_has_not(door: ReaderDoor, connect: Connect) -> None:
    door.factory.limits = replace(
        door.factory.limits,
        connections_per_ip=1,
        exempt_networks=(ip_network("192.0.2.0/24"),),
        connections=4,
    )
    door.factory.peer = "192.0.2.1"
    for _ in range(4):
        assert connect().transport.read().startswith(b"+OK")
    assert connect().transport.read().startswith(b"-ERR")
    assert [transition for transition, _ in door.maillog.lines] == ["refused"]


def test_who_comes_by_a_local_socket_is_private_and_no_source(
    door: ReaderDoor, connect: Connect
) -> None:
    door.factory.limits = replace(door.factory.limits, connections_per_ip=1)
    door.factory.peer = ""
    for _ in range(3):
        assert connect().transport.read().startswith(b"+OK")
    connect().log_in()
    assert door.maillog.lines[-1][1]["peer"] == ""


def test_ids_of_sessions_differ_from_those_of_the_other_door(
    door: ReaderDoor, connect: Connect
) -> None:
    names = [connect().session.client.session_id for _ in range(2)]
    assert names == ["p0-1", "p0-2"]


def test_a_drain_waits_for_the_last_session(door: ReaderDoor, connect: Connect) -> None:
    reader = connect()
    reader.log_in()
    door.hooks()["drain"]("")
    assert reader.transport.disconnecting
    assert not door.drained
    late = connect()
    assert late.transport.read().startswith(b"-ERR [SYS/TEMP] ")
    late.lose()
    reader.lose()
    assert door.drained


def test_limits_may_change_while_it_runs(door: ReaderDoor, connect: Connect) -> None:
    early = connect()
    door.factory.limits = replace(door.factory.limits, max_errors=1)
    late = connect()
    for reader in (early, late):
        reader.send(b"FOO")
    assert not early.transport.disconnecting
    assert late.transport.disconnecting
