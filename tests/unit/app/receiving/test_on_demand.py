from __future__ import annotations

import os
from pathlib import Path
from typing import Any, cast

import pytest
from twisted.internet import reactor
from twisted.internet.task import Clock

from bitrixmail.app.compose import compose
from bitrixmail.app.receiving.helping import WINDOW_S, Load
from bitrixmail.app.receiving.on_demand import OnDemand
from bitrixmail.app.receiving.receivers import Receivers
from bitrixmail.app.receiving.reception import Reception, processes_of
from bitrixmail.app.services import Server
from bitrixmail.app.settings.loading import load_settings
from bitrixmail.app.settings.tree import Settings

KEPT = Load(4, 400, 0.9 * WINDOW_S)


def settings(home: Path, *more: str) -> Settings:
    given = [f"server.data_dir={home}/var", "server.hostname=mx.example.org"]
    return load_settings(None, {}, [*given, "smtp.connections=1000", *more])


def composed(home: Path, *more: str) -> Server:
    return compose(settings(home, *more), reactor)


@pytest.fixture
def cores(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(request.param)))


def connections(server: Server, door: str) -> int:
    doors: Any = server.parts.doors
    return int(doors[door].limits.connections)


@pytest.mark.parametrize(
    ("cores", "processes"), [(1, 1), (2, 2), (4, 4), (64, 4)], indirect=["cores"]
)
@pytest.mark.usefixtures("cores")
def test_as_many_as_there_are_cores_and_four_at_most(tmp_path: Path, processes: int) -> None:
    assert processes_of(settings(tmp_path)) == processes
    assert processes_of(settings(tmp_path, "server.processes=3")) == 3


@pytest.mark.parametrize("cores", [1], indirect=True)
@pytest.mark.usefixtures("cores")
def test_on_one_core_there_is_nothing_of_it(tmp_path: Path) -> None:
    server = composed(tmp_path)
    assert server.parts.receivers is None
    assert connections(server, "smtp") == 1000


@pytest.mark.parametrize("cores", [4], indirect=True)
@pytest.mark.usefixtures("cores")
def test_connections_are_divided_while_there_are_several(tmp_path: Path) -> None:
    server = composed(tmp_path)
    receivers = server.parts.receivers
    assert receivers is not None
    assert receivers.most == 3
    assert connections(server, "smtp") == 1000
    receivers.divided(receivers.settings, 4)
    assert connections(server, "smtp") == 250
    assert connections(server, "submission") == 1000
    receivers.divided(receivers.settings, 1)
    assert connections(server, "smtp") == 1000
    assert connections(composed(tmp_path, "server.processes=2"), "smtp") == 500


class Door:
    """What of a reception is asked: what it has done, and how many connections it has."""

    def __init__(self) -> None:
        self.total = Load()
        self.smtp = self
        self.crowd: range = range(0)

    def load(self) -> Load:
        return self.total


class Told:
    """Receivers that note what they are told."""

    most = 3
    pids = ()

    def __init__(self) -> None:
        self.orders: list[str] = []

    def help(self) -> None:
        self.orders.append("help")

    def rest(self) -> None:
        self.orders.append("rest")

    def finish(self, *, at_once: bool) -> None:
        self.orders.append("finish at once" if at_once else "finish")


class House:
    """An OnDemand of a door that may have 1000 connections, and three receivers."""

    def __init__(self) -> None:
        self.clock, self.door, self.told = Clock(), Door(), Told()
        self.watched = OnDemand(
            self.clock, cast("Receivers", self.told), cast("Reception", self.door), lambda: 1000
        )
        self.look()

    def look(self) -> None:
        self.clock.advance(WINDOW_S)
        for _ in self.watched.look().__await__():
            pytest.fail("it waits")

    def windows(self, number: int) -> None:
        for _ in range(number):
            self.door.total += KEPT
            self.look()


def test_what_receivers_do_counts_and_what_they_did_before_they_went() -> None:
    house = House()
    told: Any = house.told
    for windows in (1, 2):
        told.loaded(1, Load(2 * windows, 200 * windows, 0.45 * WINDOW_S * windows))
        house.door.total += Load(2, 200, 0.45 * WINDOW_S)
        house.look()
    assert house.told.orders == ["help"]
    helping = house.watched._helping
    assert (round(helping.share, 3), round(helping.rate)) == (0.9, 1600)
    told.loaded(1, None)
    for windows in (1, 2):
        told.loaded(1, Load(windows, 400 * windows, WINDOW_S * windows))
        house.look()
        assert (round(helping.share, 3), round(helping.rate)) == (1.0, 1600)


def test_who_needs_the_others_connections_ends_them() -> None:
    house = House()
    house.door.crowd = range(175)  # of the 250 that are its part
    house.windows(3)
    assert house.told.orders == []
    house.door.crowd = range(174)
    house.windows(2)
    assert house.told.orders == ["help"]
    house.door.crowd = range(175)
    house.windows(1)
    assert house.told.orders == ["help", "finish at once"]
