"""Events to those who listen: gathered, bounded, ended with the right to listen."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from twisted.internet.task import Clock

from bitrixmail.app.watching.maillog import MailLog
from bitrixmail.model.pulse import Pulse
from bitrixmail.web.live.hub import MOST_LISTENERS, MOST_OF_ONE, Hub
from bitrixmail.web.live.stream import Stream


@dataclass
class Outlet:
    paused: bool = False
    sent: list[bytes] = field(default_factory=list)
    ended: bool = False

    def send(self, octets: bytes) -> None:
        self.sent.append(octets)

    def end(self) -> None:
        self.ended = True

    def told(self, topic: str) -> list[Any]:
        found = [each.decode() for each in self.sent if each.startswith(f"event: {topic}".encode())]
        return [json.loads(each.partition("data: ")[2]) for each in found]


class House:
    def __init__(self) -> None:
        self.clock = Clock()
        self.maillog = MailLog()
        self.pulse = Pulse(0, 0)
        self.looks = 0
        self.allowed = True
        self.hub = Hub(self.clock, self._look, self.maillog)

    async def _look(self, before: Pulse | None) -> Pulse:
        self.looks += 1
        return self.pulse

    def listener(self, *topics: str, missed: bool = False) -> tuple[Stream, Outlet]:
        async def still() -> bool:
            return self.allowed

        outlet = Outlet()
        stream = Stream(self.hub, still, topics or ("log", "messages", "queue"), missed=missed)
        assert stream.begin(outlet)
        return stream, outlet


def test_nobody_listens_and_nothing_is_done() -> None:
    house = House()
    house.hub.tell("log", line="x")
    house.hub.committed()
    assert (house.looks, house.clock.getDelayedCalls(), house.maillog.meter) == (0, [], None)
    stream, _ = house.listener()
    assert house.maillog.meter is not None
    stream.gone()
    assert house.maillog.meter is None
    house.clock.advance(60)
    assert house.clock.getDelayedCalls() == []


def test_what_happens_often_is_told_four_times_a_second() -> None:
    house = House()
    _, outlet = house.listener()
    for _ in range(1000):
        house.maillog.record("accepted", queue_id="A1", recipient="a b")
        house.clock.advance(0.001)
    house.clock.advance(1)
    told = outlet.told("log")
    assert len(told) <= 5
    assert sum(each["count"] for each in told) == 1000
    assert max(len(each["lines"]) for each in told) == 50
    assert told[0]["lines"][0] == 'accepted queue_id=A1 recipient="a b"'


def test_only_what_was_asked_for_is_told() -> None:
    house = House()
    _, outlet = house.listener("queue")
    house.hub.tell("log")
    house.hub.tell("queue")
    house.clock.advance(1)
    assert (outlet.told("log"), outlet.told("queue")) == ([], [{"count": 1}])


def test_a_commit_is_looked_into() -> None:
    house = House()
    _, outlet = house.listener()
    house.pulse = Pulse(3, 0, frozenset({"received", "filed"}), ("B2", "A1"), 3)
    house.hub.committed()
    house.clock.advance(1)
    assert outlet.told("messages") == [{"count": 3, "ids": ["A1", "B2"]}]
    assert outlet.told("queue") == []
    house.pulse = Pulse(3, 1)
    house.hub.committed()
    house.clock.advance(1)
    assert outlet.told("queue") == [{"count": 1}]


def test_who_reads_slowly_is_owed_one_event_of_a_topic() -> None:
    house = House()
    stream, outlet = house.listener("queue", "log")
    outlet.paused = True
    for _ in range(100):
        house.hub.tell("queue")
        house.hub.tell("log")
        house.clock.advance(1)
    assert len(outlet.sent) == 1
    outlet.paused = False
    stream.resumed()
    assert len(outlet.sent) == 3


def test_it_ends_with_the_right_to_listen() -> None:
    house = House()
    _, outlet = house.listener()
    house.clock.advance(15)
    assert (outlet.sent[-1], outlet.ended) == (b": \n\n", False)
    house.allowed = False
    house.clock.advance(15)
    assert outlet.ended
    house.clock.advance(15)
    assert house.clock.getDelayedCalls() == []
    assert not house.hub.any


def test_there_are_so_many_at_most_and_none_at_the_end() -> None:
    house = House()
    outlets = [house.listener()[1] for _ in range(MOST_LISTENERS)]

    async def still() -> bool:
        return True

    assert not Stream(house.hub, still).begin(Outlet())
    house.hub.end()
    assert all(outlet.ended for outlet in outlets)
    assert not Stream(house.hub, still).begin(Outlet())
    assert house.clock.getDelayedCalls() == []


def test_a_remote_text_begins_no_event() -> None:
    house = House()
    _, outlet = house.listener()
    house.maillog.record("refused", sender="x\n\nevent: server\ndata: {}\n\n")
    house.clock.advance(1)
    assert outlet.sent[-1].count(b"\n\n") == 1
    assert outlet.told("server") == []


def test_one_user_does_not_take_the_places_of_all() -> None:
    house = House()

    async def still() -> bool:
        return True

    mine = [Stream(house.hub, still, who="reader") for _ in range(MOST_OF_ONE + 1)]
    assert [each.begin(Outlet()) for each in mine] == [True] * MOST_OF_ONE + [False]
    assert Stream(house.hub, still, who="admin").begin(Outlet())
    mine[0].gone()
    assert mine[-1].begin(Outlet())
