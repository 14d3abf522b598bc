"""A server whose rules call URLs, on a clock that can be set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bitrixmail.model.address import Address
from bitrixmail.model.client import Client
from bitrixmail.model.directory import Mailbox
from bitrixmail.model.envelope import RecipientParameters, SenderParameters
from bitrixmail.model.job import Attempt, JobState
from bitrixmail.model.queue import Queued, Search
from bitrixmail.rules.syntax import parse_rules
from tests.fakes.delivering import pause, reactor
from tests.internet.net import Internet
from tests.internet.sender import Sender

INFO, SHOP = "info@example.org", "shop@example.org"
SECRETS = 'actions.secrets={ crm = ["new key", "old key"] }'
AUTHOR = Address("ann", "example.net")


def rule(url: str, mailbox: str = "", **more: Any) -> str:
    """Write a rule that calls a URL, with settings as a file has them."""
    who = mailbox or "all"
    scope = f'mailbox = "{mailbox}"\n' if mailbox else ""
    settings = "".join(f"{key} = {value}\n" for key, value in more.items())
    return (
        f'[[rule]]\nname = "{who} to {url}"\n{scope}'
        f'[[rule.action]]\ndo = "webhook"\nurl = "{url}"\n{settings}'
    )


class Hooks(Sender):
    """Made by a test; `open`, then `close`. `hosts` are allowed by hand, and so is what is given."""

    def __init__(self, folder: Path, net: Internet, hosts: Sequence[str], *settings: str) -> None:
        super().__init__(folder, net, f"actions.private_hosts={','.join(hosts)}", *settings)

    async def open(self, *, again: bool = False) -> Hooks:
        await super().open(again=again)
        for address in (INFO, SHOP):
            await self.stores.directory.add_mailbox(Mailbox(0, address), None)
        return self

    async def rules(self, *rules: str) -> None:
        found = parse_rules("\n".join(rules), "rules")
        await self.stores.rulebook.replace(found, "me", "")
        await self.reception.judge.load()

    async def receive(
        self, subject: str, mailbox: str = INFO, *, content: bytes | None = None
    ) -> None:
        """Take a letter in for a mailbox; it is durable when this returns."""
        transaction = self.reception.gate.open(Client("192.0.2.7", 1025, "T", door="smtp"))
        await transaction.sender(AUTHOR, SenderParameters())
        await transaction.recipient(Address.of(mailbox), RecipientParameters())
        letter = (
            content or f"Subject: {subject}\r\nFrom: Ann <ann@example.net>\r\n\r\nHi\r\n".encode()
        )
        transaction.body().write(letter)
        await transaction.commit()

    async def hooks(self, *states: JobState) -> list[Queued]:
        return list(await self.stores.queue.find(Search(states=states), 20_000))

    async def hook(self, number: int = 0) -> Queued:
        return (await self.hooks())[number]

    async def tried(self, number: int = 0, *, attempts: int = 1) -> tuple[Queued, Attempt]:
        """Wait until so many attempts at the job of this number are over; return the last."""
        end = reactor().seconds() + 15
        while True:
            job = await self.hook(number)
            if job.attempts >= attempts and job.state is not JobState.LEASED and job.last:
                return job, job.last
            assert reactor().seconds() < end, f"{job.state}, {job.attempts}, {job.last}"
            await pause(0.01)

    async def all_done(self, seconds: float = 15.0) -> None:
        """Wait until every job is done."""
        end = reactor().seconds() + seconds
        while {job.state for job in await self.hooks()} != {JobState.DONE}:
            assert reactor().seconds() < end, [
                (job.id, job.state, job.last) for job in await self.hooks()
            ][:20]
            await pause(0.01)
