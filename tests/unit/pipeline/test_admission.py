from __future__ import annotations

from ipaddress import ip_network

from twisted.internet.task import Clock

from bitrixmail.model.limits import SMTPLimits, source_of
from bitrixmail.model.reply import TOO_MANY_CONNECTIONS
from bitrixmail.pipeline.admission import TOO_FAST, Admission


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
    limits = SMTPLimits(connections_per_ip=0, connections_per_minute_per_ip=0)
    assert [admission.enter("192.0.2.1", limits) for _ in range(500)] == [None] * 500


def test_the_programs_of_this_machine_are_no_one_source() -> None:
    admission = Admission(Clock())
    limits = SMTPLimits(connections_per_ip=1, connections_per_minute_per_ip=1)
    assert [admission.enter("", limits) for _ in range(100)] == [None] * 100
