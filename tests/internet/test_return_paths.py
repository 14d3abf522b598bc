"""Each recipient has a return path of his own, and what comes back to it is understood."""

from __future__ import annotations

import re

import pytest

from bitrixmail.model.address import Address
from bitrixmail.model.client import Client
from bitrixmail.model.envelope import RecipientParameters, SenderParameters
from tests.fakes.scripted_host import Script, say
from tests.internet.net import Internet
from tests.internet.sender import Sender

BOB, EVE = "bob@shop.example", "eve@shop.example"
_PATH = re.compile(r"FROM:<(b\+[^>@]+)@example\.org>")
RETURNED = b"""\
From: MAILER-DAEMON@mx.shop.example\r
Subject: failure notice\r
\r
Hi. This is the program at mx.shop.example. I'm afraid I wasn't able to deliver your message.\r
\r
<b@inner.shop.example>:\r
550 5.1.1 user unknown\r
"""


@pytest.mark.parametrize("sender", [("outbound.verp=true",)], indirect=True)
async def test_what_comes_back_is_matched_by_its_address(net: Internet, sender: Sender) -> None:
    later = Script(rcpt_of={EVE: say("450 4.2.1 Later", "250 2.1.5 OK")})
    host = net.site("shop.example", later)
    await sender.send(BOB, EVE)
    await sender.delivered(BOB)
    await sender.put_off(EVE)
    sender.later(minutes=10)
    await sender.delivered(EVE, attempts=2)
    assert [letter.rcpt[0].partition(">")[0] for letter in host.letters] == [
        f"TO:<{BOB}",
        f"TO:<{EVE}",
    ]
    tried = [_PATH.match(line.removeprefix("MAIL ")) for line in host.lines if "MAIL FROM" in line]
    paths = [found[1] for found in tried if found is not None]
    assert len(paths) == 3
    assert len(set(paths)) == 2  # Eve's is the same at both attempts
    first = _PATH.match(host.letters[0].mail)
    assert first is not None
    transaction = sender.reception.gate.open(Client("127.0.0.2", 4242, "S", helo="mx", esmtp=True))
    await transaction.sender(None, SenderParameters())
    await transaction.recipient(Address(first[1], "example.org"), RecipientParameters())
    transaction.body().write(RETURNED)
    await transaction.commit()
    [returned] = await sender.notices(1)
    assert "failure notice" in returned
    suppressions = sender.stores.suppressions

    async def suppressed() -> list[str]:
        return [each.address for each in await suppressions.listing(10, "")]

    for _ in range(500):
        if await suppressed():
            break
        await sender.quiet()
    assert await suppressed() == [BOB]
    entry = await suppressions.find(BOB, sender.now)
    assert entry is not None
    assert entry.reason == "unknown user"
