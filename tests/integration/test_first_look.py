"""The look at the start of the server: what fails stands in the log, and nobody is disturbed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from twisted.internet import reactor as running_reactor
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.task import deferLater
from twisted.logger import ILogObserver, LogEvent, formatEvent, globalLogPublisher

from bitrixmail.admin.probes import host_programs
from bitrixmail.app.looks.first_look import FirstLook
from bitrixmail.app.settings.loading import load_settings
from bitrixmail.model.directory import Domain
from bitrixmail.store.opening import InlineStores
from tests.fakes.name_server import NameServer
from tests.fakes.stores import make_stores, result_of

REACTOR: Any = running_reactor


@pytest.fixture
def dns() -> Iterator[NameServer]:
    with NameServer(
        "good.ru. 60 IN MX 10 mx.good.ru.",
        "bad.ru. 60 IN MX 10 mx.elsewhere.com.",
        "mx.good.ru. 60 IN A 1.2.3.4",
        "mx.elsewhere.com. 60 IN A 5.6.7.8",
        "big.com. 60 IN MX 5 mx.elsewhere.com.",
    ) as server:
        yield server


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[InlineStores]:
    with make_stores(tmp_path) as opened:
        yield opened


class Log:
    """What this look writes; `written` fires when there is something."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.written: Deferred[None] = Deferred()

    def __call__(self, event: LogEvent) -> None:
        if event["log_namespace"] == "bitrixmail.app.looks.first_look":
            self.lines.append(formatEvent(event))
            if "tells what to do" in self.lines[-1]:
                self.written.callback(None)


@pytest.fixture
def log() -> Iterator[Log]:
    log = Log()
    observer = cast("ILogObserver", log)
    globalLogPublisher.addObserver(observer)
    yield log
    globalLogPublisher.removeObserver(observer)


def first_look(
    dns: NameServer, stores: InlineStores, folder: Path, hostname: str, *domains: str
) -> FirstLook:
    """Return a look that begins at once, on a server with these names."""
    for name in domains:
        result_of(stores.directory.add_domain(Domain(name)))
    given = {
        "server.hostname": hostname,
        "server.data_dir": str(folder / "var"),
        "server.public_addresses": "1.2.3.4",
        "dns.servers": dns.address,
        "doctor.outgoing": "big.com",
    }
    settings = load_settings(None, {}, [f"{key}={value}" for key, value in given.items()])
    return FirstLook(settings, stores.directory, REACTOR, delay_s=0)


async def test_what_fails_is_written(
    dns: NameServer, stores: InlineStores, tmp_path: Path, log: Log
) -> None:
    look = first_look(dns, stores, tmp_path, "mx.good.ru", "good.ru", "bad.ru", "example.org")
    look.begin()
    await log.written
    await maybeDeferred(look.stopService)
    named = [line for line in log.lines if line.startswith(("mx", "hostname", "ptr", "dns"))]
    assert "faults around this server: 1; `bitrixmail doctor` tells what to do" in log.lines
    what = "mx: bad.ru: its mail goes elsewhere: MX 10 mx.elsewhere.com (5.6.7.8)."
    assert named == [f"{what} Mail for bad.ru does not come to this server."]
    asked = {name for name, *_ in dns.questions}
    assert "good.ru" in asked
    assert not asked & {"example.org", "big.com"}  # reserved, and strangers


async def test_names_of_examples_are_not_asked_for(
    dns: NameServer, stores: InlineStores, tmp_path: Path
) -> None:
    look = first_look(dns, stores, tmp_path, "mx.example.org", "example.org", "shop.test")
    look.begin()
    await look.ended
    await maybeDeferred(look.stopService)
    assert not dns.questions


async def test_the_end_of_the_server_ends_it(
    dns: NameServer, stores: InlineStores, tmp_path: Path, log: Log
) -> None:
    dns.silent = {"bad.ru"}
    look = first_look(dns, stores, tmp_path, "mx.example.org", "bad.ru")
    look.begin()
    while "bad.ru" not in [name for name, *_ in dns.questions]:
        await deferLater(REACTOR, 0.02)
    await maybeDeferred(look.stopService)
    assert not log.lines
    assert [name for name, *_ in dns.questions].count("bad.ru") == 1  # nor asked again


async def test_a_server_that_ends_at_once_never_looks(
    dns: NameServer, stores: InlineStores, tmp_path: Path
) -> None:
    look = first_look(dns, stores, tmp_path, "mx.good.ru", "good.ru")
    look.begin()
    await maybeDeferred(look.stopService)
    assert not dns.questions


async def test_what_only_root_may_read_is_said_once(
    dns: NameServer,
    stores: InlineStores,
    tmp_path: Path,
    log: Log,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Here a program stands for nft that may not read, as it may not for the server's user."""
    (tmp_path / "nft").write_text("#!/bin/sh\necho Operation not permitted >&2\nexit 1\n")
    (tmp_path / "nft").chmod(0o755)
    monkeypatch.setattr(host_programs, "_PLACES", f"{tmp_path}:/bin")
    look = first_look(dns, stores, tmp_path, "mx.example.org")
    look.begin()
    await look.ended
    await maybeDeferred(look.stopService)
    told = [line for line in log.lines if "firewall can't be read" in line]
    assert len(told) == 1
