"""Deliveries under TLS and to smarthosts that want a login, over real sockets."""

from __future__ import annotations

from typing import Any

import pytest

from bitrixmail.model.parcel import Failing
from bitrixmail.outbound.client.sasl import Login
from bitrixmail.outbound.client.terms import TLS, Terms, Timeouts
from tests.fakes.delivering import (
    BODY,
    SHORT,
    Hosts,
    failed,
    open_to,
    parcel,
    scripted_hosts,
    told,
)
from tests.fakes.peer_tls import TestingTLS
from tests.fakes.scripted_host import ALL, SILENCE, Script, say

_hosts = pytest.fixture(scripted_hosts, name="hosts")

WITH_TLS = (*ALL, "STARTTLS")


def terms(
    tls: TLS, *, told: str = "", verify: bool = False, strict: bool = False, **more: Any
) -> Terms:
    peer = TestingTLS(told, strict=strict)
    return Terms(
        "mx.example.org", tls, peer, verify, timeouts=more.pop("timeouts", Timeouts()), **more
    )


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
            terms(TLS.MAY, timeouts=Timeouts(handshake=SHORT)),
            "no end",
        ),
        (Script(extensions=WITH_TLS), terms(TLS.MUST, told="not his", verify=True), "not his"),
        (Script(extensions=WITH_TLS), terms(TLS.MUST, strict=True), "verify failed"),
        (
            Script(greeting=SILENCE),
            terms(TLS.IMPLICIT, timeouts=Timeouts(handshake=SHORT)),
            "no end of the TLS handshake",
        ),
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
