"""What a host must show, and the alarm when it shows less than before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from zope.interface.verify import verifyObject

from bitrixmail.interfaces.tls_policy import ITLSPolicy
from bitrixmail.model.destination import (
    Alarm,
    DestinationPolicy,
    Hosts,
    Level,
    MailHost,
    TLSDemand,
    TLSReached,
)
from bitrixmail.model.http import Fetched
from bitrixmail.model.reply import Reply
from bitrixmail.model.way import level_for
from bitrixmail.outbound.security.mta_sts import STSPolicies
from bitrixmail.outbound.security.tls_policy import TLSPolicy
from bitrixmail.store.opening import InlineStores
from tests.fakes.resolver import TableResolver
from tests.fakes.stores import make_stores, result_of
from tests.unit.outbound.security.test_mta_sts import MemoryHTTP

NOW = datetime(2027, 1, 15, 8, tzinfo=UTC)
DAY = timedelta(days=1)
TLSA = "_25._tcp.mx.example.org"
HOST = MailHost("mx.example.org", ("8.8.1.1",), canonical="mx.example.org", authentic=True)
PLAIN_HOST = MailHost("mx.example.org", ("8.8.1.1",), canonical="mx.example.org")
OTHER = MailHost("mx.evil.example", ("8.8.6.6",), canonical="mx.evil.example")


class House:
    """Made by a test."""

    def __init__(self, stores: InlineStores) -> None:
        self.stores = stores
        self.resolver = TableResolver()
        self.resolver.signed = {TLSA}
        self.http = MemoryHTTP()
        self.levels: dict[str, Level] = {}
        self.now = NOW
        self.restart()

    def restart(self) -> None:
        sts = STSPolicies(self.resolver, self.http, self.stores.destinations)
        self.policy = TLSPolicy(self.resolver, self.stores.destinations, sts, self.levels)

    def sts(self, mode: str, mx: str = "mx.example.org") -> None:
        self.resolver.zone.put('_mta-sts.example.org. 60 IN TXT "v=STSv1; id=1"')
        text = f"version: STSv1\nmode: {mode}\nmx: {mx}\nmax_age: 604800\n"
        self.http.page = Fetched(200, "text/plain", text.encode())

    def dane(self, data: str = "3 1 1 " + "0a" * 32) -> None:
        self.resolver.zone.add(f"{TLSA}. 60 IN TLSA {data}")

    def of(
        self, *hosts: MailHost, authentic: bool = False, level: Level | None = None
    ) -> DestinationPolicy:
        found = Hosts("example.org", hosts, by_mx=True, authentic=authentic)
        return result_of(self.policy.policy("example.org", found, self.now, level))

    def demand(self, host: MailHost = HOST, **options: Any) -> TLSDemand:
        demand = result_of(self.policy.demand(self.of(host, **options), host))
        assert isinstance(demand, TLSDemand), demand
        return demand

    def refused(self, host: MailHost = HOST) -> Reply:
        reply = result_of(self.policy.demand(self.of(host), host))
        assert isinstance(reply, Reply), reply
        return reply

    def reached(self, level: Level, problem: str = "") -> Alarm | None:
        got = TLSReached(level, problem=problem)
        return result_of(self.policy.reached(self.of(HOST), got, self.now))

    def remembered(self) -> Level | None:
        found = result_of(self.stores.destinations.security("example.org"))
        return None if found is None else found.level


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with make_stores(tmp_path) as stores:
        yield House(stores)


def test_it_is_one(house: House) -> None:
    verifyObject(ITLSPolicy, house.policy)


def test_what_the_host_offers_if_nobody_says_more(house: House) -> None:
    assert house.demand() == TLSDemand(Level.OPPORTUNISTIC, "mx.example.org", ("mx.example.org",))
    assert house.demand(authentic=True).names == ("mx.example.org", "example.org")


@pytest.mark.parametrize("level", list(Level))
def test_the_word_of_the_owner(house: House, level: Level) -> None:
    house.levels["example.org"] = level
    assert house.demand(PLAIN_HOST).level is level
    house.levels.clear()
    house.levels["*"] = level
    assert house.demand(PLAIN_HOST).level is level
    assert house.demand(PLAIN_HOST, level=Level.ENCRYPTED).level is Level.ENCRYPTED


def test_the_owner_may_ask_for_less_than_the_others(house: House) -> None:
    house.sts("enforce", "elsewhere.example")
    house.dane()
    for level in (Level.NONE, Level.OPPORTUNISTIC):
        house.levels["example.org"] = level
        assert house.demand().level is level
        assert house.demand().tlsa == ()


def test_and_what_they_ask_for_stands_beside_more(house: House) -> None:
    house.levels["example.org"] = Level.ENCRYPTED
    house.dane()
    assert (house.demand().level, house.demand().by) == (Level.VERIFIED, "dane")


def test_dane(house: House) -> None:
    house.dane()
    demand = house.demand()
    assert (demand.level, demand.by, len(demand.tlsa)) == (Level.VERIFIED, "dane", 1)
    assert demand.server_name == "mx.example.org"
    assert house.demand(PLAIN_HOST).tlsa == ()
    house.resolver.signed.clear()
    assert house.demand().level is Level.OPPORTUNISTIC


def test_dane_of_an_alias_names_the_place_of_its_records(house: House) -> None:
    house.dane()
    host = MailHost("www.example.org", ("8.8.1.1",), canonical="mx.example.org", authentic=True)
    demand = house.demand(host, authentic=True)
    assert demand.server_name == "mx.example.org"
    assert demand.names == ("mx.example.org", "www.example.org", "example.org")


def test_dane_that_can_not_be_used_still_means_tls(house: House) -> None:
    house.dane("1 1 1 " + "0a" * 32)
    demand = house.demand()
    assert (demand.level, demand.tlsa) == (Level.ENCRYPTED, ())
    house.levels["example.org"] = Level.VERIFIED
    house.restart()
    assert house.demand().level is Level.VERIFIED


def test_dane_that_can_not_be_looked_up_is_no_way_round_it(house: House) -> None:
    house.resolver.failing = {TLSA}
    reply = house.refused()
    assert (reply.code, reply.enhanced) == (451, "4.4.3")
    assert "TLSA" in reply.text
    assert house.demand(PLAIN_HOST).level is Level.OPPORTUNISTIC


def test_mta_sts_enforced(house: House) -> None:
    house.sts("enforce")
    demand = house.demand(PLAIN_HOST)
    assert demand == TLSDemand(Level.VERIFIED, "mx.example.org", ("mx.example.org",), by="mta-sts")
    reply = house.refused(OTHER)
    assert (reply.code, reply.enhanced) == (450, "4.7.5")


@pytest.mark.parametrize("mode", ["testing", "none"])
def test_mta_sts_that_only_watches(house: House, mode: str) -> None:
    house.sts(mode)
    assert house.demand(OTHER).level is Level.OPPORTUNISTIC
    assert house.of(OTHER).testing is (mode == "testing")


def test_dane_goes_before_mta_sts(house: House) -> None:
    house.sts("enforce")
    house.dane()
    assert house.demand().by == "dane"


def test_less_than_before_is_an_alarm_once_a_day(house: House) -> None:
    assert house.reached(Level.ENCRYPTED) is None
    assert house.remembered() is Level.ENCRYPTED
    assert house.reached(Level.VERIFIED) is None
    assert house.remembered() is Level.VERIFIED
    alarm = house.reached(Level.NONE, "it offers no STARTTLS")
    assert alarm == Alarm("example.org", Level.VERIFIED, Level.NONE, "it offers no STARTTLS")
    assert "was reached verified before, now in the clear: it offers" in str(alarm)
    assert house.reached(Level.ENCRYPTED) is None
    assert house.remembered() is Level.VERIFIED
    house.now += 1.1 * DAY
    assert house.reached(Level.ENCRYPTED) is not None


def test_it_is_remembered_over_a_restart(house: House) -> None:
    house.reached(Level.VERIFIED)
    house.restart()
    assert house.reached(Level.ENCRYPTED) is not None


def test_after_a_month_less_is_what_is_expected(house: House) -> None:
    house.reached(Level.VERIFIED)
    house.now += 29 * DAY
    assert house.reached(Level.ENCRYPTED) is not None
    assert house.remembered() is Level.VERIFIED
    house.now += 2 * DAY
    assert house.reached(Level.ENCRYPTED) is not None
    assert house.remembered() is Level.ENCRYPTED
    house.now += 2 * DAY
    assert house.reached(Level.ENCRYPTED) is None


def test_seldom_written(house: House) -> None:
    house.reached(Level.VERIFIED)
    first = result_of(house.stores.destinations.security("example.org"))
    house.now += DAY / 2
    house.reached(Level.VERIFIED)
    assert result_of(house.stores.destinations.security("example.org")) == first
    house.now += DAY
    house.reached(Level.VERIFIED)
    assert result_of(house.stores.destinations.security("example.org")) != first


def test_a_clock_set_back_does_not_freeze_what_is_known(house: House) -> None:
    house.now += 90 * DAY
    house.demand(PLAIN_HOST)
    house.now -= 90 * DAY
    house.sts("enforce")
    assert house.demand(PLAIN_HOST).level is Level.VERIFIED


def test_the_narrowest_pattern_gives_the_level() -> None:
    levels = {
        "*": Level.OPPORTUNISTIC,
        "*.example.org": Level.ENCRYPTED,
        "*.mail.example.org": Level.NONE,
        "mx.mail.example.org": Level.VERIFIED,
    }
    assert level_for("mx.mail.example.org", levels) is Level.VERIFIED
    assert level_for("a.mail.example.org", levels) is Level.NONE
    assert level_for("a.b.example.org", levels) is Level.ENCRYPTED
    # a pattern is for what is below it
    assert level_for("example.org", levels) is Level.OPPORTUNISTIC
    assert level_for("badexample.org", levels) is Level.OPPORTUNISTIC
    assert level_for("example.com", {"*.org": Level.NONE}) is None
