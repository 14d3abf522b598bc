"""TLS that is broken, self-signed or taken away: what is sent all the same, and what waits."""

from __future__ import annotations

from datetime import timedelta

import pytest
from twisted.logger import LogLevel, capturedLogs

from tests.fakes.scripted_host import ALL, Script, say
from tests.internet.net import Internet
from tests.internet.sender import Sender

BOB = "bob@shop.example"
STARTTLS = (*ALL, "STARTTLS")
POLICY = "version: STSv1\nmode: enforce\nmx: mx.shop.example\nmax_age: 604800\n"


async def under_policy(net: Internet, sender: Sender, text: str = POLICY) -> None:
    """Let it be known that the domain has a policy of MTA-STS, from a time when all was well."""
    net.dns.zone.add('_mta-sts.shop.example. 60 IN TXT "v=STSv1; id=1"')
    until = sender.now + timedelta(days=7)
    await sender.stores.destinations.keep_policy("shop.example", "1", text, until)


async def test_a_self_signed_certificate_is_better_than_none(net: Internet, sender: Sender) -> None:
    host = net.site("shop.example", Script(extensions=STARTTLS))
    await sender.send(BOB)
    job = await sender.delivered(BOB)
    assert host.letters[0].under_tls
    assert job.last is not None
    assert job.last.tls.startswith("TLSv1.3")


@pytest.mark.parametrize(
    "script",
    [
        Script(extensions=STARTTLS, tls=False),
        Script(extensions=STARTTLS, starttls=say("454 4.7.0 Not now")),
        Script(extensions=STARTTLS, starttls=say("220 2.0.0 Go", then="abort")),
    ],
    ids=["handshake", "refused", "dropped"],
)
async def test_broken_tls_that_nobody_asks_for_is_gone_without(
    net: Internet, sender: Sender, script: Script
) -> None:
    host = net.site("shop.example", script)
    await sender.send(BOB)
    job = await sender.delivered(BOB)
    assert job.attempts == 1
    assert not host.letters[0].under_tls
    assert job.last is not None
    assert not job.last.tls


@pytest.mark.parametrize(
    "script",
    [
        Script(),
        Script(extensions=STARTTLS),
        Script(extensions=STARTTLS, tls=False),
        Script(extensions=STARTTLS, starttls=say("454 4.7.0 Not now")),
    ],
    ids=["stripped", "self-signed", "handshake", "refused"],
)
async def test_under_mta_sts_enforce_nothing_goes_in_the_clear(
    net: Internet, sender: Sender, script: Script
) -> None:
    """RFC 8461 §5: not delivered, tried again; and whoever looks after the server is told."""
    await under_policy(net, sender)
    host = net.site("shop.example", script)
    with capturedLogs() as logs:
        await sender.send(BOB)
        job = await sender.put_off(BOB)
        sender.later(minutes=13)
        await sender.put_off(BOB, attempts=2)
    assert job.last is not None
    assert job.last.enhanced == "4.7.5"
    assert timedelta(minutes=4) < job.not_before - sender.now + timedelta(minutes=13)
    assert not host.letters
    assert not any(line.startswith("MAIL") for line in host.lines)
    warnings = [event for event in logs if event["log_level"] is LogLevel.warn]
    assert [event["destination"] for event in warnings] == ["shop.example"]
    assert warnings[0]["by"] == "mta-sts"
    assert not await sender.quiet()


async def test_a_host_that_the_policy_does_not_name_gets_nothing(
    net: Internet, sender: Sender
) -> None:
    await under_policy(net, sender)
    net.domain("shop.example", "mx.evil.example")
    host = net.host("mx.evil.example", Script(extensions=STARTTLS))
    with capturedLogs() as logs:
        await sender.send(BOB)
        job = await sender.put_off(BOB)
    assert job.last is not None
    assert "not allowed by the MTA-STS policy" in job.last.reply
    assert host.connections == 0
    assert [event for event in logs if event["log_level"] is LogLevel.warn]


async def test_a_policy_that_only_tests_keeps_nothing_back(net: Internet, sender: Sender) -> None:
    await under_policy(net, sender, POLICY.replace("enforce", "testing"))
    host = net.site("shop.example")
    await sender.send(BOB)
    await sender.delivered(BOB)
    assert len(host.letters) == 1


async def test_tls_that_was_there_and_is_gone_is_told_of(net: Internet, sender: Sender) -> None:
    host = net.site("shop.example", Script(extensions=STARTTLS))
    await sender.send(BOB)
    await sender.delivered(BOB)
    host.script = Script()
    for session in list(host.open):
        session.transport.abortConnection()
    with capturedLogs() as logs:
        await sender.send("ann@shop.example")
        await sender.delivered("ann@shop.example")
    assert not host.letters[1].under_tls
    [warning] = [event for event in logs if event["log_level"] is LogLevel.warn]
    assert warning["destination"] == "shop.example"
