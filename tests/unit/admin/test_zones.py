"""The records of a domain as they should be, beside what was found when last looked at."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any, cast

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock

from bitrixmail.admin.dkim import DKIM
from bitrixmail.admin.dns_check import Looked
from bitrixmail.admin.dns_finding import different
from bitrixmail.admin.dns_records import spf_record, zone_lines
from bitrixmail.admin.probes.own_addresses import OwnAddresses
from bitrixmail.admin.zones import PATIENCE_S, LastLooks, Zones
from bitrixmail.model.directory import Domain
from bitrixmail.model.dkim import DKIMKey, KeyState
from bitrixmail.model.errors import InputError, NotFoundError
from bitrixmail.model.finding import Finding, Severity
from bitrixmail.outbound.security.dkim_keys import make_keys
from bitrixmail.store.opening import InlineStores
from bitrixmail.tasks import InlineThreads
from tests.fakes.stores import make_stores, result_of

GOOD, DOUBTFUL, WRONG = Severity.OK, Severity.WARNING, Severity.FAILURE


@cache
def made_once() -> tuple[DKIMKey, ...]:
    return make_keys("example.org", (), datetime.fromisoformat("2027-01-15T08:00:00+00:00"))


def make(_domain: str, _taken: Collection[str], _now: datetime) -> tuple[DKIMKey, ...]:
    return made_once()


class House:
    """Zones over real stores, and a look that a test decides about."""

    def __init__(self, stores: InlineStores, clock: Clock) -> None:
        self.stores, self.clock, self.looks = stores, clock, LastLooks()
        time = cast("IReactorTime", clock)
        self.dkim = DKIM(stores.directory, stores.dkim_keys, make, InlineThreads(), time)
        self.own = OwnAddresses()
        self.zones = Zones(
            self.dkim, "mx.example.org", self.looks, self.look, time, own=lambda: self.own
        )
        self.looked = Looked((), frozenset())
        self.waits = False
        self.asked: list[str] = []

    async def look(self, domain: str, keys: Sequence[DKIMKey], _at: datetime) -> Looked:
        self.asked.append(domain)
        assert keys
        if self.waits:
            await Deferred[None]()
        return self.looked

    def begins(self) -> tuple[list[Any], list[Any]]:
        done: list[Any] = []
        failed: list[Any] = []
        check = Deferred.fromCoroutine(self.zones.check("example.org"))
        check.addCallbacks(done.append, lambda failure: failed.append(failure.value))
        return done, failed


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    clock = Clock()
    clock.advance(1_800_000_000)
    with make_stores(tmp_path, clock) as stores:
        result_of(stores.directory.add_domain(Domain("example.org")))
        yield House(stores, clock)


def test_nobody_has_looked_yet(house: House) -> None:
    states = result_of(house.zones.states("Example.ORG"))
    assert [state.record.type for state in states if state.record] == ["MX"] + ["TXT"] * 4 + ["A"]
    assert {state.severity for state in states} == {None}
    assert house.zones.last("example.org") is None
    assert house.zones.worst("example.org") is None
    with pytest.raises(NotFoundError, match="is not a domain here"):
        result_of(house.zones.states("example.net"))


def test_each_finding_stands_beside_its_record(house: House) -> None:
    rsa, ed = result_of(house.dkim.ensure("example.org"))
    findings = (
        Finding("mx", "example.org", GOOD, "leads here"),
        Finding("mx", "mx.example.org", DOUBTFUL, "is an alias"),
        Finding("spf", "example.org", WRONG, "has no SPF record"),
        Finding("dkim", rsa.name, GOOD, "is as it should be"),
        Finding("dkim", ed.name, DOUBTFUL, "has no record"),
        Finding("dkim", "old._domainkey.example.org", GOOD, "is no longer needed"),
        Finding("dmarc", "_dmarc.example.org", GOOD, "its own"),
        Finding("address", "mx.example.org", WRONG, "has no address"),
    )
    house.looked = Looked(findings, frozenset())
    checked, begun = result_of(house.zones.check("example.org"))
    assert (checked.findings, begun) == (findings, ())
    states = result_of(house.zones.states("example.org"))
    assert [(state.record and state.record.name, state.severity) for state in states] == [
        ("example.org", DOUBTFUL),
        ("example.org", WRONG),
        (rsa.name, GOOD),
        (ed.name, DOUBTFUL),
        ("_dmarc.example.org", GOOD),
        ("mx.example.org", WRONG),
        (None, GOOD),
    ]
    assert sum(len(state.findings) for state in states) == len(findings)
    assert house.zones.worst("example.org") is WRONG
    last = house.zones.last("example.org")
    assert last is not None
    assert last.at.timestamp() == 1_800_000_000


def test_keys_that_were_found_sign_from_then_on(house: House) -> None:
    rsa, ed = result_of(house.dkim.ensure("example.org"))
    house.looked = Looked((), frozenset({rsa.selector, ed.selector}))
    _, begun = result_of(house.zones.check("example.org"))
    assert set(begun) == {rsa.selector, ed.selector}
    keys = result_of(house.stores.dkim_keys.keys("example.org"))
    assert {key.state(house.dkim.now()) for key in keys} == {KeyState.SIGNING}


def test_a_look_has_an_end_and_is_not_begun_twice(house: House) -> None:
    house.waits = True
    done, failed = house.begins()
    with pytest.raises(InputError, match="a look is under way"):
        result_of(house.zones.check("example.org"))
    house.clock.advance(PATIENCE_S + 1)
    assert (done, len(failed)) == ([], 1)
    assert "was not found out within 25 s" in str(failed[0])
    house.waits = False
    assert result_of(house.zones.check("example.org"))
    assert house.asked == ["example.org"] * 2


def test_where_nobody_can_look_it_is_said(house: House) -> None:
    time = cast("IReactorTime", house.clock)
    zones = Zones(house.dkim, "mx.example.org", LastLooks(), None, time)
    with pytest.raises(InputError, match="bitrixmail dns check"):
        result_of(zones.check("example.org"))


def test_domains_that_are_gone_are_forgotten(house: House) -> None:
    for name in ("example.org", "gone.example"):
        house.looks.take(name, (), house.dkim.now())
    house.looks.keep_only(["example.org"])
    assert house.looks.of("gone.example") is None
    assert house.looks.of("example.org") is not None


def test_the_zone_is_lines_to_copy(house: House) -> None:
    lines = result_of(house.zones.zone("example.org")).splitlines()
    assert "example.org. 3600 IN MX 10 mx.example.org." in lines
    assert sum("_domainkey" in line for line in lines) == 2
    assert "; mx.example.org. 3600 IN A ADDRESS" in lines


def test_the_addresses_of_the_host_are_told_where_they_are_known(house: House) -> None:
    four, six = "198.51.100.7", "2001:db8::7"
    house.own = OwnAddresses(frozenset(map(ip_address, (six, four))))
    finding = Finding("address", "mx.example.org", GOOD, "leads here")
    house.looked = Looked((finding,), frozenset())
    result_of(house.zones.check("example.org"))
    states = result_of(house.zones.states("example.org"))[-2:]
    told = [
        (each.record and (each.record.type, each.record.value), each.severity) for each in states
    ]
    assert told == [(("A", four), GOOD), (("AAAA", six), GOOD)]
    lines = result_of(house.zones.zone("example.org")).splitlines()
    assert f"mx.example.org. 3600 IN A {four}" in lines
    host = house.zones.host()
    assert f"; {host[1].line}" in zone_lines("shop.example", "mx.example.org", (), host)


def test_a_record_that_a_look_has_mended_is_the_same_everywhere(house: House) -> None:
    mended = r'v=spf1 ip4:203.0.113.7 exists:"a\b" ip4:10.0.0.1 -all' + " " * 250 + "~all"
    wanted = spf_record("example.org", mended)
    found = different("spf", "example.org", "does not name this server", "", wanted, severity=WRONG)
    house.looked = Looked((found,), frozenset())
    result_of(house.zones.check("example.org"))
    states = result_of(house.zones.states("example.org"))
    shown = [state.record.value for state in states if found in state.findings and state.record]
    assert shown == [mended]
    zone = result_of(house.zones.zone("example.org"))
    assert wanted.line in zone
    assert "v=spf1 mx ~all" not in zone


def test_a_record_that_may_stay_is_given_as_it_is(house: House) -> None:
    spf, dmarc = "v=spf1 ip4:203.0.113.7 -all", "v=DMARC1; p=reject; rua=mailto:a@example.org"
    inherited = f"is that of the domain above: {dmarc}"
    for found, told in ((f"is there: {dmarc}", True), (inherited, False)):
        findings = (
            Finding("spf", "example.org", GOOD, f"names this server: {spf}"),
            Finding("dmarc", "_dmarc.example.org", GOOD, found),
        )
        house.looked = Looked(findings, frozenset())
        result_of(house.zones.check("example.org"))
        zone = result_of(house.zones.zone("example.org"))
        assert f'"{spf}"' in zone
        assert (f'"{dmarc}"' in zone) is told
