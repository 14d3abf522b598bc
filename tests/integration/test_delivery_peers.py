"""Deliveries over real sockets to hosts that play a script: TLS, logins, and all that goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.defer import CancelledError, Deferred

from bitrixmail.model.parcel import (
    ConnectionFailed,
    Failing,
    Parcel,
    RemoteRecipient,
    Stage,
)
from bitrixmail.outbound.sasl import Login
from bitrixmail.outbound.terms import TLS, Terms, Timeouts
from tests.attacks.reference import mended
from tests.attacks.sessions import SECOND
from tests.attacks.test_smuggling import VARIANTS
from tests.fakes.delivering import BODY, met, open_to, parcel, pause, reactor, told
from tests.fakes.peer_tls import TestingTLS
from tests.fakes.process import free_port
from tests.fakes.scripted_host import ALL, GONE, SILENCE, Script, ScriptedHost, say

SHORT = 0.3
QUICK = Timeouts(connect=SHORT, handshake=SHORT, greeting=SHORT, ehlo=SHORT, mail=SHORT, rcpt=SHORT)
IMPATIENT = Timeouts(data=SHORT, block=SHORT, dot=SHORT, leave=SHORT)


async def failed(host: ScriptedHost, terms: Terms | None = None) -> ConnectionFailed:
    failure = await met(host.port, terms)
    assert isinstance(failure, ConnectionFailed)
    return failure


Hosts = Callable[[Script], ScriptedHost]


@pytest.fixture
def hosts() -> Iterator[Hosts]:
    """Give scripted hosts, which are stopped after the test."""
    made: list[ScriptedHost] = []

    def make(script: Script) -> ScriptedHost:
        made.append(ScriptedHost(script).listen(reactor()))
        return made[-1]

    yield make

    async def stop() -> None:
        for host in made:
            await host.stop()
        await pause(0.02)  # the client's end hears of it

    pytest_twisted.blockon(Deferred.fromCoroutine(stop()))


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
    connection = await open_to(host.port, Terms("mx.example.org", timeouts=IMPATIENT))
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
    failure = await failed(hosts(script), Terms("mx.example.org", timeouts=QUICK))
    assert (failure.kind, failure.stage) == (kind, stage)


async def test_a_reply_that_trickles_buys_no_time(hosts: Hosts) -> None:
    host = hosts(Script(mail=SILENCE))
    connection = await open_to(host.port, Terms("mx.example.org", timeouts=QUICK))
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
    timeouts = Timeouts(data=SHORT, dot=SHORT)
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
    connection = await open_to(host.port, Terms("mx.example.org", timeouts=QUICK))
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


# TLS and logging in

WITH_TLS = (*ALL, "STARTTLS")


def terms(
    tls: TLS, *, told: str = "", verify: bool = False, strict: bool = False, **more: Any
) -> Terms:
    peer = TestingTLS(told, strict=strict)
    return Terms("mx.example.org", tls, peer, verify, timeouts=more.pop("timeouts", QUICK), **more)


@pytest.mark.parametrize("use", [TLS.MAY, TLS.MUST, TLS.IMPLICIT])
async def test_under_tls(hosts: Hosts, use: TLS) -> None:
    host = hosts(Script(extensions=WITH_TLS, implicit_tls=use is TLS.IMPLICIT))
    connection = await open_to(host.port, terms(use, told="self-signed"))
    assert connection.tls is not None
    assert connection.tls.version.startswith("TLSv1.")
    assert connection.tls_fault == "self-signed"
    large = b"".join(b".%d\r\n" % number for number in range(60_000))
    for content in (BODY, large, BODY):
        assert told(await connection.deliver(parcel(content=content))) == ["250 2.0.0 Queued as 1"]
    await connection.close()
    assert [letter.content for letter in host.letters] == [BODY, large, BODY]
    assert all(letter.under_tls for letter in host.letters)


@pytest.mark.parametrize(
    ("script", "given", "text"),
    [
        (Script(extensions=ALL), terms(TLS.MUST), "does not offer STARTTLS"),
        (
            Script(extensions=WITH_TLS, starttls=say("454 4.7.0 No")),
            terms(TLS.MUST),
            "refuses STARTTLS",
        ),
        (Script(extensions=WITH_TLS, tls=False), terms(TLS.MAY), "TLS handshake: "),
        (
            Script(extensions=WITH_TLS, starttls=say("220 Go", then="mute")),
            terms(TLS.MAY),
            "no end",
        ),
        (Script(extensions=WITH_TLS), terms(TLS.MUST, told="not his", verify=True), "not his"),
        (Script(extensions=WITH_TLS), terms(TLS.MUST, strict=True), "verify failed"),
        (Script(greeting=SILENCE), terms(TLS.IMPLICIT), "no end of the TLS handshake"),
    ],
)
async def test_no_tls_to_be_had(hosts: Hosts, script: Script, given: Terms, text: str) -> None:
    failure = await failed(hosts(script), given)
    assert failure.kind is Failing.TLS
    assert text in failure.text
    assert (failure.reply is not None) == bool(
        script.starttls and "454" in script.starttls[0].reply
    )


async def test_a_host_that_does_not_let_go(hosts: Hosts) -> None:
    timeouts = Timeouts(leave=SHORT)
    for bye in (SILENCE, say("221 Bye", then="deaf"), say("221 Bye", then="mute")):
        host = hosts(Script(extensions=WITH_TLS, quit=bye))
        connection = await open_to(host.port, terms(TLS.MUST, timeouts=timeouts))
        await connection.close()
        assert not connection.alive


async def test_closing_amid_a_message_sends_no_half_of_it(hosts: Hosts) -> None:
    host = hosts(Script(extensions=("PIPELINING",), data=say("354 Go", then="deaf")))
    connection = await open_to(host.port)
    running = Deferred.fromCoroutine(connection.deliver(parcel(content=b"x" * 20_000_000)))
    while host.lines[-1:] != ["DATA"]:
        await pause(0.01)
    await pause(0.05)
    await connection.close()
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


async def test_opportunistic_tls_goes_on_in_the_clear(hosts: Hosts) -> None:
    host = hosts(Script(extensions=WITH_TLS, starttls=say("454 4.7.0 Not now")))
    connection = await open_to(host.port, terms(TLS.MAY))
    assert connection.tls is None
    assert connection.tls_refused == "454 4.7.0 Not now"
    assert told(await connection.deliver(parcel())) == ["250 2.0.0 Queued as 1"]
    await connection.close()


async def test_replies_injected_before_tls_end_the_session(hosts: Hosts) -> None:
    script = Script(extensions=WITH_TLS, behind_starttls="250-evil\r\n250 AUTH PLAIN\r\n")
    failure = await failed(hosts(script), terms(TLS.MAY))
    assert failure.kind is Failing.PROTOCOL
    assert "in the clear" in failure.text


@pytest.mark.parametrize("offered", ["PLAIN", "LOGIN", "SCRAM-SHA-256 PLAIN"])
async def test_login_at_a_smarthost(hosts: Hosts, offered: str) -> None:
    script = Script(extensions=(*WITH_TLS, f"AUTH {offered}"), logins={"user": "päss word"})
    host = hosts(script)
    right = terms(TLS.MUST, login=Login("user", "päss word"))
    connection = await open_to(host.port, right)
    assert told(await connection.deliver(parcel())) == ["250 2.0.0 Queued as 1"]
    await connection.close()
    assert any(line.startswith("AUTH " + offered.split(maxsplit=1)[0]) for line in host.lines)
    failure = await failed(host, terms(TLS.MUST, login=Login("user", "wrong")))
    assert failure.kind is Failing.AUTH
    assert str(failure.reply) == "535 5.7.8 Wrong"


async def test_no_password_without_tls(hosts: Hosts) -> None:
    host = hosts(Script(extensions=(*WITH_TLS, "AUTH PLAIN"), logins={"user": "x"}))
    failure = await failed(host, terms(TLS.NEVER, login=Login("user", "x")))
    assert failure.kind is Failing.AUTH
    stripped = hosts(Script(extensions=(*ALL, "AUTH PLAIN"), logins={"user": "x"}))
    failure = await failed(stripped, terms(TLS.MAY, login=Login("user", "x")))
    assert failure.kind is Failing.AUTH
    assert not any(line.startswith("AUTH") for line in host.lines + stripped.lines)
    in_clear = terms(TLS.NEVER, login=Login("user", "x"), login_in_clear=True)
    await (await open_to(host.port, in_clear)).close()


async def test_yes_before_the_hosts_proof_is_no(hosts: Hosts) -> None:
    script = Script(extensions=(*ALL, "AUTH SCRAM-SHA-256"), auth=say("235 2.7.0 Welcome"))
    given = terms(TLS.NEVER, login=Login("user", "x"), login_in_clear=True)
    failure = await failed(hosts(script), given)
    assert failure.kind is Failing.AUTH
