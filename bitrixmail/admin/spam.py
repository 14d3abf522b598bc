"""The spam filter as an operator handles it: taught, looked into, and made to forget."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from twisted.internet.interfaces import IReactorTime

from bitrixmail.admin import spam_training, typed
from bitrixmail.admin.accounts import no_such_mailbox
from bitrixmail.admin.messages import WHERE_IDS_STAND, remedied
from bitrixmail.admin.old_counters import read_counters
from bitrixmail.admin.spam_sources import source_of
from bitrixmail.admin.spam_training import Training
from bitrixmail.bayes.combining import combined, weights
from bitrixmail.bayes.lesson import READ_OCTETS, lesson_of
from bitrixmail.bayes.tokens import hashes_of, tokens_of
from bitrixmail.interfaces.check import IWitnesses
from bitrixmail.interfaces.counters import ICounters, ITable
from bitrixmail.interfaces.directory import IDirectory
from bitrixmail.interfaces.store import IMessageStore
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.model.bayes import SITE, Corpus, Learned
from bitrixmail.model.directory import Mailbox
from bitrixmail.model.errors import Fault, InputError, NotFoundError
from bitrixmail.model.testimony import Testimony
from bitrixmail.model.text import printable
from bitrixmail.rules.facts import Facts
from bitrixmail.tasks import utcnow


@dataclass(frozen=True, slots=True)
class Status:
    """What one scope knows; `mailbox` is empty for the site. `enough`: it is asked for scores."""

    mailbox: str
    ham: int
    spam: int
    tokens: int
    enough: bool


@dataclass(frozen=True, slots=True)
class Told:
    """A token that took part in a score: how likely spam is by it, and how often it was seen.

    `ham` and `spam` are the site's counts, `own_ham` and `own_spam` the mailbox's, each 0 if too
    little was learned there for a score.
    """

    token: str
    weight: float
    ham: int
    spam: int
    own_ham: int = 0
    own_spam: int = 0


@dataclass(frozen=True, slots=True)
class Explained:
    """How a message is scored for a mailbox by what is known now.

    `score` is that of the words, None if too little was learned; `tokens` the most telling first;
    `said` is what each check finds, the words' own among them. `own`: the mailbox has learned
    enough for counts of its own.
    """

    mailbox: str
    score: float | None
    tokens: tuple[Told, ...]
    said: tuple[Testimony, ...]
    own: bool = False


class Spam:
    """The use cases of the spam filter. Made by who composes a face, lives as long as it.

    `witnesses` are those of the live run.
    """

    def __init__(
        self,
        counters: ICounters,
        directory: IDirectory,
        messages: IMessageStore,
        witnesses: IWitnesses,
        clock: IReactorTime,
    ) -> None:
        self._counters = counters
        self._directory = directory
        self._messages = messages
        self._witnesses = witnesses
        self._clock = clock

    async def begin(
        self, ham: Sequence[Path], spam: Sequence[Path], mailbox: str, *, everything: bool = False
    ) -> Training:
        """Begin to learn from files, for a mailbox or the site. Raises InputError, OSError."""
        if not ham and not spam:
            remedy = "give --ham DIR, --spam DIR or both"
            raise InputError(Fault("spam train", "has nothing to learn from", remedy))
        now = utcnow(self._clock)
        sources = [(source_of(path, now), False) for path in ham]
        sources += [(source_of(path, now), True) for path in spam]
        scope = await self._scope(mailbox)
        return spam_training.begin(scope, sources, everything=everything)

    async def go_on(self, work: Training) -> bool:
        """Learn some more; tell whether there may be more still."""
        return await spam_training.go_on(work, self._counters)

    async def learn(self, queue_ids: Sequence[str], mailbox: str, *, spam: bool) -> Learned:
        """Learn stored messages. Raises NotFoundError for one that is not kept."""
        scope = await self._scope(mailbox)
        lessons = []
        for queue_id in queue_ids:
            with remedied(WHERE_IDS_STAND):
                octets = await self._messages.export(queue_id)
            lessons.append(lesson_of(octets[:READ_OCTETS], spam=spam))
        return await self._counters.learn(scope, lessons)

    async def status(self) -> tuple[Status, ...]:
        """Tell what was learned, the site first."""
        names = {mailbox.id: mailbox.address for mailbox in await self._directory.mailboxes(None)}
        names[SITE] = ""
        found = [
            Status(
                names[each.scope], *each.corpus, each.tokens,
                each.corpus.enough(self._counters.least),
            )
            for each in await self._counters.scopes()
            if each.scope in names
        ]  # fmt: skip
        return tuple(sorted(found, key=lambda each: each.mailbox))

    async def forget(self, mailbox: str) -> None:
        """Forget what the site, or a mailbox, has learned."""
        await self._counters.forget(await self._scope(mailbox))

    async def import_counters(self, name: str, octets: bytes, mailbox: str) -> tuple[Corpus, int]:
        """Take the counters of the old mail module; return for how many messages and tokens.

        Raises InputError.
        """
        old = read_counters(name, octets)
        scope = await self._scope(mailbox)
        mark = hashlib.sha256(octets).digest()
        if not await self._counters.add(scope, old.corpus, old.counts, mark):
            remedy = "to begin anew: bitrixmail spam forget"
            raise InputError(Fault(printable(name), "these counters were taken before", remedy))
        return old.corpus, len(old.counts)

    async def show(self, queue_id: str, mailbox: str, most: int) -> tuple[Explained, ...]:
        """Explain how a stored message is scored, for each mailbox that has it.

        `mailbox` is one for which it shall be told instead. Raises NotFoundError.
        """
        with remedied(WHERE_IDS_STAND):
            places = await self._messages.find(queue_id)
            octets = await self._messages.export(queue_id)
        whose = [await self._mailbox(mailbox)] if mailbox else await self._having(places)
        sender = places[0].sender if places else ""
        return tuple([await self._explained(octets, sender, each, most) for each in whose])

    async def _having(self, places: Sequence[object]) -> list[Mailbox]:
        addresses = dict.fromkeys(getattr(place, "mailbox", "") for place in places)
        found = [await self._directory.mailbox(address) for address in addresses]
        return [mailbox for mailbox in found if mailbox is not None]

    async def _explained(
        self, octets: bytes, sender: str, mailbox: Mailbox, most: int
    ) -> Explained:
        headers = HeaderSection.parse(octets)
        facts = Facts(
            headers, sender, len(octets), octets=octets[:READ_OCTETS],
            recipients=(mailbox.address,), received=utcnow(self._clock),
        )  # fmt: skip
        tokens = tokens_of(headers, facts.body)
        hashes = hashes_of(tokens)
        site = await self._counters.tables((SITE,), hashes)
        own = await self._counters.tables((mailbox.id,), hashes)
        tables = (*site, *own)
        found = weights(hashes, tables) if tables else []
        told = []
        for weight, position in found[:most]:
            ham, spam = _seen(site, hashes[position])
            own_ham, own_spam = _seen(own, hashes[position])
            told.append(Told(tokens[position], weight, ham, spam, own_ham, own_spam))
        said = next(iter(await self._witnesses.hear(None, facts, [mailbox])), ())
        score = round(combined([weight for weight, _ in found]), 2) if tables else None
        return Explained(mailbox.address, score, tuple(told), said, bool(own))

    async def _scope(self, mailbox: str) -> int:
        return (await self._mailbox(mailbox)).id if mailbox else SITE

    async def _mailbox(self, address: str) -> Mailbox:
        key = typed.address_key(address, "--mailbox")
        mailbox = await self._directory.mailbox(key)
        if mailbox is None:
            raise NotFoundError(no_such_mailbox(printable(key)))
        return mailbox


def _seen(tables: Sequence[tuple[Corpus, ITable]], token: int) -> tuple[int, int]:
    """Return in how many ham and spam messages a token was, by no table or one."""
    for _, table in tables:
        return table.get(token) or (0, 0)
    return 0, 0
