"""What a host's refusal leads to, at each stage: again later, or back to the sender."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bitrixmail.model.job import JobState
from tests.fakes.scripted_host import Script, say
from tests.internet.net import Internet
from tests.internet.sender import LETTER, Sender

BOB = "bob@shop.example"


async def test_greylisting_is_tried_again_after_minutes(net: Internet, sender: Sender) -> None:
    grey = say("450 4.7.1 Greylisted, try again in 5 minutes", "250 2.1.5 OK")
    host = net.site("shop.example", Script(rcpt=grey))
    await sender.send(BOB)
    job = await sender.put_off(BOB)
    assert timedelta(minutes=2) <= job.not_before - sender.now + timedelta(seconds=5)
    assert job.not_before - sender.now <= timedelta(minutes=2) * 1.2
    assert not host.letters
    sender.later(minutes=1)
    assert not await sender.quiet()
    assert (await sender.job(BOB)).attempts == 1
    sender.later(minutes=2)
    await sender.delivered(BOB, attempts=2)
    assert [letter.content for letter in host.letters] == [host.letters[0].content]
    assert host.letters[0].content.endswith(LETTER)
    assert not await sender.quiet()


@pytest.mark.parametrize(
    ("script", "status", "said"),
    [
        (Script(greeting=say("521 5.3.2 No mail here", then="close")), "5.3.2", "521"),
        (Script(mail=say("550 5.7.1 Not you")), "5.7.1", "550 5.7.1 Not you"),
        (Script(rcpt=say("550 5.1.1 Nobody")), "5.1.1", "550 5.1.1 Nobody"),
        (Script(data=say("554 5.7.1 No data")), "5.7.1", "554 5.7.1 No data"),
        (Script(content=say("554 5.6.0 Bad")), "5.6.0", "554 5.6.0 Bad"),
    ],
    ids=["connect", "mail", "rcpt", "data", "dot"],
)
async def test_a_refusal_for_good_comes_back_at_once(
    net: Internet, sender: Sender, script: Script, status: str, said: str
) -> None:
    host = net.site("shop.example", script)
    await sender.send(BOB)
    await sender.given_up(BOB)
    [notice] = await sender.notices(1)
    assert notice.startswith("Return-Path: <>\r\n")
    assert "Action: failed\r\n" in notice
    assert f"Status: {status}\r\n" in notice
    assert f"Final-Recipient: rfc822; {BOB}\r\n" in notice
    assert said in notice
    assert "Subject: an order\r\n" in notice
    assert not host.letters
    sender.later(days=6)
    assert len(await sender.quiet()) == 1
    assert host.connections == 1


@pytest.mark.parametrize(
    "script",
    [
        Script(greeting=say("554 5.7.1 Bad reputation", then="close")),
        Script(ehlo=say("550 5.7.1 Not you"), helo=say("550 5.7.1 Nor so")),
        Script(greeting=say("421 4.3.2 Later", then="close")),
        Script(mail=say("451 4.3.0 Later")),
        Script(rcpt=say("451 4.3.0 Later")),
        Script(data=say("451 4.3.0 Later")),
        Script(content=say("451 4.3.0 Later")),
        Script(content=say("452 4.3.1 Disk full")),
    ],
    ids=["connect", "helo", "421", "mail", "rcpt", "data", "dot", "full"],
)
async def test_a_refusal_for_now_is_tried_again(
    net: Internet, sender: Sender, script: Script
) -> None:
    """RFC 5321 §3.1: a host that greets with 554 may be well again, or its neighbour is."""
    host = net.site("shop.example", script)
    await sender.send(BOB)
    job = await sender.put_off(BOB)
    first = job.not_before - sender.now
    assert timedelta(minutes=4) < first <= timedelta(minutes=18)
    host.script = Script()
    sender.later(minutes=20)
    await sender.delivered(BOB, attempts=2)
    assert len(host.letters) == 1
    assert not await sender.quiet()


async def test_what_is_never_taken_comes_back_when_it_is_too_old(
    net: Internet, sender: Sender
) -> None:
    host = net.site("shop.example", Script(rcpt=say("451 4.3.0 Later")))
    await sender.send(BOB)
    await sender.put_off(BOB)
    sender.later(minutes=20)
    await sender.put_off(BOB, attempts=2)
    assert not await sender.quiet()
    # after hours its sender is told that it takes longer, once
    sender.later(hours=5)
    await sender.put_off(BOB, attempts=3)
    [notice] = await sender.notices(1)
    assert "Action: delayed\r\n" in notice
    assert "Will-Retry-Until: " in notice
    for day in range(1, 6):
        sender.later(hours=24)
        await sender.settled(BOB, JobState.WAITING, JobState.DEAD, attempts=3 + day)
    sender.later(hours=24)
    await sender.given_up(BOB, attempts=5)
    notices = await sender.notices(2)
    assert "Action: failed\r\n" in notices[1]
    assert not host.letters
    assert len(await sender.quiet()) == 2


async def test_a_host_without_ehlo_is_spoken_with_in_the_old_way(
    net: Internet, sender: Sender
) -> None:
    host = net.site("shop.example", Script(ehlo=say("502 5.5.1 What?")))
    await sender.send(BOB)
    await sender.delivered(BOB)
    assert host.lines[:2] == ["EHLO mail.example.org", "HELO mail.example.org"]


async def test_each_recipient_has_an_outcome_of_his_own(net: Internet, sender: Sender) -> None:
    later = say("450 4.2.1 Busy mailbox", "250 2.1.5 OK")
    script = Script(
        rcpt_of={"no@shop.example": say("550 5.1.1 Nobody"), "late@shop.example": later}
    )
    host = net.site("shop.example", script)
    await sender.send(BOB, "no@shop.example", "late@shop.example")
    await sender.delivered(BOB)
    await sender.given_up("no@shop.example")
    await sender.put_off("late@shop.example")
    [notice] = await sender.notices(1)
    assert "no@shop.example" in notice
    assert BOB not in notice
    assert "late@shop.example" not in notice
    sender.later(minutes=20)
    await sender.delivered("late@shop.example", attempts=2)
    assert host.connections <= 2
    assert [letter.rcpt for letter in host.letters] == [
        [f"TO:<{BOB}>"],
        ["TO:<late@shop.example>"],
    ]
    # what does not exist is not asked for again
    known = await sender.stores.suppressions.find("no@shop.example", sender.now)
    assert known is not None
    assert len(await sender.quiet()) == 1


async def test_those_who_were_too_many_get_it_in_the_next_transaction(
    net: Internet, sender: Sender
) -> None:
    """RFC 5321 §4.5.3.1.10: at once, on the same connection."""
    names = [f"{name}@shop.example" for name in ("ann", "bob", "eve", "tom", "zoe")]
    ok, more = "250 2.1.5 OK", "452 4.5.3 Too many"
    replies = (ok, ok, more, more, more, ok, ok, more, ok)
    host = net.site("shop.example", Script(rcpt=say(*replies)))
    await sender.send(*names)
    for name in names:
        await sender.delivered(name)
    assert [len(letter.rcpt) for letter in host.letters] == [2, 2, 1]
    assert host.connections == 1
