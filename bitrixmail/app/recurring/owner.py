"""What the server's owner is told by itself: a message to postmaster, a line a day in the log."""

from __future__ import annotations

from email.utils import format_datetime

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from bitrixmail.app.receiving.reception import Reception
from bitrixmail.interfaces.gate import ITransaction
from bitrixmail.interfaces.queue import IQueue
from bitrixmail.model.address import Address
from bitrixmail.model.client import Client
from bitrixmail.model.envelope import RecipientParameters, SenderParameters
from bitrixmail.model.errors import MailError
from bitrixmail.model.job import JobState
from bitrixmail.model.queue import Search
from bitrixmail.model.work import KINDS
from bitrixmail.tasks import spawn, utcnow

_log = Logger()
DAY_S = 86400.0


class Owner:
    """Whom the server turns to. Made by compose, lives as long as the server.

    Messages go to `postmaster` of the first domain, by the gate like any other.
    """

    def __init__(self, reception: Reception, clock: IReactorTime) -> None:
        self._gate = reception.gate
        self._directory = reception.stores.directory
        self._hostname = reception.settings.server.hostname
        self._clock = clock

    def tell(self, subject: str, text: str) -> None:
        """Write to the owner; what keeps it from arriving is logged."""
        spawn(self._write(subject, text), "writing to postmaster")

    async def _write(self, subject: str, text: str) -> None:
        domains = await self._directory.domains()
        if not domains:
            return
        recipient = Address("postmaster", domains[0].name)
        client = Client("", 0, "owner", door="local")
        transaction: ITransaction = self._gate.open(client)
        try:
            await transaction.sender(None, SenderParameters())
            await transaction.recipient(recipient, RecipientParameters())
            waiting = transaction.body().write(self._letter(subject, text, recipient))
            if waiting is not None:
                await waiting
            await transaction.commit()
        except MailError as error:
            transaction.abort()
            _log.error("a message to postmaster was not taken: {error}", error=error)

    def _letter(self, subject: str, text: str, recipient: Address) -> bytes:
        fields = {
            "From": f"bitrixmail <postmaster@{self._hostname}>",
            "To": str(recipient),
            "Subject": subject,
            "Date": format_datetime(utcnow(self._clock)),
            "Auto-Submitted": "auto-generated",
            "MIME-Version": "1.0",
            "Content-Type": "text/plain; charset=utf-8",
            "Content-Transfer-Encoding": "8bit",
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        body = "\r\n".join((f"{subject}.", "", text, "", "The log of the server tells more."))
        return f"{head}\r\n{body}\r\n".encode()


async def tell_given_up(queue: IQueue) -> None:
    """Say in the log how much of what rules want was given up and waits for a decision."""
    found = await queue.count(Search(states=(JobState.DEAD,), kinds=tuple(sorted(KINDS))))
    if found:
        _log.warn(
            "{count} actions of rules were given up: see bitrixmail queue list --dead --actions,"
            " and bitrixmail queue retry ID",
            count=found,
        )
