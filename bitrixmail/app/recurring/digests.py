"""Each mailbox is told, at the times of a setting, what came into its quarantine."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from bitrixmail.app.recurring.periodic import Periodic
from bitrixmail.interfaces.quarantine import IQuarantine
from bitrixmail.interfaces.store import IMessageStore
from bitrixmail.mime.digest import compose_digest
from bitrixmail.mime.trace_fields import delivered_to_field, return_path_field
from bitrixmail.model.client import Client
from bitrixmail.model.errors import MailError
from bitrixmail.model.message import INBOX, Content, Draft, Filing
from bitrixmail.model.plan import Trace
from bitrixmail.model.quarantine import Held
from bitrixmail.rules.schedule import next_time
from bitrixmail.rules.times import zone_of
from bitrixmail.tasks import utcnow

_log = Logger()
_LOOK_S = 30.0
_MOST = 10_000
# Whose time is that of the last look through all
_ALL = 0


class Digests(Periodic):
    """See the module. Made by compose, lives as long as the server.

    A digest is put into INBOX, past the rules: it has the subjects of spam in it. What was due
    while the server was down is told once. `schedule` empty: nobody is told.
    """

    def __init__(
        self,
        clock: IReactorTime,
        quarantine: IQuarantine,
        messages: IMessageStore,
        new_queue_id: Callable[[], str],
        *,
        schedule: str,
        timezone: str,
        hostname: str,
        interval_s: float = _LOOK_S,
    ) -> None:
        super().__init__(clock, "digests of the quarantine", interval_s, self._look)
        self._clock = clock
        self._quarantine = quarantine
        self._messages = messages
        self._new_queue_id = new_queue_id
        self.schedule = schedule
        self._zone = zone_of(timezone)
        self._hostname = hostname

    async def _look(self) -> None:
        if not self.schedule:
            return
        now = utcnow(self._clock)
        try:
            told = await self._quarantine.last_told()
            last = told.get(_ALL)
            if last is None or last > now:
                # From now on
                await self._quarantine.told({_ALL: now})
                return
            due = next_time(self.schedule, last, self._zone)
            if due <= now:
                await self._tell_all(told, due, now)
        except MailError as error:
            _log.error("the digests of the quarantine are held up: {error}", error=error)

    async def _tell_all(self, told: dict[int, datetime], due: datetime, now: datetime) -> None:
        held = await self._quarantine.listing("", "", _MOST)
        by_mailbox: dict[int, list[Held]] = {}
        for each in held:
            since = told.get(each.mailbox_id)
            if each.received <= now and (since is None or each.received > since):
                by_mailbox.setdefault(each.mailbox_id, []).append(each)
        for mailbox_id, new in by_mailbox.items():
            await self._messages.append(self._digest(mailbox_id, new, due, now))
        await self._quarantine.told({_ALL: now, **dict.fromkeys(by_mailbox, now)})

    def _digest(self, mailbox_id: int, held: Sequence[Held], due: datetime, now: datetime) -> Draft:
        """Write a digest; after a crash the same one is not written again."""
        queue_id, address = self._new_queue_id(), held[0].mailbox
        message_id = f"<{queue_id}@{self._hostname}>"
        octets, subject, author = compose_digest(address, held, message_id=message_id, now=now)
        return Draft(
            queue_id=queue_id,
            received=now,
            client=Client("", 0, "", door="local"),
            sender="",
            content=Content(
                size_octets=len(octets),
                head=octets[: octets.index(b"\r\n\r\n") + 4],
                head_complete=True,
                inline=octets,
            ),
            prefix=b"",
            message_id=message_id,
            subject=subject,
            header_from=author,
            filings=(
                Filing(
                    mailbox_id=mailbox_id,
                    recipient=address,
                    outcome="kept",
                    folders=(INBOX,),
                    flags=frozenset(),
                    tags=frozenset(),
                    prefix=return_path_field("") + delivered_to_field(address),
                    trace=Trace(result=f"kept in {INBOX}: it tells what is in quarantine"),
                ),
            ),
            once=f"digest:{mailbox_id}:{due.isoformat()}",
        )
