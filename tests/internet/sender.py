"""The sending half of the server, composed as the server composes it, on a clock that can be set.

Mail is handed over at the gate, as the pickup directory does. The reactor is the real one; only
what time of day it is can be moved, for the server alone.
"""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text
from twisted.python import runtime

from bitrixmail.app.receiving.reception import receive
from bitrixmail.app.sending.sending import Sending
from bitrixmail.app.settings.loading import load_settings
from bitrixmail.model.address import Address
from bitrixmail.model.client import Client
from bitrixmail.model.directory import Mailbox
from bitrixmail.model.envelope import RecipientParameters, SenderParameters
from bitrixmail.model.job import Attempt, JobState, Kind
from bitrixmail.model.queue import Queued, Search
from tests.fakes.delivering import pause, reactor
from tests.internet.net import Internet

SENDER = "boss@example.org"
LETTER = b"Subject: an order\r\n\r\nThank you.\r\n"
_IN_BOX = """SELECT p.prefix, m.prefix, m.content FROM place p JOIN message m ON m.id = p.message_id
    JOIN mailbox b ON b.id = p.mailbox_id WHERE b.address = :address ORDER BY m.id"""


class MovableReactor:
    """The reactor, with a time of day that a test can set. Made by `Sender`."""

    def __init__(self, real: Any) -> None:
        self._real = real
        self.ahead = timedelta()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def wall_seconds(self) -> float:
        return float(runtime.seconds()) + self.ahead.total_seconds()


class Sender:
    """Made by a test or its fixture; `open`, then `close`.

    `settings` go before those that lead it into the Internet of the test.
    """

    def __init__(self, folder: Path, net: Internet, *settings: str) -> None:
        self.given = [
            f"server.data_dir={folder}/var",
            "server.hostname=mail.example.org",
            f"dns.servers={net.dns.address}",
            "dns.timeout=600ms",
            "outbound.private_hosts=true",
            "outbound.ipv6=false",
            f"outbound.smtp_port={net.port}",
            "outbound.connect_timeout=3s",
            "outbound.command_timeout=3s",
            *settings,
        ]
        self.clock = MovableReactor(reactor())
        self.reception = receive(load_settings(None, {}, self.given), self.clock)
        self.stores = self.reception.stores
        self.sending = Sending(self.reception, self.clock)
        self._opening = self.reception.opening(["example.org"])

    async def open(self, *, again: bool = False) -> Sender:
        """Open; `again`: another one had this directory before."""
        await self._opening.open()
        if not again:
            await self.stores.directory.add_mailbox(Mailbox(0, SENDER), None)
        self.sending.begin()
        return self

    async def close(self) -> None:
        await self.sending.stopService()
        await self._opening.close()

    async def send(
        self,
        *recipients: str,
        content: bytes = LETTER,
        parameters: SenderParameters | None = None,
        asked: RecipientParameters | None = None,
    ) -> None:
        """Hand a message over at the gate; it is durable when this returns."""
        client = Client("", 0, "T", door="pickup")
        transaction = self.reception.gate.open(client)
        await transaction.sender(_address(SENDER), parameters or SenderParameters())
        for recipient in recipients:
            await transaction.recipient(_address(recipient), asked or RecipientParameters())
        transaction.body().write(content)
        await transaction.commit()

    def patience(self, **seconds: float) -> None:
        """Wait for hosts as no setting has it: the time for the reply to the dot is RFC 5321's."""
        courier: Any = self.sending.dispatcher._couriers[Kind.REMOTE]
        meeting = courier._meeting
        terms = meeting._terms
        meeting._terms = replace(terms, timeouts=replace(terms.timeouts, **seconds))

    # The time of day

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock.wall_seconds(), UTC)

    def set_clock(self, by: timedelta) -> None:
        """Set the time of day, and leave it to the server when it finds that out."""
        self.clock.ahead += by

    def later(self, **by: float) -> None:
        """Let so much time pass, as a timedelta has it: what is due by then is found at once."""
        self.set_clock(timedelta(**by))
        self.sending.dispatcher.look()

    # What has become of it

    async def queue(self) -> dict[str, Queued]:
        """Return the jobs for other hosts by their recipients."""
        found = await self.stores.queue.find(Search(), 20_000)
        return {job.recipient: job for job in found if job.recipient != SENDER}

    async def job(self, recipient: str) -> Queued:
        return (await self.queue())[recipient]

    async def attempts(self, recipient: str) -> tuple[Attempt, ...]:
        return await self.stores.queue.attempts((await self.job(recipient)).id)

    async def until(self, found: Callable[[], bool], what: str, seconds: float = 15.0) -> None:
        """Wait until something holds; AssertionError with `what` if it never does."""
        end = reactor().seconds() + seconds
        while not found():
            assert reactor().seconds() < end, what
            await pause(0.01)

    async def settled(
        self, recipient: str, *states: JobState, attempts: int = 1, seconds: float = 15.0
    ) -> Queued:
        """Wait until so many attempts at a job are over and it is in one of these states."""
        end = reactor().seconds() + seconds
        while True:
            job = await self.job(recipient)
            if job.attempts >= attempts and job.state in states:
                return job
            assert reactor().seconds() < end, f"{recipient}: {job.state}, {job.last}"
            await pause(0.01)

    async def delivered(self, recipient: str, **more: Any) -> Queued:
        return await self.settled(recipient, JobState.DONE, **more)

    async def given_up(self, recipient: str, **more: Any) -> Queued:
        return await self.settled(recipient, JobState.DEAD, **more)

    async def put_off(self, recipient: str, **more: Any) -> Queued:
        """Wait until it has failed for now: it waits for its next attempt."""
        job = await self.settled(recipient, JobState.WAITING, **more)
        assert job.not_before > self.now
        return job

    async def notices(self, count: int) -> list[str]:
        """Wait until so many messages are in the sender's mailbox, and return all that are."""
        end = reactor().seconds() + 15
        while True:
            found = await self.stores.database.read(_in_box, SENDER)
            if len(found) >= count:
                return found
            assert reactor().seconds() < end, f"{len(found)} notices, not {count}"
            await pause(0.01)

    async def quiet(self) -> list[str]:
        """Wait for what might yet come, and return the messages in the sender's mailbox."""
        await pause(0.05)
        return await self.stores.database.read(_in_box, SENDER)


def _in_box(connection: Connection, address: str) -> list[str]:
    rows = connection.execute(text(_IN_BOX), {"address": address})
    return [b"".join(row).decode() for row in rows]


def _address(given: str) -> Address:
    local_part, _, domain = given.rpartition("@")
    return Address(local_part, domain)
