"""Many messages for one host follow each other closely; a host that cannot do that loses nothing."""

from __future__ import annotations

import pytest

from tests.fakes.scripted_host import Script, say
from tests.internet.net import Internet
from tests.internet.sender import Sender

LETTERS = 30
ONE_CONNECTION = pytest.mark.parametrize(
    "sender", [("outbound.connections_per_domain=1",)], indirect=True, ids=["one"]
)


async def send_many(sender: Sender) -> list[str]:
    """Hand messages over, each for one recipient, and wait until all are delivered."""
    recipients = [f"bob{number}@shop.example" for number in range(LETTERS)]
    for recipient in recipients:
        await sender.send(recipient)
    for recipient in recipients:
        job = await sender.delivered(recipient)
        assert job.attempts == 1
    return [f"TO:<{recipient}>" for recipient in recipients]


@ONE_CONNECTION
async def test_a_message_takes_one_write(net: Internet, sender: Sender) -> None:
    host = net.site("shop.example", Script(greeting=say("220 Ready", delay_s=0.3)))
    sent = await send_many(sender)
    assert sorted(letter.rcpt[0] for letter in host.letters) == sorted(sent)
    assert host.connections == 1
    # EHLO, two reads for the first messages, and one for most of the others
    assert len(host.reads) < 2 * LETTERS - LETTERS // 3


@ONE_CONNECTION
@pytest.mark.parametrize("behind_dot", ["drop", "lose"])
async def test_a_host_that_can_not_hear_them_has_them_one_by_one(
    net: Internet, sender: Sender, behind_dot: str
) -> None:
    slow = say("220 Ready", delay_s=0.3)
    host = net.site("shop.example", Script(greeting=slow, behind_dot=behind_dot))
    sent = await send_many(sender)
    assert sorted(letter.rcpt[0] for letter in host.letters) == sorted(sent)
    assert host.connections == 2
    assert len(host.reads) >= LETTERS * 2


@ONE_CONNECTION
async def test_what_follows_a_refused_one_is_delivered(net: Internet, sender: Sender) -> None:
    bad = {"no@shop.example": say("550 5.1.1 No such mailbox")}
    host = net.site("shop.example", Script(greeting=say("220 Ready", delay_s=0.3), rcpt_of=bad))
    for number in range(10):
        await sender.send(f"bob{number}@shop.example")
        await sender.send("no@shop.example")
    for number in range(10):
        await sender.delivered(f"bob{number}@shop.example")
    await sender.given_up("no@shop.example")
    assert len(host.letters) == 10
    assert host.connections == 1
