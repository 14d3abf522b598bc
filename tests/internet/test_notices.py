"""What a sender asked to be told, and how: NOTIFY, RET, ENVID, ORCPT (RFC 3461)."""

from __future__ import annotations

import pytest

from bitrixmail.model.envelope import RecipientParameters, SenderParameters
from tests.fakes.scripted_host import ALL, Script, say
from tests.internet.net import Internet
from tests.internet.sender import SENDER, Sender

BOB = "bob@shop.example"
REFUSING = Script(rcpt=say("550 5.1.1 Nobody"))
WITHOUT_DSN = Script(extensions=tuple(word for word in ALL if word != "DSN"))
SUCCESS = RecipientParameters(frozenset({"SUCCESS", "FAILURE"}), "rfc822;Bob@old.example")
HEADERS = SenderParameters(ret="HDRS", envid="QQ314")


async def test_a_host_that_reports_is_asked_to_and_nobody_else_does(
    net: Internet, sender: Sender
) -> None:
    host = net.site("shop.example")
    await sender.send(BOB, parameters=HEADERS, asked=SUCCESS)
    await sender.delivered(BOB)
    (letter,) = host.letters
    assert "RET=HDRS ENVID=QQ314" in letter.mail
    assert letter.rcpt == [f"TO:<{BOB}> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Bob@old.example"]
    assert await sender.quiet() == []


async def test_where_a_host_does_not_report_the_sender_hears_that_it_was_passed_on(
    net: Internet, sender: Sender
) -> None:
    host = net.site("shop.example", WITHOUT_DSN)
    await sender.send(BOB, parameters=HEADERS, asked=SUCCESS)
    await sender.delivered(BOB)
    (letter,) = host.letters
    assert "ENVID" not in letter.mail
    assert letter.rcpt == [f"TO:<{BOB}>"]
    [notice] = await sender.notices(1)
    assert notice.startswith("Return-Path: <>\r\n")
    assert "Action: relayed\r\n" in notice
    assert "Original-Envelope-Id: QQ314\r\n" in notice
    assert "Original-Recipient: rfc822; Bob@old.example\r\n" in notice
    assert "Subject: an order\r\n" in notice
    assert "Thank you." not in notice


async def test_success_that_nobody_asked_for_is_not_told(net: Internet, sender: Sender) -> None:
    net.site("shop.example", WITHOUT_DSN)
    await sender.send(BOB)
    await sender.delivered(BOB)
    assert await sender.quiet() == []


async def test_success_in_a_mailbox_here_is_told(sender: Sender) -> None:
    await sender.send(SENDER, parameters=HEADERS, asked=SUCCESS)
    letter, notice = await sender.notices(2)
    assert "Thank you." in letter
    assert "Action: delivered\r\n" in notice
    assert f"Final-Recipient: rfc822; {SENDER}\r\n" in notice
    assert "Status: 2.1.5\r\n" in notice
    assert "Original-Envelope-Id: QQ314\r\n" in notice
    assert "Original-Recipient: rfc822; Bob@old.example\r\n" in notice
    assert "Thank you." not in notice


@pytest.mark.parametrize(("ret", "whole"), [("HDRS", False), ("FULL", True), (None, True)])
async def test_as_much_comes_back_as_was_asked_for(
    net: Internet, sender: Sender, ret: str | None, *, whole: bool
) -> None:
    net.site("shop.example", REFUSING)
    await sender.send(BOB, parameters=SenderParameters(ret=ret, envid="a=b+c"))
    await sender.given_up(BOB)
    [notice] = await sender.notices(1)
    assert "Original-Envelope-Id: a=b+c\r\n" in notice
    assert ("Thank you." in notice) is whole
    assert "Subject: an order\r\n" in notice


@pytest.mark.parametrize("word", ["NEVER", "SUCCESS", "DELAY"])
async def test_a_failure_that_nobody_wants_to_hear_of_is_not_told(
    net: Internet, sender: Sender, word: str
) -> None:
    net.site("shop.example", REFUSING)
    await sender.send(BOB, asked=RecipientParameters(frozenset({word})))
    await sender.given_up(BOB)
    assert await sender.quiet() == []


@pytest.mark.parametrize(("words", "told"), [({"DELAY"}, 1), ({"FAILURE"}, 0)])
async def test_a_delay_is_told_once_to_who_wants_to_hear_of_it(
    net: Internet, sender: Sender, words: set[str], told: int
) -> None:
    net.site("shop.example", Script(rcpt=say("450 4.2.1 Later")))
    await sender.send(BOB, asked=RecipientParameters(frozenset(words)))
    await sender.put_off(BOB)
    for attempts in (2, 3):
        sender.later(hours=5)
        await sender.put_off(BOB, attempts=attempts)
    notices = await sender.quiet()
    assert [notice.count("Action: delayed\r\n") for notice in notices] == [1] * told
