from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import cast

import pytest
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from bitrixmail.app.listening.listeners import Listener
from bitrixmail.app.machine.failure import StartFailedError
from bitrixmail.app.opening import Opening
from bitrixmail.app.services import Door, Parts, Server
from bitrixmail.app.settings.loading import load_settings
from bitrixmail.app.watching.logs import LogLevels
from bitrixmail.model.errors import SetupError
from bitrixmail.net.tls import ServerTLS


class ScriptedOpening:
    def __init__(self, steps: list[str]) -> None:
        self.steps = steps
        self.problem: Exception | None = None
        self.ready: Deferred[None] = succeed(None)

    async def open(self) -> None:
        await self.ready
        self.steps.append("open store")
        if self.problem is not None:
            raise self.problem

    async def close(self) -> None:
        self.steps.append("close store")


class ScriptedDoor:
    def __init__(self, steps: list[str]) -> None:
        self.steps = steps
        self.drained: Deferred[None] = succeed(None)

    def drain(self) -> Deferred[None]:
        self.steps.append("drain")
        return self.drained

    def abort_all(self) -> None:
        self.steps.append("abort")


class ScriptedListener:
    def __init__(self, steps: list[str]) -> None:
        self.steps = steps

    def open(self) -> None:
        self.steps.append("accept")

    def close(self) -> Deferred[None]:
        self.steps.append("close listener")
        return succeed(None)


class House:
    def __init__(self, home: Path) -> None:
        self.steps: list[str] = []
        self.clock = Clock()
        self.opening = ScriptedOpening(self.steps)
        self.door = ScriptedDoor(self.steps)
        self.left: list[int] = []
        self.told: list[str] = []
        settings = load_settings(
            None, {}, [f"server.data_dir={home}/var", "server.hostname=mx.example.org"]
        )
        parts = Parts(
            settings=settings,
            clock=self.clock,
            doors={"smtp": cast("Door", self.door)},
            listeners=[cast("Listener", ScriptedListener(self.steps))],
            periodic=[],
            opening=cast("Opening", self.opening),
            tls=ServerTLS(),
        )
        self.server = Server(parts, LogLevels(settings.log), self.left.append)
        self.server.complain = self.told.append
        self.start_ended: list[int] = []
        self.server.start_ended = self.start_ended.append


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_nothing_is_accepted_before_the_store_is_open(house: House) -> None:
    house.opening.ready = Deferred()
    house.server.startService()
    assert house.steps == []
    house.opening.ready.callback(None)
    assert house.steps == ["open store", "accept"]
    assert house.start_ended == [os.EX_OK]
    assert house.server.parts.tls.loaded


def test_the_end_closes_drains_and_then_closes_the_store(house: House) -> None:
    house.server.startService()
    house.door.drained = Deferred()
    house.steps.clear()
    ended = house.server.stopService()
    assert house.steps == ["close listener", "drain"]
    house.door.drained.callback(None)
    assert house.steps == ["close listener", "drain", "abort", "close store"]
    assert ended.called


def test_draining_ends_in_time(house: House) -> None:
    house.server.startService()
    house.door.drained = Deferred()
    ended = house.server.stopService()
    house.clock.advance(29.9)
    assert "abort" not in house.steps
    house.clock.advance(0.2)
    assert house.steps[-2:] == ["abort", "close store"]
    assert ended.called


def test_the_end_waits_for_a_store_that_is_being_opened(house: House) -> None:
    house.opening.ready = Deferred()
    house.server.startService()
    ended = house.server.stopService()
    assert not ended.called
    house.opening.ready.callback(None)
    assert ended.called
    assert house.steps[-1] == "close store"


def test_a_store_that_can_not_be_opened_ends_the_process(house: House) -> None:
    house.opening.ready = Deferred()
    house.server.startService()
    house.opening.problem = SetupError("it broke", exit_code=os.EX_IOERR)
    house.opening.ready.callback(None)
    assert house.left == house.start_ended == [os.EX_IOERR]
    assert house.told == ["bitrixmail: it broke\n"]
    assert "accept" not in house.steps


def test_a_bug_at_the_start_ends_the_process_too(
    house: House, nothing_lost_or_left: list[Failure]
) -> None:
    house.opening.problem = ValueError("a bug")
    house.server.startService()
    assert house.left == house.start_ended == [os.EX_SOFTWARE]
    assert len(nothing_lost_or_left) == 1
    nothing_lost_or_left.clear()


def test_a_data_directory_that_can_not_be_made(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file")
    house = House(tmp_path)
    with pytest.raises(StartFailedError) as raised:
        house.server.startService()
    assert raised.value.code == os.EX_CANTCREAT
    assert isinstance(raised.value, Exception)
    assert isinstance(raised.value, SystemExit)
    assert house.start_ended == [os.EX_CANTCREAT]
    assert os.strerror(errno.EEXIST) in house.told[0]
