from __future__ import annotations

from ipaddress import ip_network

import pytest
from twisted.internet.task import Clock

from bitrixmail.model.limits import SMTPLimits, network_of, source_of
from bitrixmail.model.reply import TOO_MANY_CONNECTIONS
from bitrixmail.pipeline import admission as admissions
from bitrixmail.pipeline.admission import (
    CROWDED_NETWORK,
    FAST_NETWORK,
    TOO_FAST,
    TOO_MANY_MESSAGES,
    TOO_MANY_RECIPIENTS,
    Admission,
)


def test_connections_of_one_address_are_counted() -> None:
    admission = Admission(Clock())
    limits = SMTPLimits(connections_per_ip=2, connections_per_minute_per_ip=0)
    assert admission.enter("192.0.2.1", limits) is None
    assert admission.enter("192.0.2.1", limits) is None
    assert admission.enter("192.0.2.1", limits) == TOO_MANY_CONNECTIONS
    assert admission.enter("192.0.2.2", limits) is None
    admission.leave("192.0.2.1")
    assert admission.enter("192.0.2.1", limits) is None


def test_new_connections_per_minute() -> None:
    clock = Clock()
    admission = Admission(clock)
    limits = SMTPLimits(connections_per_ip=0, connections_per_minute_per_ip=3)
    for _ in range(3):
        assert admission.enter("192.0.2.1", limits) is None
        admission.leave("192.0.2.1")
    assert admission.enter("192.0.2.1", limits) == TOO_FAST
    clock.advance(60)
    assert admission.enter("192.0.2.1", limits) is None


def test_exempt_networks_are_not_limited() -> None:
    admission = Admission(Clock())
    limits = SMTPLimits(connections_per_ip=1, exempt_networks=(ip_network("127.0.0.0/8"),))
    assert [admission.enter("127.0.0.1", limits) for _ in range(100)] == [None] * 100


def test_a_64_network_is_one_source() -> None:
    assert source_of("2001:db8::1") == source_of("2001:db8::ffff:2")
    assert source_of("2001:db8::1") != source_of("2001:db8:0:1::1")
    assert source_of("192.0.2.1") == "192.0.2.1"


def test_zero_means_no_limit() -> None:
    admission = Admission(Clock())
    limits = SMTPLimits(
        connections_per_ip=0,
        connections_per_minute_per_ip=0,
        connections_per_network=0,
        connections_per_minute_per_network=0,
    )
    assert [admission.enter("192.0.2.1", limits) for _ in range(999)] == [None] * 999


def test_the_programs_of_this_machine_are_no_one_source() -> None:
    admission = Admission(Clock())
    limits = SMTPLimits(connections_per_ip=1, connections_per_minute_per_ip=1)
    assert [admission.enter("", limits) for _ in range(100)] == [None] * 100


def test_a_network_is_counted_over_its_addresses() -> None:
    admission = Admission(Clock())
    limits = SMTPLimits(connections_per_ip=2, connections_per_network=3)
    assert [admission.enter(f"192.0.2.{n}", limits) for n in range(3)] == [None] * 3
    assert admission.enter("192.0.2.200", limits) == CROWDED_NETWORK
    assert admission.enter("192.0.3.1", limits) is None
    admission.leave("192.0.2.1")
    assert admission.enter("192.0.2.200", limits) is None
    assert [admission.enter(f"2001:db8:0:{n}::1", limits) for n in range(3)] == [None] * 3
    assert admission.enter("2001:db8:0:ff::1", limits) == CROWDED_NETWORK
    assert admission.enter("2001:db8:0:100::1", limits) is None


def test_new_connections_of_a_network_per_minute() -> None:
    clock = Clock()
    admission = Admission(clock)
    limits = SMTPLimits(connections_per_minute_per_network=2)
    for number in range(2):
        assert admission.enter(f"192.0.2.{number}", limits) is None
        admission.leave(f"192.0.2.{number}")
    assert admission.enter("192.0.2.9", limits) == FAST_NETWORK
    assert admission.enter("192.0.3.9", limits) is None
    clock.advance(60)
    assert admission.enter("192.0.2.9", limits) is None


def test_networks() -> None:
    assert network_of("192.0.2.1") == network_of("192.0.2.254") != network_of("192.0.20.1")
    assert network_of("2001:db8:0:1::1") == network_of("2001:db8:0:fe::1")
    assert network_of("2001:db8:0:1::1") != network_of("2001:db8:0:100::1")


def test_messages_and_recipients_per_minute() -> None:
    clock = Clock()
    admission = Admission(clock)
    limits = SMTPLimits(
        messages_per_minute_per_ip=2,
        recipients_per_minute_per_ip=3,
        exempt_networks=(ip_network("127.0.0.0/8"),),
    )
    assert [admission.message("192.0.2.1", limits) for _ in range(2)] == [None] * 2
    assert admission.message("192.0.2.1", limits) == TOO_MANY_MESSAGES
    assert [admission.recipient("192.0.2.1", limits) for _ in range(3)] == [None] * 3
    assert admission.recipient("192.0.2.1", limits) == TOO_MANY_RECIPIENTS
    assert admission.message("192.0.2.2", limits) is None
    for free in ("127.0.0.1", ""):
        assert [admission.message(free, limits) for _ in range(9)] == [None] * 9
        assert [admission.recipient(free, limits) for _ in range(9)] == [None] * 9
    clock.advance(60)
    assert admission.message("192.0.2.1", limits) is None
    assert admission.recipient("192.0.2.1", limits) is None


def test_what_is_remembered_is_bounded_and_the_quiet_are_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(admissions, "_REMEMBERED", 100)
    counts = admissions.PerMinute(Clock())
    assert not counts.exceeds("busy", 1)
    for number in range(500):
        counts.exceeds(f"192.0.2.{number}", 1)
        assert counts.exceeds("busy", 1)
    assert len(counts._recent) == 100
    assert not counts.exceeds("192.0.2.0", 1)


def test_who_has_left_leaves_nothing_behind() -> None:
    admission = Admission(Clock())
    limits = SMTPLimits(connections_per_minute_per_ip=0, connections_per_minute_per_network=0)
    for number in range(200):
        address = f"192.0.{number}.1"
        assert admission.enter(address, limits) is None
        admission.leave(address)
    assert not admission._open
    assert not admission._open_of_network
