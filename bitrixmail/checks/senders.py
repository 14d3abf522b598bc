"""The check of senders whom somebody has let in or kept out by hand."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from bitrixmail.interfaces.check import ICheck
from bitrixmail.interfaces.senders import ISenderLists
from bitrixmail.model.address import Address
from bitrixmail.model.directory import Mailbox
from bitrixmail.model.sender_list import SenderEntry
from bitrixmail.model.testimony import Testimony
from bitrixmail.rules.facts import Facts
from bitrixmail.tasks import utcnow

NAME = "senders"
_MOST_SENDERS = 10
_WORST, _BEST = 100.0, 0.0


@implementer(ICheck)
class SendersCheck:
    """See the module. Made by compose, lives as long as the server."""

    name = NAME

    def __init__(self, lists: ISenderLists, clock: IReactorTime) -> None:
        self._lists = lists
        self._clock = clock

    @property
    def idle(self) -> bool:
        """See ICheck. True as long as nobody is listed."""
        return self._lists.idle

    async def inspect(
        self, facts: Facts, mailboxes: Sequence[Mailbox]
    ) -> Sequence[Testimony | None]:
        """See ICheck."""
        senders = senders_of(facts)
        addresses = [mailbox.address for mailbox in mailboxes]
        found = await self._lists.find(addresses, senders, utcnow(self._clock))
        return [None if entry is None else _said(entry) for entry in found]


def senders_of(facts: Facts) -> list[str]:
    """Return the keys of those a message says it is from: in its envelope, then in From."""
    given = [facts.sender, *facts.values("from.address").texts]
    keys = (Address.of(each).key for each in given if "@" in each)
    return list(dict.fromkeys(keys))[:_MOST_SENDERS]


def _said(entry: SenderEntry) -> Testimony:
    whose = entry.whose or "all"
    if entry.allowed:
        return Testimony(NAME, _BEST, f"{entry.address} is let in for {whose}", final=True)
    text = f"{entry.address} is blocked for {whose}"
    return Testimony(NAME, _WORST, text, spam=True, final=True)
