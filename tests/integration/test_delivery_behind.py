"""Two parcels on one connection at the same time, over real sockets."""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred

from bitrixmail.model.parcel import ConnectionFailed, Delivered, Parcel
from bitrixmail.outbound.client.connection import SMALL_OCTETS, Connection
from bitrixmail.outbound.client.terms import Terms, Timeouts
from tests.fakes.delivering import Hosts, open_to, parcel, pause, scripted_hosts, told
from tests.fakes.scripted_host import ALL, GONE, SILENCE, Script, Turn, say

_hosts = pytest.fixture(scripted_hosts, name="hosts")
QUEUED = ["250 2.0.0 Queued as 1"]


def begun(connection: Connection, what: Parcel) -> Deferred[Delivered]:
    return Deferred.fromCoroutine(connection.deliver(what))


async def test_not_behind_the_first(hosts: Hosts) -> None:
    host = hosts(Script())
    connection = await open_to(host.port)
    first = begun(connection, parcel())
    await pause(0)
    assert not connection.room_behind
    await first
    second = begun(connection, parcel())
    await pause(0)
    assert connection.room_behind
    third = begun(connection, parcel("c@x.net"))
    assert [told(await each) for each in (second, third)] == [QUEUED, QUEUED]
    assert len(host.letters) == 3
    # EHLO, two for the first, one for the commands of the second, and one for each content
    assert len(host.reads) == 1 + 2 + 1 + 2
    await connection.close()


async def test_what_fits(hosts: Hosts) -> None:
    connection = await open_to(hosts(Script(extensions=(*ALL, "LIMITS RCPTMAX=2"))).port)
    assert connection.fits_behind(parcel("b@x.net", "c@x.net"))
    assert not connection.fits_behind(parcel("b@x.net", "c@x.net", "d@x.net"))
    assert not connection.fits_behind(parcel(content=b"x" * (SMALL_OCTETS + 1)))
    await connection.close()


async def test_nothing_comes_between_the_parts_of_one(hosts: Hosts) -> None:
    host = hosts(Script(extensions=(*ALL, "LIMITS RCPTMAX=2"), content=say("250 OK", delay_s=0.02)))
    connection = await open_to(host.port)
    await connection.deliver(parcel())
    many = begun(connection, parcel(*(f"b{n}@x.net" for n in range(5))))
    rooms = []
    while not many.called:
        rooms.append(connection.room_behind)
        await pause(0.005)
    assert not any(rooms)
    assert told(await many) == ["250 OK"] * 5
    await connection.close()


@pytest.mark.parametrize("play", [GONE, SILENCE], ids=["dropped", "silent"])
async def test_no_reply_to_the_one_before(hosts: Hosts, play: tuple[Turn, ...]) -> None:
    host = hosts(Script(content=(*say("250 OK"), *play)))
    terms = Terms("mx.example.org", timeouts=Timeouts(dot=0.3))
    connection = await open_to(host.port, terms)
    await connection.deliver(parcel())
    first = begun(connection, parcel())
    await pause(0)
    second = begun(connection, parcel("c@x.net"))
    (lost,), (unheard,) = await first, await second
    assert isinstance(lost, ConnectionFailed)
    assert (lost.after_dot, lost.answered) == (True, True)
    assert isinstance(unheard, ConnectionFailed)
    assert (unheard.after_dot, unheard.answered) == (False, False)
    assert not connection.alive


async def test_the_one_behind_has_time_of_its_own(hosts: Hosts) -> None:
    host = hosts(Script(content=say("250 OK", delay_s=0.2)))
    terms = Terms("mx.example.org", timeouts=Timeouts(dot=0.35))
    connection = await open_to(host.port, terms)
    await connection.deliver(parcel())
    first = begun(connection, parcel())
    await pause(0)
    second = begun(connection, parcel("c@x.net"))
    assert [told(await each) for each in (first, second)] == [["250 OK"], ["250 OK"]]
    await connection.close()


async def test_cancelling_one_ends_both(hosts: Hosts) -> None:
    host = hosts(Script(content=(*say("250 OK"), *SILENCE)))
    connection = await open_to(host.port)
    await connection.deliver(parcel())
    first = begun(connection, parcel())
    await pause(0)
    second = begun(connection, parcel("c@x.net"))
    await pause(0.02)
    second.cancel()
    second.addErrback(lambda _: None)
    (lost,) = await first
    assert isinstance(lost, ConnectionFailed)
    assert lost.after_dot
    assert not connection.alive
