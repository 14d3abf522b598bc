"""MTA-STS policies: read, fetched, kept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from zope.interface import implementer

from bitrixmail.interfaces.http import IHTTPClient
from bitrixmail.model.http import Fetched, FetchError
from bitrixmail.outbound.security.mta_sts import (
    Mode,
    PolicyError,
    STSPolicies,
    STSPolicy,
    parse_policy,
    record_id,
)
from bitrixmail.store.opening import InlineStores
from tests.fakes.resolver import TableResolver
from tests.fakes.stores import make_stores, result_of

NOW = datetime(2027, 1, 15, 8, tzinfo=UTC)
DAY = timedelta(days=1)
TEXT = "version: STSv1\r\nmode: enforce\r\nmx: mx.example.org\r\nmx: *.Example.net\r\nmax_age: 604800\r\n"
ENFORCE = STSPolicy(Mode.ENFORCE, ("mx.example.org", "*.example.net"), 604800)


def test_a_policy_is_read() -> None:
    assert parse_policy(TEXT) == ENFORCE
    assert parse_policy(TEXT.replace("\r\n", "\n").replace(": ", " :  ")) == ENFORCE
    assert parse_policy("version: STSv1\nmode: none\nmax_age: 99999999999\n"[:-3]).mode is Mode.NONE
    assert parse_policy("future: x\n" + TEXT + "mode: none\n") == ENFORCE  # the first counts
    assert parse_policy(TEXT.replace("604800", "9999999999")).max_age_s == 31557600


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html></html>",
        TEXT.replace("STSv1", "STSv2"),
        TEXT.replace("enforce", "maybe"),
        TEXT.replace("604800", "soon"),
        TEXT.replace("604800", "-1"),
        TEXT.replace("604800", "9" * 11),
        "version: STSv1\nmode: enforce\nmax_age: 5\n",
        TEXT.replace("mx.example.org", "*.*.example.org"),
        TEXT.replace("mx.example.org", ""),
        TEXT + "mx: a.example\r\n" * 100,
    ],
)
def test_what_is_no_policy(text: str) -> None:
    with pytest.raises(PolicyError):
        parse_policy(text)


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("mx.example.org", True),
        ("MX.example.org.", True),
        ("mx2.example.org", False),
        ("a.example.net", True),
        ("a.b.example.net", False),
        ("example.net", False),
    ],
)
def test_a_star_is_one_label(host: str, allowed: bool) -> None:
    assert ENFORCE.allows(host) is allowed


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (("v=STSv1; id=20270101T00;",), "20270101T00"),
        (("v=STSv1;id=a", "v=spf1 -all"), "a"),
        (("v=STSv1; id=a", "v=STSv1; id=b"), ""),
        (("v=STSv1",), ""),
        (("v=STSv1; id=a-b",), ""),
        (("v=STSv1; id=" + "a" * 33,), ""),
        (("v=STSv12; id=a",), ""),
        ((), ""),
    ],
)
def test_the_record(texts: tuple[str, ...], found: str) -> None:
    assert record_id(texts) == found


@implementer(IHTTPClient)
class MemoryHTTP:
    """Has pages, or an error for all. Made by a test."""

    def __init__(self) -> None:
        self.page: Fetched | None = Fetched(200, "text/plain", TEXT.encode())
        self.asked: list[str] = []

    async def get(self, url: str, most_octets: int, timeout_s: float) -> Fetched:
        assert (most_octets, timeout_s) == (65536, 60)
        self.asked.append(url)
        if self.page is None:
            raise FetchError("nobody there")
        return self.page


class House:
    """Made by a test: the DNS, the web, the store, and time."""

    def __init__(self, stores: InlineStores) -> None:
        self.stores = stores
        self.http = MemoryHTTP()
        self.resolver = TableResolver()
        self.policies = STSPolicies(self.resolver, self.http, stores.destinations)
        self.now = NOW

    def record(self, text: str) -> None:
        self.resolver.zone.put(f'_mta-sts.example.org. 60 IN TXT "{text}"')

    def policy(self) -> STSPolicy | None:
        known = result_of(self.stores.destinations.security("example.org"))
        return result_of(self.policies.policy("example.org", known, self.now))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with make_stores(tmp_path) as stores:
        yield House(stores)


def test_no_record_no_question(house: House) -> None:
    assert house.policy() is None
    assert house.http.asked == []


def test_fetched_once_and_kept(house: House) -> None:
    house.record("v=STSv1; id=1")
    for _ in range(3):
        assert house.policy() == ENFORCE
    assert house.http.asked == ["https://mta-sts.example.org/.well-known/mta-sts.txt"]
    known = result_of(house.stores.destinations.security("example.org"))
    assert known is not None
    assert (known.sts_id, known.sts_until) == ("1", NOW + 7 * DAY)


def test_a_new_id_brings_the_new_policy(house: House) -> None:
    house.record("v=STSv1; id=1")
    house.policy()
    house.record("v=STSv1; id=2")
    house.http.page = Fetched(200, "text/plain", TEXT.replace("enforce", "none").encode())
    found = house.policy()
    assert found is not None
    assert found.mode is Mode.NONE


def test_asked_again_before_it_ends(house: House) -> None:
    house.record("v=STSv1; id=1")
    house.policy()
    house.now += 5.9 * DAY
    house.policy()
    assert len(house.http.asked) == 1
    house.now += 0.2 * DAY
    house.policy()
    assert len(house.http.asked) == 2
    house.now += 6.9 * DAY
    house.resolver.zone.remove("_mta-sts.example.org", "TXT")
    assert house.policy() == ENFORCE


@pytest.mark.parametrize("trouble", ["no record", "servfail", "no page", "another page", "new id"])
def test_nobody_takes_it_back_by_trouble(house: House, trouble: str) -> None:
    house.record("v=STSv1; id=1")
    house.policy()
    if trouble == "no record":
        house.resolver.zone.remove("_mta-sts.example.org", "TXT")
    elif trouble == "servfail":
        house.resolver.failing = {"_mta-sts.example.org"}
    else:
        house.record("v=STSv1; id=2")
        house.http.page = None if trouble == "no page" else Fetched(200, "text/plain", b"nonsense")
    house.now += 6.5 * DAY
    assert house.policy() == ENFORCE
    house.now += DAY
    assert house.policy() is None


@pytest.mark.parametrize(
    "page",
    [
        None,
        Fetched(404, "text/plain", TEXT.encode()),
        Fetched(301, "text/plain", TEXT.encode()),
        Fetched(200, "text/html", TEXT.encode()),
        Fetched(200, "text/plain", b"\xff\xfe"),
    ],
)
def test_what_can_not_be_had_is_not_asked_for_at_once_again(
    house: House, page: Fetched | None
) -> None:
    house.record("v=STSv1; id=1")
    house.http.page = page
    for _ in range(3):
        assert house.policy() is None
    assert len(house.http.asked) == 1
    house.now += timedelta(minutes=6)
    house.http.page = Fetched(200, "text/plain", TEXT.encode())
    assert house.policy() == ENFORCE
