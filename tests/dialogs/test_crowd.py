"""Places that run short: who is refused, who is sent away and who stays."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from dataclasses import replace

import pytest

from bitrixmail.access.factory import POP3Factory
from bitrixmail.model.reply import NO_SUCH_MAILBOX, TOO_MANY_CONNECTIONS
from bitrixmail.smtp.factory import SMTPFactory
from bitrixmail.smtp.lmtp import LMTPFactory
from bitrixmail.smtp.submission import SubmissionFactory
from tests.dialogs.dialog import MemoryConnection
from tests.fakes.door import Door
from tests.fakes.reader_door import ReaderDoor

GREETING = b"220 mx.example.org ESMTP ready\r\n"
FULL = b"421 Too many connections, please try again later\r\n"
SENT_AWAY = b"421 4.3.2 Service closing transmission channel\r\n"
EHLO = b"EHLO client.example\r\n"
MAIL = b"MAIL FROM:<a@client.example>\r\n"
LOGIN = b"USER info@example.org\r\nPASS pass word\r\n"
RCPT = b"RCPT TO:<info@example.org>\r\n"


class House:
    """A door with few places. Made by a test, which calls `clear` at its end."""

    def __init__(self, places: int) -> None:
        self.door = Door()
        self.door.factory.limits = replace(
            self.door.factory.limits, connections=places, pressure_timeout_s=10.0, min_data_rate=0
        )
        self.all: list[MemoryConnection] = []

    def come(self) -> MemoryConnection:
        connection = MemoryConnection(self.door.factory)
        self.all.append(connection)
        return connection

    def wait(self, seconds: float) -> None:
        for _ in range(int(seconds)):
            self.door.clock.advance(1)
        self.door.clock.advance(seconds - int(seconds))

    def refusals(self) -> list[str]:
        return [str(fields["reply"])[:9] for _, fields in self.door.maillog.lines]

    def clear(self) -> None:
        for connection in self.all:
            connection.abort()
        assert not +self.door.gate.inside
        assert not len(self.door.factory.crowd)
        assert not self.door.factory.crowd.pressed
        assert not self.door.clock.getDelayedCalls()


@pytest.fixture
def house() -> Iterator[House]:
    """Ten places; from eight on there is pressure."""
    made = House(10)
    yield made
    made.clear()


async def heard(connection: MemoryConnection) -> bytes:
    said = await connection.settle()
    connection.heard = b""
    return said


def said(connection: MemoryConnection, octets: bytes) -> MemoryConnection:
    connection.send(octets)
    return connection


async def test_a_full_house_sends_the_one_away_that_has_sat_there_longest(house: House) -> None:
    sitting = []
    for _ in range(10):
        sitting.append(house.come())
        house.wait(0.2)
    assert await heard(house.come()) == GREETING
    assert await heard(sitting[0]) == GREETING + SENT_AWAY
    assert [await heard(other) for other in sitting[1:]] == [GREETING] * 9
    assert len(house.door.factory.crowd) == 10
    assert house.door.gate.inside["192.168.1.1"] == 10
    assert house.refusals() == ["421 4.3.2"]


async def test_nobody_is_sent_away_before_he_could_speak(house: House) -> None:
    sitting = [house.come() for _ in range(10)]
    house.wait(0.9)
    assert await heard(house.come()) == FULL
    assert [await heard(other) for other in sitting] == [GREETING] * 10
    house.wait(0.1)
    assert await heard(house.come()) == GREETING


async def test_who_is_refused_for_his_own_sake_takes_nobodys_place(house: House) -> None:
    sitting = [house.come() for _ in range(10)]
    house.wait(5)
    house.door.gate.refuse["arrived"] = TOO_MANY_CONNECTIONS
    assert (await heard(house.come())).startswith(b"421 Too many connections from your address")
    assert [await heard(other) for other in sitting] == [GREETING] * 10


async def test_who_has_brought_least_goes_first_and_content_stays(house: House) -> None:
    content = said(said(said(house.come(), EHLO), MAIL + RCPT), b"DATA\r\n")
    amid = said(said(house.come(), EHLO), MAIL)
    done = said(said(house.come(), EHLO), MAIL + RCPT + b"BDAT 0 LAST\r\n")
    silent = [house.come() for _ in range(7)]
    for other in house.all:
        await heard(other)
    house.wait(9.9)
    assert [await heard(other) for other in house.all] == [b""] * 10
    # ten seconds are over, so as many go as it takes to end the pressure
    house.wait(1)
    gone = [await heard(other) for other in silent]
    assert sorted(gone) == [b""] * 3 + [SENT_AWAY] * 4
    assert not house.door.factory.crowd.pressed
    # from here on nobody is swept out, the clock stands: each new one takes another's place
    for _ in range(4):
        assert await heard(house.come()) == GREETING
    for _ in range(3):
        assert await heard(house.come()) == GREETING
    told = [await heard(other) for other in silent]
    assert sorted(gone + told) == [b""] * 7 + [SENT_AWAY] * 7
    assert [await heard(other) for other in (done, amid, content)] == [b""] * 3
    assert await heard(house.come()) == GREETING
    assert [await heard(other) for other in (done, amid, content)] == [SENT_AWAY, b"", b""]
    assert await heard(house.come()) == GREETING
    assert [await heard(other) for other in (amid, content)] == [SENT_AWAY, b""]
    assert await heard(house.come()) == FULL
    content.send(b".\r\n")
    assert await heard(content) == b"250 2.0.0 queued as 2\r\n"


async def test_pressure_ends_where_it_would_not_begin_again(house: House) -> None:
    for _ in range(7):
        house.come()
    assert not house.door.factory.crowd.pressed
    eighth = house.come()
    assert house.door.factory.crowd.pressed
    eighth.abort()
    assert house.door.factory.crowd.pressed
    house.all[0].abort()
    assert not house.door.factory.crowd.pressed


async def test_one_error_is_enough_under_pressure(house: House) -> None:
    first = house.come()
    assert (
        await heard(said(first, b"FOO\r\n")) == GREETING + b"500 5.5.1 Command not recognized\r\n"
    )
    for _ in range(7):
        house.come()
    assert b"421 4.3.2 Too busy" in await heard(said(first, b"FOO\r\n"))
    # no 4.7.0: a good client may be wrong once, and nobody is to be banned for our pressure
    assert house.refusals() == ["421 4.3.2"]


async def test_a_refused_recipient_is_no_such_error(house: House) -> None:
    house.door.gate.refuse["nobody@example.org"] = NO_SUCH_MAILBOX
    first = said(said(house.come(), EHLO), MAIL)
    await heard(first)
    for _ in range(7):
        house.come()
    assert await heard(said(first, RCPT.replace(b"info", b"nobody"))) == (
        b"550 5.1.1 No such mailbox here\r\n"
    )
    assert await heard(said(first, RCPT)) == b"250 2.1.5 Recipient OK\r\n"


async def test_the_greeting_waits_for_nobody_under_pressure(house: House) -> None:
    house.door.factory.limits = replace(house.door.factory.limits, greet_delay_s=5.0)
    assert [await heard(house.come()) for _ in range(7)] == [b""] * 7
    assert await heard(house.come()) == GREETING


async def test_who_waits_for_us_is_not_sent_away(house: House) -> None:
    house.door.gate.hold.add("sender")
    for _ in range(10):
        said(said(house.come(), EHLO), MAIL)
    house.wait(30)
    assert await heard(house.come()) == FULL
    assert [SENT_AWAY in await heard(other) for other in house.all[:10]] == [False] * 10
    house.door.gate.release()
    assert await heard(house.all[0]) == b"250 2.1.0 Sender OK\r\n"


@pytest.fixture
def twenty_descriptors() -> Iterator[None]:
    """Let the system allow no more, as far as one asks."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (20, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("places", [0, 100])
@pytest.mark.usefixtures("twenty_descriptors")
async def test_descriptors_bound_the_house_too(places: int) -> None:
    house = House(places)
    greetings = [await heard(house.come()) for _ in range(11)]
    assert greetings == [GREETING] * 10 + [FULL]
    house.clear()


@pytest.mark.usefixtures("twenty_descriptors")
async def test_all_doors_together_leave_descriptors_for_files() -> None:
    door = ReaderDoor()
    come = [reader_of(door) for _ in range(5)]
    assert [(await heard(each))[:3] for each in come] == [b"+OK"] * 4 + [b"-ER"]
    doors = (POP3Factory, SMTPFactory, SubmissionFactory, LMTPFactory)
    assert sum(kind.DESCRIPTORS_OF_100 for kind in doors) <= 80
    for each in come:
        each.abort()


async def test_what_the_system_allows_is_asked_when_somebody_comes() -> None:
    """A server takes more descriptors when it starts than it had when it was composed."""
    house = House(0)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (20, hard))
    try:
        house.come()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert house.door.factory.crowd.places == 10
    house.clear()


async def test_where_no_descriptor_is_left_somebody_gives_way(house: House) -> None:
    silent = [house.come() for _ in range(4)]
    house.wait(2)
    house.door.factory.lacking()
    assert house.door.factory.crowd.pressed
    assert SENT_AWAY in await heard(silent[0])
    house.wait(10)
    gone = [SENT_AWAY in await heard(each) for each in silent[1:]]
    assert gone.count(True) == 1
    assert not house.door.factory.crowd.pressed


def reader_of(door: ReaderDoor, octets: bytes = b"") -> MemoryConnection:
    return said(MemoryConnection(door.factory), octets)


async def test_readers_who_have_logged_in_stay() -> None:
    door = ReaderDoor()
    door.factory.limits = replace(door.factory.limits, connections=2)
    reader, silent = reader_of(door, LOGIN), reader_of(door)
    assert b" octets)" in await heard(reader)
    door.clock.advance(5)
    second = reader_of(door)
    assert (await heard(second)).startswith(b"+OK")
    assert silent.transport.disconnecting
    door.clock.advance(30)
    assert second.transport.disconnecting
    door.factory.limits = replace(door.factory.limits, connections=1)
    third = reader_of(door)
    assert (await heard(third)).startswith(b"-ERR [SYS/TEMP] Too many connections")
    assert not reader.transport.disconnecting
    for connection in (reader, silent, second, third):
        connection.abort()
    assert not door.clock.getDelayedCalls()


async def test_a_chunk_that_nobody_can_want_keeps_no_place(house: House) -> None:
    """Sixteen of them, which are all that is looked at, would else shut the door."""
    house.clear()
    house = House(20)
    for _ in range(20):
        said(said(house.come(), EHLO), b"BDAT 100000000\r\n")
    house.wait(2)
    for _ in range(4):
        assert await heard(house.come()) == GREETING
    house.clear()


async def test_those_who_stay_do_not_hide_those_behind_them(house: House) -> None:
    house.clear()
    house = House(20)
    house.door.gate.hold.add("sender")
    for _ in range(17):
        said(said(house.come(), EHLO), MAIL)
    silent = [house.come() for _ in range(3)]
    house.wait(2)
    # some may have to come again: what stays is seen once, and looked at last from then on
    greetings = [await heard(house.come()) for _ in range(3)]
    assert greetings.count(GREETING) >= 2
    assert SENT_AWAY in await heard(silent[0])
    while house.door.gate.waiting:
        house.door.gate.release()
    house.clear()


async def test_silent_content_keeps_no_place_for_long_under_pressure(house: House) -> None:
    content = said(said(said(house.come(), EHLO), MAIL + RCPT), b"DATA\r\n")
    for _ in range(7):
        house.come()
    house.wait(29)
    for _ in range(7):
        house.come()
    assert SENT_AWAY not in await heard(content)
    house.wait(2)
    assert SENT_AWAY in await heard(content)


async def test_more_places_end_the_pressure(house: House) -> None:
    for _ in range(8):
        house.come()
    assert house.door.factory.crowd.pressed
    house.door.factory.limits = replace(house.door.factory.limits, connections=100)
    house.come()
    assert not house.door.factory.crowd.pressed
