"""Deliveries over real sockets to hosts that play a script, and all that goes wrong."""

from __future__ import annotations

import pytest
from twisted.internet.defer import CancelledError, Deferred

from bitrixmail.model.parcel import (
    ConnectionFailed,
    Failing,
    Parcel,
    RemoteRecipient,
    Stage,
)
from bitrixmail.outbound.client.terms import Terms, Timeouts
from tests.attacks.reference import mended
from tests.attacks.sessions import SECOND
from tests.attacks.test_smuggling import VARIANTS
from tests.fakes.delivering import (
    BODY,
    SHORT,
    Hosts,
    failed,
    met,
    open_to,
    parcel,
    pause,
    reactor,
    scripted_hosts,
    told,
)
from tests.fakes.process import free_port
from tests.fakes.scripted_host import ALL, GONE, SILENCE, Script, say

_hosts = pytest.fixture(scripted_hosts, name="hosts")


async def test_messages_over_a_kept_connection(hosts: Hosts) -> None:
    host = hosts(Script(rcpt_of={"no@x.net": say("550 5.1.1 No")}))
    connection = await open_to(host.port)
    for _ in range(3):
        delivered = await connection.deliver(parcel("b@x.net", "no@x.net", prefix=b"R: s\r\n"))
        assert told(delivered) == ["250 2.0.0 Queued as 1", "550 5.1.1 No"]
    assert connection.alive
    assert connection.address == "127.0.0.1"
    await connection.close()
    assert host.connections == 1
    assert [letter.content for letter in host.letters] == [b"R: s\r\n" + BODY] * 3
    assert host.lines.count("RSET") == 0
    assert host.lines[-1] == "QUIT"
    # EHLO, then two writes for each message, then QUIT
    assert len(host.reads) == 1 + 3 * 2 + 1
    assert not host.open


@pytest.mark.parametrize(
    "offered", [ALL, (*ALL, "CHUNKING"), ("8BITMIME", "CHUNKING"), ("8BITMIME",)]
)
async def test_a_large_content_arrives_whole(hosts: Hosts, offered: tuple[str, ...]) -> None:
    host = hosts(Script(extensions=offered))
    connection = await open_to(host.port)
    content = b"".join(b".%d \xff\r\n" % number for number in range(100_000))
    for _ in range(2):
        assert told(await connection.deliver(parcel(content=content, prefix=b"P: x\r\n"))) == [
            "250 2.0.0 Queued as 1"
        ]
        assert told(await connection.deliver(parcel())) == ["250 2.0.0 Queued as 1"]
    await connection.close()
    assert [letter.content for letter in host.letters] == [b"P: x\r\n" + content, BODY] * 2


async def test_memory_is_bounded_when_the_host_does_not_read(hosts: Hosts) -> None:
    host = hosts(Script(extensions=("PIPELINING",), data=say("354 Go", then="deaf")))
    connection = await open_to(host.port, Terms("mx.example.org", timeouts=Timeouts(block=SHORT)))
    read = 0

    async def reading(_offset: int, length: int) -> bytes:
        nonlocal read
        read += length
        await pause(0)
        return b"x" * length

    what = Parcel("a@x.org", (RemoteRecipient("b@x.net"),), 100_000_000, reading)
    (failure,) = await connection.deliver(what)
    assert isinstance(failure, ConnectionFailed)
    assert failure.kind is Failing.TIMEOUT
    assert not failure.after_dot
    assert read < 20_000_000  # what the kernel's buffers hold, and a piece or two
    assert not connection.alive


async def test_more_recipients_than_a_host_takes_at_once(hosts: Hosts) -> None:
    host = hosts(Script(extensions=(*ALL, "LIMITS RCPTMAX=2 MAILMAX=3")))
    connection = await open_to(host.port)
    delivered = await connection.deliver(parcel(*(f"b{n}@x.net" for n in range(5))))
    assert told(delivered) == ["250 2.0.0 Queued as 1"] * 5
    assert [len(letter.rcpt) for letter in host.letters] == [2, 2, 1]
    assert not connection.alive  # three were all it takes
    await connection.close()


@pytest.mark.parametrize(
    ("script", "kind", "stage"),
    [
        (Script(greeting=SILENCE), Failing.TIMEOUT, Stage.GREETING),
        (Script(greeting=GONE), Failing.LOST, Stage.GREETING),
        (Script(greeting=say("554-No\n554 mail here")), Failing.GREETING, Stage.GREETING),
        (Script(greeting=say("220-Wel\n220 come"), ehlo=SILENCE), Failing.TIMEOUT, Stage.EHLO),
        (Script(ehlo=say("421 4.3.2 Busy", then="close")), Failing.GREETING, Stage.EHLO),
        (Script(greeting=say("HTTP/1.1 400 Bad Request")), Failing.PROTOCOL, Stage.GREETING),
        (Script(greeting=say("220 x\n250 y")), Failing.PROTOCOL, Stage.EHLO),
    ],
)
async def test_a_host_that_does_not_greet(
    hosts: Hosts, script: Script, kind: Failing, stage: Stage
) -> None:
    timeouts = Timeouts()
    if kind is Failing.TIMEOUT:
        timeouts = Timeouts(greeting=SHORT) if stage is Stage.GREETING else Timeouts(ehlo=SHORT)
    failure = await failed(hosts(script), Terms("mx.example.org", timeouts=timeouts))
    assert (failure.kind, failure.stage) == (kind, stage)


async def test_a_reply_that_trickles_buys_no_time(hosts: Hosts) -> None:
    host = hosts(Script(mail=SILENCE))
    timeouts = Timeouts(mail=SHORT)
    connection = await open_to(host.port, Terms("mx.example.org", timeouts=timeouts))
    running = Deferred.fromCoroutine(connection.deliver(parcel()))
    began = reactor().seconds()
    for octet in b"250 OK and so on and on":
        if running.called:
            break
        for session in host.open:
            session.transport.write(bytes((octet,)))
        await pause(SHORT / 4)
    assert running.called
    assert reactor().seconds() - began < 5
    (failure,) = await running
    assert isinstance(failure, ConnectionFailed)
    assert (failure.kind, failure.stage) == (Failing.TIMEOUT, Stage.MAIL)
    assert not failure.answered


async def test_nobody_listens() -> None:
    failure = await met(free_port())
    assert isinstance(failure, ConnectionFailed)
    assert failure.kind is Failing.CONNECT


@pytest.mark.parametrize(
    ("script", "expected", "after_dot"),
    [
        (Script(content=GONE), Failing.LOST, True),
        (Script(content=SILENCE), Failing.TIMEOUT, True),
        (Script(data=GONE), Failing.LOST, False),
        (Script(data=SILENCE), Failing.TIMEOUT, False),
        (Script(mail=GONE), Failing.LOST, False),
        (Script(rcpt=say("354 Go")), Failing.PROTOCOL, False),
        (Script(data=say("354 Go\n250 Got it")), Failing.PROTOCOL, False),
    ],
)
async def test_a_host_that_breaks_off(
    hosts: Hosts, script: Script, expected: Failing, after_dot: bool
) -> None:
    timeouts = Timeouts(data=SHORT, dot=SHORT) if expected is Failing.TIMEOUT else Timeouts()
    connection = await open_to(hosts(script).port, Terms("mx.example.org", timeouts=timeouts))
    (failure,) = await connection.deliver(parcel())
    assert isinstance(failure, ConnectionFailed)
    assert (failure.kind, failure.after_dot) == (expected, after_dot)
    assert not connection.alive
    (again,) = await connection.deliver(parcel())
    assert isinstance(again, ConnectionFailed)
    assert not again.after_dot
    await connection.close()


async def test_421_amid_the_recipients(hosts: Hosts) -> None:
    host = hosts(Script(rcpt=say("550 5.1.1 No", "421 4.7.0 Enough", then="")))
    connection = await open_to(host.port)
    delivered = await connection.deliver(parcel("b@x.net", "c@x.net", "d@x.net"))
    assert told(delivered) == ["550 5.1.1 No", "421 4.7.0 Enough", "421 4.7.0 Enough"]
    assert not connection.alive


async def test_a_host_that_lies_about_pipelining(hosts: Hosts) -> None:
    host = hosts(Script(obeys_pipelining=False))
    timeouts = Timeouts(rcpt=SHORT)
    connection = await open_to(host.port, Terms("mx.example.org", timeouts=timeouts))
    (failure,) = await connection.deliver(parcel())
    assert isinstance(failure, ConnectionFailed)
    assert failure.kind is Failing.TIMEOUT
    assert failure.pipelined
    slower = await open_to(host.port, Terms("mx.example.org", pipelining=False))
    assert told(await slower.deliver(parcel())) == ["250 2.0.0 Queued as 1"]
    await slower.close()


async def test_a_connection_that_the_host_has_closed_meanwhile(hosts: Hosts) -> None:
    host = hosts(Script())
    connection = await open_to(host.port)
    host.open[0].transport.loseConnection()
    # not one turn of the reactor for us to hear of it
    (failure,) = await connection.deliver(parcel())
    assert isinstance(failure, ConnectionFailed)
    assert failure.kind is Failing.LOST
    assert not failure.answered
    assert not connection.alive


async def test_cancelling_drops_the_connection(hosts: Hosts) -> None:
    host = hosts(Script(content=SILENCE))
    connection = await open_to(host.port)
    running = Deferred.fromCoroutine(connection.deliver(parcel()))
    while host.lines[-1:] != ["DATA"]:
        await pause(0.01)
    running.cancel()
    with pytest.raises(CancelledError):
        await running
    assert not connection.alive
    connecting = Deferred.fromCoroutine(met(hosts(Script(greeting=SILENCE)).port))
    await pause(0.05)
    connecting.cancel()
    with pytest.raises(CancelledError):
        await connecting


async def test_a_store_that_cannot_be_read_sends_no_half_message(hosts: Hosts) -> None:
    host = hosts(Script())
    connection = await open_to(host.port)

    async def reading(offset: int, length: int) -> bytes:
        if offset:
            raise RuntimeError("the disk is gone")
        return b"x" * length

    what = Parcel("a@x.org", (RemoteRecipient("b@x.net"),), 10_000_000, reading)
    with pytest.raises(RuntimeError):
        await connection.deliver(what)
    await pause(0.05)
    assert not host.letters
    assert not connection.alive


async def test_every_variant_arrives_as_content(hosts: Hosts) -> None:
    host = hosts(Script())
    connection = await open_to(host.port)
    for variant in VARIANTS:
        content = b"x: y\r\n\r\nz" + variant + SECOND
        assert told(await connection.deliver(parcel(content=content)))[0].startswith("250 2.0.0")
    await connection.close()
    assert [letter.content for letter in host.letters] == [
        mended(b"x: y\r\n\r\nz" + variant + SECOND) for variant in VARIANTS
    ]


async def test_closing_amid_a_message_sends_nothing_into_it(hosts: Hosts) -> None:
    host = hosts(Script(extensions=("PIPELINING",)))
    connection = await open_to(host.port)
    session = host.open[0]
    stuck: Deferred[None] = Deferred()

    async def reading(offset: int, length: int) -> bytes:
        if offset:
            await stuck
        return b"x" * length

    what = Parcel("a@x.org", (RemoteRecipient("b@x.net"),), 1_000_000, reading)
    running = Deferred.fromCoroutine(connection.deliver(what))
    while not (session.content or b"").endswith(b"x"):
        await pause(0.01)
    closing = Deferred.fromCoroutine(connection.close())
    await pause(0.05)
    assert b"QUIT" not in (session.content or b"")
    await closing
    stuck.callback(None)
    (failure,) = await running
    assert isinstance(failure, ConnectionFailed)
    assert not failure.after_dot
    assert not host.letters


async def test_a_connection_that_dies_while_the_store_is_read(hosts: Hosts) -> None:
    host = hosts(Script())
    connection = await open_to(host.port)

    async def reading(_offset: int, length: int) -> bytes:
        host.open[0].transport.abortConnection()
        await pause(0.05)
        return b"x" * length

    what = Parcel("a@x.org", (RemoteRecipient("b@x.net"),), 10, reading)
    (failure,) = await connection.deliver(what)
    assert isinstance(failure, ConnectionFailed)
    assert not failure.answered
