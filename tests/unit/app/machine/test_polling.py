"""Events come to their connections without a context of the log."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from twisted.internet.epollreactor import EPollReactor
from twisted.internet.selectreactor import SelectReactor
from twisted.python import context, log

from bitrixmail.app.machine.polling import poll_directly


class Reader:
    """A pipe that is read by a reactor. Made by a test."""

    def __init__(self, reactor: Any, told: Callable[[], object] = lambda: None) -> None:
        self.own, self.other = os.pipe()
        self.read = b""
        self.lost: list[object] = []
        self.system: object = None
        self._told = told
        self.reactor = reactor
        reactor.addReader(self)

    def fileno(self) -> int:
        return self.own

    def logPrefix(self) -> str:
        return "reader"

    def doRead(self) -> None:
        self.read += os.read(self.own, 100)
        self.system = (context.get(log.ILogContext) or {}).get("system")
        self._told()

    def connectionLost(self, reason: object) -> None:
        self.lost.append(reason)


@pytest.fixture(name="reactor")
def made_reactor() -> Iterator[Any]:
    reactor: Any = EPollReactor()
    yield reactor
    readers = reactor.removeAll()
    reactor._poller.close()
    for each in readers:
        for descriptor in {each.fileno(), getattr(each, "other", each.fileno())}:
            os.close(descriptor)


@pytest.fixture
def logged() -> Iterator[list[dict[str, Any]]]:
    found: list[dict[str, Any]] = []
    log.addObserver(found.append)
    yield found
    log.removeObserver(found.append)


def test_events_come_without_a_context(reactor: Any) -> None:
    reader = Reader(reactor)
    os.write(reader.other, b"one")
    reactor.doIteration(0)
    assert (reader.read, reader.system) == (b"one", "reader")
    poll_directly(reactor)
    poll_directly(reactor)
    os.write(reader.other, b"two")
    reactor.doIteration(None)
    assert (reader.read, reader.system) == (b"onetwo", "-")


def test_without_events_it_waits_as_long_as_it_may(reactor: Any) -> None:
    poll_directly(reactor)
    begun = time.monotonic()
    reactor.doIteration(0.05)
    assert time.monotonic() - begun >= 0.05


def test_who_was_forgotten_meanwhile_is_passed_over(reactor: Any) -> None:
    poll_directly(reactor)
    readers: list[Reader] = []

    def forget() -> None:
        for each in readers:
            if not each.read:
                reactor.removeReader(each)

    readers += [Reader(reactor, forget), Reader(reactor, forget)]
    for each in readers:
        os.write(each.other, b"x")
    reactor.doIteration(0)
    assert sorted(each.read for each in readers) == [b"", b"x"]
    for each in readers:
        reactor.addReader(each)


def test_a_bug_in_an_event_ends_its_connection_alone(
    reactor: Any, logged: list[dict[str, Any]]
) -> None:
    poll_directly(reactor)

    def bug() -> None:
        raise ValueError("a bug")

    broken, other = Reader(reactor, bug), Reader(reactor)
    for each in (broken, other):
        os.write(each.other, b"x")
    reactor.doIteration(0)
    assert (len(broken.lost), other.lost, other.read) == (1, [], b"x")
    assert [event["failure"].type for event in logged] == [ValueError]
    reactor.addReader(broken)


def test_another_reactor_is_left_alone() -> None:
    reactor: Any = SelectReactor()
    poll_directly(reactor)
    assert "doIteration" not in vars(reactor)


def test_a_version_with_other_names_keeps_its_own_way(
    reactor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(reactor, "_selectables")
    poll_directly(reactor)
    assert "doIteration" not in vars(reactor)
