"""Hosts that lie, fall silent or break off: what was not surely taken is tried again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bitrixmail.model.envelope import SenderParameters
from bitrixmail.model.job import JobState
from tests.fakes.delivering import pause
from tests.fakes.scripted_host import ALL, GONE, SILENCE, Script, say
from tests.internet.net import Internet
from tests.internet.sender import LETTER, Sender

BOB = "bob@shop.example"
STAGES = {
    "greeting": Script(greeting=GONE),
    "ehlo": Script(ehlo=GONE),
    "mail": Script(mail=GONE),
    "rcpt": Script(rcpt=GONE),
    "data": Script(data=GONE),
    "421-mail": Script(mail=say("421 4.3.2 Going down", then="close")),
    "421-rcpt": Script(rcpt=say("421 4.3.2 Going down", then="close")),
    "421-data": Script(data=say("421 4.3.2 Going down", then="close")),
    "421-dot": Script(content=say("421 4.3.2 Going down", then="close")),
}


async def test_what_breaks_before_it_is_taken_goes_to_the_next_host(
    net: Internet, sender: Sender
) -> None:
    for stage, script in STAGES.items():
        net.domain(f"{stage}.example", f"mx1.{stage}.example", f"mx2.{stage}.example")
        first = net.host(f"mx1.{stage}.example", script)
        second = net.host(f"mx2.{stage}.example")
        await sender.send(f"bob@{stage}.example")
        job = await sender.delivered(f"bob@{stage}.example")
        assert job.attempts == 1, stage
        assert first.connections >= 1, stage
        assert (len(first.letters), len(second.letters)) == (0, 1), stage


async def test_what_breaks_where_there_is_no_other_host_is_tried_again(
    net: Internet, sender: Sender
) -> None:
    host = net.site("shop.example")
    attempts = 0
    for stage, script in STAGES.items():
        host.script = script
        if not attempts:
            await sender.send(BOB)
        else:
            sender.later(hours=6)
        attempts += 1
        job = await sender.put_off(BOB, attempts=attempts)
        assert job.last is not None
        assert job.last.enhanced.startswith("4."), stage
        assert job.not_before - sender.now >= timedelta(minutes=4)
    assert not host.letters
    host.script = Script()
    sender.later(hours=6)
    await sender.delivered(BOB, attempts=attempts + 1)
    assert len(host.letters) == 1
    assert [notice.count("Action: delayed") for notice in await sender.quiet()] == [1]


@pytest.mark.parametrize("play", [GONE, SILENCE], ids=["dropped", "silent"])
async def test_no_reply_after_the_dot_is_tried_again_at_the_risk_of_a_double(
    net: Internet, sender: Sender, play: object
) -> None:
    """RFC 5321 §4.2.5, RFC 1047: nobody else is given it in the same round."""
    sender.patience(dot=0.5)
    net.domain("shop.example", "mx1.shop.example", "mx2.shop.example")
    first = net.host("mx1.shop.example", Script(content=play))  # type: ignore[arg-type]
    second = net.host("mx2.shop.example")
    await sender.send(BOB)
    job = await sender.put_off(BOB)
    assert job.last is not None
    assert job.last.enhanced == "4.4.2"
    assert len(first.letters) == 1  # as it sees it
    assert not second.letters
    first.script = Script()
    sender.later(minutes=13)
    await sender.delivered(BOB, attempts=2)
    assert [letter.content for letter in first.letters] == [first.letters[0].content] * 2
    assert not await sender.quiet()


async def test_a_kept_connection_that_the_host_gives_up_is_replaced(
    net: Internet, sender: Sender
) -> None:
    host = net.site("shop.example")
    await sender.send(BOB)
    await sender.delivered(BOB)
    host.open[0].transport.write(b"421 4.4.2 Idle for too long\r\n")
    host.open[0].transport.loseConnection()
    await sender.send("ann@shop.example")
    job = await sender.delivered("ann@shop.example")
    assert job.attempts == 1
    assert len(host.letters) == 2
    assert host.connections == 2


@pytest.mark.parametrize("sender", [["outbound.command_timeout=700ms"]], indirect=True)
async def test_pipelining_that_breaks_is_not_used_again(net: Internet, sender: Sender) -> None:
    host = net.site("shop.example", Script(obeys_pipelining=False))
    await sender.send(BOB)
    await sender.put_off(BOB)
    assert host.lines[-1].startswith("MAIL")
    sender.later(minutes=13)
    await sender.delivered(BOB, attempts=2)
    assert len(host.letters) == 1
    # and for the next message it is known
    await sender.send("ann@shop.example")
    job = await sender.delivered("ann@shop.example")
    assert job.attempts == 1


@pytest.mark.parametrize(
    ("script", "content", "utf8", "status"),
    [
        (Script(extensions=("SIZE 100",)), LETTER + b"x" * 100 + b"\r\n", False, "5.3.4"),
        (Script(content=say("552 5.3.4 Too big after all")), LETTER, False, "5.3.4"),
        (Script(mail=say("552 5.3.4 Too big")), LETTER, False, "5.3.4"),
        (Script(extensions=("PIPELINING",)), LETTER + "щи\r\n".encode(), False, "5.6.3"),
        (Script(extensions=("8BITMIME",)), LETTER, True, "5.6.7"),
    ],
    ids=["size", "size-lies", "size-at-mail", "8bit", "smtputf8"],
)
async def test_what_a_host_cannot_carry_comes_back(
    net: Internet, sender: Sender, script: Script, content: bytes, utf8: bool, status: str
) -> None:
    host = net.site("shop.example", script)
    parameters = SenderParameters(smtputf8=utf8)
    await sender.send(BOB, content=content, parameters=parameters)
    await sender.given_up(BOB)
    [notice] = await sender.notices(1)
    assert f"Status: {status}\r\n" in notice
    assert not host.letters


@pytest.mark.parametrize(
    ("script", "content", "status", "said"),
    [
        (Script(mail=say("555 5.5.4 BODY? Never heard of")), LETTER + "щи\r\n".encode(), "5.5.4", "BODY?"),
        (Script(mail=say("555 5.5.4 ENVID? Never heard of")), LETTER, "5.5.4", "ENVID?"),
        (
            Script(extensions=(*ALL, "CHUNKING"), bdat=say("502 5.5.1 BDAT? Never heard of")),
            LETTER + b"x" * 2000 + b"\r\n",
            "5.5.1",
            "BDAT?",
        ),
    ],
    ids=["8bitmime", "dsn", "chunking"],
)  # fmt: skip
async def test_what_a_host_offers_and_then_refuses_comes_back_with_its_words(
    net: Internet, sender: Sender, script: Script, content: bytes, status: str, said: str
) -> None:
    """RFC 5321 §4.1.1.11, RFC 3030 §2: an answer for good, whatever was promised."""
    host = net.site("shop.example", script)
    await sender.send(BOB, content=content, parameters=SenderParameters(envid="job-1"))
    await sender.given_up(BOB)
    [notice] = await sender.notices(1)
    assert f"Status: {status}\r\n" in notice
    assert said in notice
    assert not host.letters


async def test_extensions_that_a_host_does_not_have_are_not_used(
    net: Internet, sender: Sender
) -> None:
    bare = net.site("bare.example", Script(extensions=()))
    full = net.site("full.example", Script(extensions=(*ALL, "CHUNKING")))
    await sender.send("bob@bare.example", "bob@full.example")
    for recipient in ("bob@bare.example", "bob@full.example"):
        await sender.settled(recipient, JobState.DONE)
    assert bare.letters[0].mail == "FROM:<boss@example.org>"
    assert " SIZE=" in full.letters[0].mail
    assert bare.letters[0].content == full.letters[0].content


async def test_what_has_no_meaning_is_no_delivery(net: Internet, sender: Sender) -> None:
    scripts = {
        "early": Script(greeting=say("220 x\n250 y")),
        "http": Script(greeting=say("HTTP/1.1 400 Bad Request")),
        "too-many": Script(mail=say("250 OK\n250 OK\n250 OK\n250 OK\n250 OK")),
        "wrong": Script(rcpt=say("354 Go on")),
        "before-content": Script(data=say("354 Go\n250 Got it all")),
        "endless": Script(ehlo=say("250-x\n250-" + "y" * 200_000)),
    }
    for name, script in scripts.items():
        host = net.site(f"{name}.example", script)
        await sender.send(f"bob@{name}.example")
        await sender.put_off(f"bob@{name}.example")
        await pause(0.02)
        assert not host.letters, name
    assert not await sender.quiet()


async def test_who_was_answered_is_not_asked_for_again(net: Internet, sender: Sender) -> None:
    """A host that takes one at a time goes away between two of them, on a connection kept."""
    script = Script(
        extensions=(*ALL, "LIMITS RCPTMAX=1"),
        mail=(*say("250 OK", "250 OK"), *GONE, *say("250 OK")),
    )
    host = net.site("shop.example", script)
    await sender.send(BOB)
    await sender.delivered(BOB)
    await sender.send("ann@shop.example", "eve@shop.example")
    await sender.delivered("ann@shop.example")
    sender.later(hours=6)
    await sender.delivered("eve@shop.example", attempts=2)
    assert [letter.rcpt for letter in host.letters] == [
        ["TO:<bob@shop.example>"],
        ["TO:<ann@shop.example>"],
        ["TO:<eve@shop.example>"],
    ]
