"""Whether the name of the mail host leads here, and what is said if it does not."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from bitrixmail.admin.findings.russian import finding_in_russian
from bitrixmail.admin.host_look import host_finding
from bitrixmail.admin.probes.own_addresses import OwnAddresses
from bitrixmail.model.finding import Finding, Severity
from tests.fakes.resolver import TableResolver
from tests.fakes.stores import result_of

HOST = "mx.example.org"
OURS, OTHERS, HIDDEN = "9.9.9.9", "8.8.8.8", "10.0.0.7"


def found(address: str, own: OwnAddresses) -> Finding:
    lines = (f"{HOST}. 60 IN A {address}",) if address else ()
    return result_of(host_finding(HOST, TableResolver(*lines), own))


@pytest.mark.parametrize(
    ("address", "severity", "what"),
    [
        (OURS, Severity.OK, f"leads here: {OURS}"),
        (OTHERS, Severity.FAILURE, f"its addresses are {OTHERS}, not those of this server"),
        ("", Severity.FAILURE, "has no address"),
    ],
)
def test_where_the_name_leads(address: str, severity: Severity, what: str) -> None:
    told = found(address, OwnAddresses(frozenset({ip_address(OURS)})))
    assert (told.subject, told.severity, told.what) == (HOST, severity, what)
    if severity is Severity.FAILURE:
        assert f"{HOST}. 3600 IN A {OURS}" in told.remedies
    russian = finding_in_russian(told)
    assert russian.what != told.what
    assert russian.why != told.why or not told.why


def test_behind_a_router_nobody_can_tell() -> None:
    told = found(OTHERS, OwnAddresses(found=frozenset({ip_address(HIDDEN)})))
    assert (told.severity, told.what) == (
        Severity.WARNING,
        f"its addresses are {OTHERS}, perhaps those of this server",
    )
    assert (
        finding_in_russian(told).what == f"его адреса — {OTHERS}; возможно, это и есть этот сервер"
    )


def test_no_answer_is_no_fault() -> None:
    resolver = TableResolver()
    resolver.failing = {HOST}
    told = result_of(host_finding(HOST, resolver, OwnAddresses()))
    assert told.severity is Severity.WARNING
    assert "не удалось" in finding_in_russian(told).what
