"""The daily look of a server with real stores, before a name server on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from twisted.internet import reactor

from bitrixmail.admin.dns_records import dkim_record
from bitrixmail.app.looks.daily_look import daily_look_of
from bitrixmail.app.settings.loading import load_settings
from bitrixmail.model.directory import Domain
from bitrixmail.model.dkim import KeyState
from bitrixmail.outbound.security.dkim_keys import make_keys
from bitrixmail.store.opening import InlineStores
from bitrixmail.tasks import InlineThreads
from tests.fakes.name_server import NameServer
from tests.fakes.stores import make_stores, result_of

REACTOR: Any = reactor
ZONE = (
    "good.ru. 60 IN MX 10 mx.good.ru.",
    "mx.good.ru. 60 IN A 1.2.3.4",
    'good.ru. 60 IN TXT "v=spf1 mx -all"',
    '_dmarc.good.ru. 60 IN TXT "v=DMARC1; p=none"',
)


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[InlineStores]:
    with make_stores(tmp_path) as opened:
        yield opened


async def test_keys_whose_records_are_found_begin_to_sign(
    stores: InlineStores, tmp_path: Path
) -> None:
    for name in ("good.ru", "example.org"):
        result_of(stores.directory.add_domain(Domain(name)))
    now = datetime.now(UTC)
    keys = make_keys("good.ru", (), now)
    result_of(stores.dkim_keys.add(keys))
    with NameServer(*ZONE) as dns:
        given = {
            "server.hostname": "mx.good.ru",
            "server.data_dir": str(tmp_path / "var"),
            "server.public_addresses": "1.2.3.4",
            "dns.servers": dns.address,
        }
        settings = load_settings(None, {}, [f"{key}={value}" for key, value in given.items()])
        look = daily_look_of(settings, stores, InlineThreads(), REACTOR)
        await look.look()
        assert [look.wrong(kind) for kind in ("mx", "spf", "dkim", "dmarc")] == [0, 0, 2, 0]
        for key in keys:
            dns.zone.add(dkim_record(key).line)
        dns.zone.put('good.ru. 60 IN TXT "v=spf1 -all"')
        await look.look()
    assert [look.wrong(kind) for kind in ("mx", "spf", "dkim", "dmarc")] == [0, 1, 0, 0]
    found = result_of(stores.dkim_keys.keys("good.ru"))
    assert {key.state(datetime.now(UTC)) for key in found} == {KeyState.SIGNING}
    assert not any("example.org" in name for name, *_ in dns.questions)
