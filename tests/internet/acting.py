"""A server whose rules make mail of mail: what comes in to it, and what its actions came to."""

from __future__ import annotations

from bitrixmail.model.client import Client
from bitrixmail.model.directory import Mailbox
from bitrixmail.model.envelope import RecipientParameters, SenderParameters
from bitrixmail.model.errors import MailError
from bitrixmail.model.job import JobState, Kind
from bitrixmail.model.queue import Queued, Search
from bitrixmail.rules.syntax import parse_rules
from tests.fakes.delivering import pause, reactor
from tests.fakes.scripted_host import Letter, ScriptedHost
from tests.internet.sender import SENDER, Sender, _address, _in_box

ANN = "ann@shop.example"
LETTER = f"""\
From: Ann <{ANN}>
To: {SENDER}
Subject: A question
Message-ID: <1@shop.example>
DKIM-Signature: v=1; a=rsa-sha256; d=shop.example; s=x; h=from; bh=x; b=x

When do you open?
""".replace("\n", "\r\n").encode()
_ENDED = (JobState.DONE, JobState.DEAD)


def action(do: str, **settings: object) -> str:
    """Write a rule for all mail with one action; texts are given as they are."""
    lines = [f"do = '{do}'"]
    for name, value in settings.items():
        if isinstance(value, bool):
            written = str(value).lower()
        elif isinstance(value, str):
            written = f"'''{value}'''"
        else:
            written = str(value)
        lines.append(f"{name.rstrip('_')} = {written}")
    inside = "\n".join(f"  {line}" for line in lines)
    return f"[[rule]]\nname = 'It'\n  [[rule.action]]\n{inside}\n"


class Acting:
    """Made by a test of a sender that is open."""

    def __init__(self, sender: Sender) -> None:
        self.sender = sender
        self.stores = sender.stores

    async def rules(self, text: str) -> None:
        """Put rules in force."""
        await self.stores.rulebook.replace(parse_rules(text, "x"), "test", "")
        await self.sender.reception.judge.load()

    async def mailbox(self, address: str) -> None:
        await self.stores.directory.add_mailbox(Mailbox(0, address), None)

    async def receive(
        self, sender: str = ANN, content: bytes = LETTER, recipient: str = SENDER
    ) -> str:
        """Take a message from another host; return the last reply."""
        client = Client("192.0.2.1", 25, "S", helo="mx.shop.example", esmtp=True)
        transaction = self.sender.reception.gate.open(client)
        await transaction.sender(_address(sender) if sender else None, SenderParameters())
        try:
            await transaction.recipient(_address(recipient), RecipientParameters())
        except MailError as error:
            transaction.abort()
            return str(error.reply)
        transaction.body().write(content)
        (outcome,) = await transaction.commit()
        return str(outcome.reply)

    async def ended(self, count: int = 1) -> list[Queued]:
        """Wait until so many actions have ended; return them in their order."""
        until = reactor().seconds() + 15
        while True:
            found = await self.stores.queue.find(Search(kind=Kind.MAIL), 1000)
            ended = sorted((one for one in found if one.state in _ENDED), key=lambda one: one.id)
            if len(ended) >= count:
                return ended
            assert reactor().seconds() < until, [str(one.last) for one in found]
            await pause(0.01)

    async def said(self, count: int = 1) -> str:
        """Wait until so many actions have ended; return what is said of the last."""
        last = (await self.ended(count))[-1].last
        assert last is not None
        return last.reply

    async def letters(self, host: ScriptedHost, count: int = 1) -> list[Letter]:
        """Wait until a host has so many letters, and no more."""
        await self.sender.until(
            lambda: len(host.letters) >= count, f"{len(host.letters)} letters, not {count}"
        )
        await pause(0.05)
        assert len(host.letters) == count
        return host.letters

    async def in_box(self, address: str, count: int = 1) -> list[str]:
        """Wait until so many messages are in a mailbox."""
        until = reactor().seconds() + 15
        while True:
            found = await self.stores.database.read(_in_box, address)
            if len(found) >= count:
                return found
            assert reactor().seconds() < until, f"{len(found)} messages, not {count}"
            await pause(0.01)


def sender_of(letter: Letter) -> str:
    """Return the envelope's sender of a letter as a host took it."""
    return letter.mail.partition("<")[2].partition(">")[0]
