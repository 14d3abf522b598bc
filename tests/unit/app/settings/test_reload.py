from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import cast

import pytest
from twisted.internet import reactor
from twisted.internet.interfaces import IReactorFromThreads
from twisted.logger import ILogObserver, LogEvent, formatEvent, globalLogPublisher
from zope.interface import implementer

from bitrixmail.app.settings.doors import SMTP
from bitrixmail.app.settings.reload import Reload, changes, is_live
from bitrixmail.app.settings.tree import Rules, Settings
from bitrixmail.model.errors import Fault, InputError, SetupError


@implementer(ILogObserver)
class Lines:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, event: LogEvent) -> None:
        if event.get("log_namespace") == "bitrixmail.app.settings.reload":
            self.lines.append(formatEvent(event))


@pytest.fixture
def lines() -> Iterator[list[str]]:
    observer = Lines()
    globalLogPublisher.addObserver(observer)
    yield observer.lines
    globalLogPublisher.removeObserver(observer)


REACTOR = cast("IReactorFromThreads", reactor)
OLD = Settings()
NEW = replace(OLD, smtp=SMTP(max_size=1), rules=Rules(time_limit=1.0))


def test_what_is_live_is_taken_and_the_rest_is_named(lines: list[str]) -> None:
    taken: list[Settings] = []
    reload = Reload(REACTOR, OLD, lambda: NEW, taken.append)
    reload.reload()
    assert taken == [NEW]
    assert lines == [
        "settings reloaded, changed: smtp.max_size",
        "a restart is needed for: rules.time_limit",
    ]
    assert tuple(changes(OLD, NEW)) == ("smtp.max_size", "rules.time_limit")
    # What needs a restart is not in force before
    assert reload.in_force == replace(OLD, smtp=NEW.smtp)


def test_a_bad_file_leaves_the_old_values(lines: list[str]) -> None:
    def reread() -> Settings:
        raise InputError(Fault("smtp.max_size", "bad", "mend it"), Fault("tls.key", "missing"))

    taken: list[Settings] = []
    Reload(REACTOR, OLD, reread, taken.append).reload()
    assert not taken
    assert lines == [
        "settings not reloaded, the old ones stay: smtp.max_size: bad (mend it); tls.key: missing"
    ]


def test_a_bad_certificate_leaves_the_old_values(lines: list[str]) -> None:
    def take(_settings: Settings) -> None:
        raise SetupError("tls.key: no", "mend it", exit_code=78)

    Reload(REACTOR, OLD, lambda: NEW, take).reload()
    assert lines == ["settings not reloaded, the old ones stay: tls.key: no"]


def test_what_waits_for_a_restart_is_named_until_it_is_put_back(lines: list[str]) -> None:
    found = [NEW, NEW, OLD]
    reload = Reload(REACTOR, OLD, lambda: found.pop(0), lambda _settings: None)
    for _ in range(3):
        reload.reload()
    assert lines == [
        "settings reloaded, changed: smtp.max_size",
        "a restart is needed for: rules.time_limit",
        "settings reloaded, changed: none",
        "a restart is needed for: rules.time_limit",
        "settings reloaded, changed: smtp.max_size",
    ]


def test_what_is_steered_is_live_but_for_what_is_opened_at_the_start() -> None:
    for path in ("outbound.route", "outbound.retry", "pickup.senders", "submission.max_hold"):
        assert is_live(path)
    for path in ("pickup.directory", "dns.validates", "server.hostname", "listen.smtp"):
        assert not is_live(path)
