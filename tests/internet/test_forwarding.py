"""Rules pass mail on: whose name is on it, that bounces find back, and that no circle lasts."""

from __future__ import annotations

import pytest

from bitrixmail.model.job import JobState
from tests.fakes.scripted_host import Script, say
from tests.internet.acting import ANN, LETTER, Acting, action, sender_of
from tests.internet.net import Internet
from tests.internet.sender import SENDER, Sender

BOB = "bob@far.example"
BOUNCE = b"From: MAILER-DAEMON@far.example\r\nSubject: failure notice\r\n\r\nNo such user.\r\n"


async def test_a_stranger_is_rewritten_and_his_bounce_finds_him(
    net: Internet, sender: Sender
) -> None:
    acting, far, shop = Acting(sender), net.site("far.example"), net.site("shop.example")
    await acting.rules(action("forward", to=BOB))
    assert (await acting.receive()).startswith("250")
    (letter,) = await acting.letters(far)
    passed = sender_of(letter)
    assert passed.startswith("SRS0=")
    assert passed.endswith("=shop.example=ann@example.org")
    # what was signed is as it was; what is ours stands before it
    assert letter.content.endswith(LETTER)
    added = letter.content.removesuffix(LETTER).decode()
    assert f"\r\nDelivered-To: {SENDER}\r\n" in added
    assert "DKIM" not in added
    # its copy stays in the mailbox
    assert len(await acting.in_box(SENDER)) == 1
    assert (await acting.receive("", BOUNCE, passed)).startswith("250")
    (bounce,) = await acting.letters(shop)
    assert sender_of(bounce) == ""
    assert bounce.rcpt[0].startswith(f"TO:<{ANN}>")
    assert bounce.content.endswith(BOUNCE)
    assert len(await acting.in_box(SENDER)) == 1


async def test_only_bounces_go_by_such_an_address(net: Internet, sender: Sender) -> None:
    acting, far = Acting(sender), net.site("far.example")
    await acting.rules(action("forward", to=BOB))
    await acting.receive()
    (letter,) = await acting.letters(far)
    passed = sender_of(letter)
    assert await acting.receive("eve@evil.example", LETTER, passed) == (
        "550 5.7.1 That address takes notices of mail systems alone"
    )
    for forged in (
        passed.replace("=ann@", "=eve@"),
        "SRS0=aaaaaaaa=bb=shop.example=ann@example.org",
        "SRS1=aaaaaaaa=evil.example==x=y=shop.example=ann@example.org",
    ):
        assert (await acting.receive("", BOUNCE, forged)).startswith("550 5.1.1")


async def test_a_host_that_refuses_it_is_told_of_to_the_first_sender(
    net: Internet, sender: Sender
) -> None:
    acting = Acting(sender)
    net.site("far.example", Script(rcpt=say("550 5.1.1 No such user")))
    shop = net.site("shop.example")
    await acting.rules(action("forward", to=BOB))
    await acting.receive()
    (notice,) = await acting.letters(shop)
    assert sender_of(notice) == ""
    assert notice.rcpt[0].startswith(f"TO:<{ANN}>")
    assert b"No such user" in notice.content


@pytest.mark.parametrize("body", ["When do you open?", "Когда вы открыты?"])
async def test_a_first_sender_whose_host_takes_ascii_alone_hears_of_it(
    net: Internet, sender: Sender, body: str
) -> None:
    acting = Acting(sender)
    net.site("far.example", Script(rcpt=say("550 5.1.1 No such user")))
    shop = net.site("shop.example", Script(extensions=("SIZE 10485760",)))
    await acting.rules(action("forward", to=BOB))
    await acting.receive(content=LETTER.replace(b"When do you open?", body.encode()))
    (notice,) = await acting.letters(shop)
    assert "SMTPUTF8" not in notice.mail
    assert notice.content.isascii()
    assert b"No such user" in notice.content
    assert b"Message-ID: <1@shop.example>" in notice.content
    # A text that can't pass as it is stays here: what is given back may not be encoded
    assert (b"When do you open?" in notice.content) is body.isascii()


async def test_one_of_ours_gets_back_all_of_what_could_not_be_passed_on(
    net: Internet, sender: Sender
) -> None:
    acting = Acting(sender)
    net.site("far.example", Script(rcpt=say("550 5.1.1 No such user")))
    await acting.mailbox("anna@example.org")
    await acting.rules(
        f"[[rule]]\nname = 'It'\nmailbox = '{SENDER}'\n"
        f"  [[rule.action]]\n  do = 'forward'\n  to = '{BOB}'\n"
    )
    await acting.receive("anna@example.org", LETTER.replace(b"open", "открыты".encode()))
    (notice,) = await acting.in_box("anna@example.org")
    assert "When do you открыты?" in notice


async def test_it_is_rewritten_only_if_need_be(net: Internet, sender: Sender) -> None:
    acting, far = Acting(sender), net.site("far.example")
    tried = [
        ("forward", "anna@example.org", "anna@example.org"),
        ("forward", "", ""),
        ("redirect", ANN, ANN),
        ("redirect", "", ""),
        # too long to be rewritten: whoever passes it on hears of it
        ("forward", f"{'x' * 60}@shop.example", SENDER),
    ]
    for number, (do, from_, expected) in enumerate(tried, 1):
        await acting.rules(action(do, to=BOB))
        await acting.receive(from_)
        letters = await acting.letters(far, number)
        assert sender_of(letters[-1]) == expected


async def test_one_of_ours_gets_it_by_the_gate_under_the_first_name(
    net: Internet, sender: Sender
) -> None:
    acting, far = Acting(sender), net.site("far.example")
    await acting.mailbox("anna@example.org")
    await acting.rules(
        f"[[rule]]\nname = 'It'\nmailbox = '{SENDER}'\n"
        f"  [[rule.action]]\n  do = 'forward'\n  to = ['anna@example.org', '{BOB}']\n"
        "  [[rule.action]]\n  do = 'discard'\n"
    )
    await acting.receive()
    (found,) = await acting.in_box("anna@example.org")
    assert f"Return-Path: <{ANN}>" in found
    await acting.letters(far)
    assert await sender.quiet() == []


async def test_a_circle_ends_after_one_round(net: Internet, sender: Sender) -> None:
    acting, far = Acting(sender), net.site("far.example")
    await acting.rules(action("forward", to=BOB))
    await acting.receive()
    (letter,) = await acting.letters(far)
    # Bob passes it back, as it is
    await acting.receive(sender_of(letter), letter.content)
    assert "A circle" in await acting.said(2)
    assert len(await acting.letters(far)) == 1
    # another's mark stops nobody
    other = b"X-Loop: " + SENDER.encode() + b" (forwarded by mx.far.example)\r\n" + LETTER
    await acting.receive(ANN, other)
    await acting.letters(far, 2)


async def test_what_nobody_keeps_goes_back_to_its_sender(net: Internet, sender: Sender) -> None:
    acting, shop = Acting(sender), net.site("shop.example")
    discard = "  [[rule.action]]\n  do = 'discard'\n"
    await acting.rules(action("forward", to=SENDER) + discard)
    await acting.receive()
    assert "A circle" in await acting.said()
    (notice,) = await acting.letters(shop)
    assert sender_of(notice) == ""
    assert f"Final-Recipient: rfc822; {SENDER}".encode() in notice.content
    # of what is kept nobody is told, nor if it is an answer that came to nothing
    await acting.rules(action("forward", to=SENDER))
    await acting.receive()
    await acting.rules(action("reply", text="Hi", from_="a@bank.example") + discard)
    await acting.receive("bob@shop.example")
    await acting.said(3)
    await acting.letters(shop, 1)


async def test_a_mailbox_does_not_pass_on_to_itself(net: Internet, sender: Sender) -> None:
    acting = Acting(sender)
    await sender.stores.directory.set_alias("sales@example.org", [SENDER])
    await acting.rules(action("forward", to="sales@example.org"))
    await acting.receive()
    assert await acting.said() == (
        f"550 5.4.6 A circle: sales@example.org leads to {SENDER} itself"
    )
    assert len(await sender.quiet()) == 1
    assert not net.hosts


async def test_two_mailboxes_that_forward_to_each_other(net: Internet, sender: Sender) -> None:
    acting = Acting(sender)
    anna = "anna@example.org"
    await acting.mailbox(anna)
    rules = [
        action("forward", to=to).replace("'It'", f"'{by}'\nmailbox = '{by}'")
        for by, to in ((SENDER, anna), (anna, SENDER))
    ]
    await acting.rules("\n".join(rules))
    await acting.receive()
    assert "A circle" in await acting.said(3)
    assert len(await sender.quiet()) == 2
    assert len(await acting.in_box(anna)) == 1
    assert not net.hosts


@pytest.mark.parametrize(
    "sender",
    [("rules.forwards_per_hour=2",), ("rules.forwards_per_hour_to_one=2",)],
    indirect=True,
)
async def test_so_many_an_hour_and_the_others_later(net: Internet, sender: Sender) -> None:
    acting, far = Acting(sender), net.site("far.example")
    await acting.rules(action("forward", to=BOB))
    for number in range(4):
        await acting.receive(ANN, b"X-Number: %d\r\n" % number + LETTER)
    await acting.letters(far, 2)
    sender.later(hours=1, minutes=1)
    found = await acting.letters(far, 4)
    for number, letter in enumerate(found):
        assert b"X-Number: %d\r\n" % number in letter.content


@pytest.mark.parametrize("sender", [("outbound.verp=true",)], indirect=True)
async def test_return_paths_of_each_recipient_leave_it_as_it_is(
    net: Internet, sender: Sender
) -> None:
    acting, far, shop = Acting(sender), net.site("far.example"), net.site("shop.example")
    await acting.rules(action("forward", to=BOB))
    await acting.receive()
    (letter,) = await acting.letters(far)
    assert sender_of(letter).startswith("SRS0=")
    await acting.receive("", BOUNCE, sender_of(letter))
    await acting.letters(shop)


async def test_a_suppressed_address_is_a_dead_letter(net: Internet, sender: Sender) -> None:
    acting = Acting(sender)
    net.site("far.example", Script(rcpt=say("550 5.1.1 No such user")))
    net.site("shop.example")
    await acting.rules(action("forward", to=BOB))
    await acting.receive()
    await sender.until(lambda: len(net.hosts[1].letters) == 1, "no notice")
    await acting.receive()
    ended = await acting.ended(2)
    assert ended[-1].state is JobState.DEAD
    assert "Nothing is sent to bob@far.example" in await acting.said(2)


async def test_a_large_message_is_passed_on_and_answered_as_any_other(
    net: Internet, sender: Sender
) -> None:
    acting, far, shop = Acting(sender), net.site("far.example"), net.site("shop.example")
    await acting.rules(
        action("forward", to=BOB) + "  [[rule.action]]\n  do = 'reply'\n  text = 'Thank you.'\n"
    )
    large = LETTER + b"One more line of it.\r\n" * 20_000
    await acting.receive(ANN, large)
    (letter,) = await acting.letters(far)
    assert letter.content.endswith(large)
    assert "BODY=8BITMIME" in letter.mail
    (answer,) = await acting.letters(shop)
    assert b"Thank you." in answer.content
    await acting.receive(sender_of(letter), letter.content)
    assert any("A circle" in (one.last.reply if one.last else "") for one in await acting.ended(4))
