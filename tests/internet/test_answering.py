"""Rules answer and tell by themselves: whom, how often, in what words, and never a program."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes, message_from_string, policy
from email.message import EmailMessage

import pytest

from bitrixmail.model.job import JobState, Result
from tests.fakes.scripted_host import Letter
from tests.internet.acting import ANN, LETTER, Acting, action, sender_of
from tests.internet.net import Internet
from tests.internet.sender import SENDER, Sender

TEXT = "Hello {from_name}, your «{subject}» came."


def read(letter: Letter) -> EmailMessage:
    return message_from_bytes(letter.content, policy=policy.default)


def text_of(message: EmailMessage, kind: str = "plain") -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content())


async def test_an_answer_is_one_of_rfc_3834(net: Internet, sender: Sender) -> None:
    acting, shop = Acting(sender), net.site("shop.example")
    await acting.rules(action("reply", text=TEXT, subject="Re: {subject}", html="<b>{subject}</b>"))
    asked = LETTER.replace(b"A question", b"Open <b>now</b>?").replace(
        b"From: Ann <ann@", b"References: <0@shop.example>\r\nFrom: Ann <other@"
    )
    await acting.receive(ANN, asked)
    (letter,) = await acting.letters(shop)
    assert sender_of(letter) == ""
    assert letter.rcpt[0].startswith(f"TO:<{ANN}>")  # and not to whom From names
    message = read(letter)
    assert message["To"] == ANN
    assert message["From"] == SENDER
    assert message["Auto-Submitted"] == "auto-replied"
    assert str(message["In-Reply-To"]).split() == ["<1@shop.example>"]
    assert str(message["References"]).split() == ["<0@shop.example>", "<1@shop.example>"]
    assert message["Subject"] == "Re: Open <b>now</b>?"
    assert text_of(message) == "Hello Ann, your «Open <b>now</b>?» came.\r\n"
    assert text_of(message, "html").strip() == "<b>Open &lt;b&gt;now&lt;/b&gt;?</b>"
    assert len(await acting.in_box(SENDER)) == 1


async def test_once_for_each_sender_in_his_time(net: Internet, sender: Sender) -> None:
    acting, shop = Acting(sender), net.site("shop.example")
    await acting.rules(action("reply", text=TEXT, once_per="2d"))
    await acting.receive()
    await acting.receive("ANN@shop.example")
    assert "was answered" in await acting.said(2)
    await acting.receive("bob@shop.example")
    await acting.letters(shop, 2)
    sender.later(days=1, hours=23)
    await acting.receive()
    assert "was answered" in await acting.said(4)
    sender.later(hours=2)
    await acting.receive()
    await acting.letters(shop, 3)


@pytest.mark.parametrize("sender", [("rules.replies_per_hour=2",)], indirect=True)
async def test_so_many_an_hour_and_no_more(net: Internet, sender: Sender) -> None:
    acting, shop = Acting(sender), net.site("shop.example")
    await acting.rules(action("reply", text=TEXT))
    for number in range(4):
        await acting.receive(f"a{number}@shop.example")
    assert "has given 2 answers within an hour" in await acting.said(4)
    await acting.letters(shop, 2)


async def test_a_vacation_has_its_days(net: Internet, sender: Sender) -> None:
    acting, shop = Acting(sender), net.site("shop.example")
    for number, (starts, ends, why) in enumerate(
        (
            ("2090-01-01", "2090-01-02", "it came before 2090-01-01"),
            ("2020-01-01", "2020-01-02", "it came after 2020-01-02"),
            ("2020-01-01", "2090-01-01", "Ok: queued"),
        ),
        1,
    ):
        text = "Away until {ends}."
        await acting.rules(action("reply", text=text, starts=starts, ends=ends))
        await acting.receive()
        assert why in await acting.said(number)
    (letter,) = await acting.letters(shop)
    assert text_of(read(letter)) == "Away until 2090-01-01.\r\n"


async def test_a_blind_copy_is_answered_if_that_is_wanted(net: Internet, sender: Sender) -> None:
    acting, shop = Acting(sender), net.site("shop.example")
    await sender.stores.directory.set_alias("sales@example.org", [SENDER])
    ends: dict[str, object] = {"ends": "2090-01-01"}
    tried: list[tuple[str, dict[str, object], bool]] = [
        (SENDER, ends, True),
        ("Sales <SALES@example.org>", ends, True),
        ("all@shop.example", ends, False),
        ("all@shop.example", ends | {"only_if_named": False}, True),
        ("all@shop.example", {}, True),
        ("all@shop.example", {"only_if_named": True}, False),
    ]
    for number, (to, settings, answered) in enumerate(tried, 1):
        await acting.rules(action("reply", text="Hello", **settings))
        asked = LETTER.replace(f"To: {SENDER}".encode(), f"To: {to}".encode())
        await acting.receive(f"a{number}@shop.example", asked)
        assert ("neither To nor Cc" not in await acting.said(number)) is answered
    await acting.letters(shop, 4)


async def test_whom_it_is_from_is_the_mailbox_or_its_alias(net: Internet, sender: Sender) -> None:
    acting, shop = Acting(sender), net.site("shop.example")
    await sender.stores.directory.set_alias("sales@example.org", [SENDER])
    await acting.rules(action("reply", text="Hello", from_='"Отдел, продаж" <sales@example.org>'))
    await acting.receive()
    (letter,) = await acting.letters(shop)
    author = read(letter)["From"].addresses[0]
    assert (author.display_name, author.addr_spec) == ("Отдел, продаж", "sales@example.org")
    await acting.rules(action("reply", text="Hello", from_="boss@bank.example"))
    await acting.receive("bob@shop.example")
    assert await acting.said(2) == f"550 5.7.1 from: boss@bank.example is no address of {SENDER}"
    await acting.letters(shop, 1)


async def test_spam_is_not_answered(net: Internet, sender: Sender) -> None:
    acting = Acting(sender)
    further = ("do = 'move'\n  folder = 'Spam'", "do = 'tag'\n  tag = 'spam'", "do = 'delete'")
    for number, action_text in enumerate(further, 1):
        await acting.rules(action("reply", text="Hello") + f"  [[rule.action]]\n  {action_text}\n")
        await acting.receive()
        assert "taken for spam" in await acting.said(number)
    assert not net.hosts


async def test_nobody_answers_himself(net: Internet, sender: Sender) -> None:
    acting = Acting(sender)
    await sender.stores.directory.set_alias("sales@example.org", [SENDER])
    await acting.rules(action("reply", text="Hello"))
    await acting.receive("sales@example.org")
    assert "leads to the mailbox itself" in await acting.said()
    await acting.receive("gone@example.org")
    assert "there is no gone@example.org here" in await acting.said(2)
    assert len(await sender.quiet()) == 2
    assert not net.hosts


async def test_no_text_of_a_message_adds_a_field(net: Internet, sender: Sender) -> None:
    acting, shop = Acting(sender), net.site("shop.example")
    await acting.rules(action("reply", text=TEXT, subject="{from_name}: {subject}"))
    evil = b"=?utf-8?Q?x=0D=0ABcc:_eve@evil.example=0D=0A=0D=0Ax?="
    asked = LETTER.replace(b"A question", evil).replace(b"From: Ann", b"From: " + evil)
    await acting.receive(ANN, asked)
    (letter,) = await acting.letters(shop)
    message = read(letter)
    assert message["Bcc"] is None
    assert len(letter.rcpt) == 1
    assert "Bcc: eve@evil.example" in message["Subject"]


async def test_notices_are_short_and_bounded(net: Internet, sender: Sender) -> None:
    acting, far = Acting(sender), net.site("far.example")
    await acting.rules(
        action("notify", to="boss@far.example", text="{from_name}: {subject}\n{text}", per_hour=2)
    )
    for _ in range(5):
        await acting.receive()
    await acting.ended(5)
    letter = (await acting.letters(far, 2))[0]
    message = read(letter)
    assert sender_of(letter) == ""
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Subject"] == f"{SENDER}: A question"
    assert text_of(message) == "Ann: A question\r\nWhen do you open?\r\n"
    await sender.sending.mail.tell_what_is_owed()
    await acting.letters(far, 2)
    sender.later(hours=1, seconds=1)
    await sender.sending.mail.tell_what_is_owed()
    await sender.sending.mail.tell_what_is_owed()
    last = read((await acting.letters(far, 3))[-1])
    assert last["Subject"] == f"{SENDER}: and 3 more / и ещё 3"


async def test_no_notice_of_a_notice(net: Internet, sender: Sender) -> None:
    acting = Acting(sender)
    anna = "anna@example.org"
    await acting.mailbox(anna)
    rules = [
        action("notify", to=to).replace("'It'", f"'{by}'\nmailbox = '{by}'")
        for by, to in ((SENDER, anna), (anna, SENDER))
    ]
    await acting.rules("\n".join(rules))
    await acting.receive()
    assert await acting.said(2) == "250 2.0.0 Not told: it is a notice itself"
    (notice,) = await acting.in_box(anna)
    assert "A question" in message_from_string(notice)["Subject"]
    assert len(await sender.quiet()) == 1
    assert not net.hosts


@pytest.mark.parametrize(
    "rule",
    [
        action("forward", to="ann@shop.example"),
        action("reply", text="Hello"),
        action("notify", to="ann@shop.example"),
    ],
    ids=["forward", "reply", "notify"],
)
async def test_a_job_that_is_done_again_has_one_effect(
    net: Internet, sender: Sender, rule: str
) -> None:
    """As after a crash between the gate's commit and whatever is written behind it."""
    acting, shop = Acting(sender), net.site("shop.example")
    await acting.rules(rule)
    await acting.receive()
    await acting.letters(shop)
    (done,) = await acting.ended()
    await sender.stores.answers.forget(sender.now + timedelta(days=30))
    until = sender.now + timedelta(minutes=5)
    (job,) = await sender.stores.jobs.lease_these("again", until, [done.id], [JobState.DONE])
    (attempt,) = (await sender.sending.mail.deliver([job])).attempts
    assert attempt.result is Result.DELIVERED
    await acting.letters(shop, 1)
