"""The check by words: how much a message looks like what was learned as spam."""

from __future__ import annotations

from collections.abc import Sequence

from zope.interface import implementer

from bitrixmail.bayes.combining import combined, weights
from bitrixmail.bayes.tokens import hashes_of, tokens_of
from bitrixmail.interfaces.check import ICheck
from bitrixmail.interfaces.counters import ICounters, ITable
from bitrixmail.interfaces.threads import IThreads
from bitrixmail.model.bayes import SITE, Corpus
from bitrixmail.model.directory import Mailbox
from bitrixmail.model.testimony import Testimony
from bitrixmail.rules.facts import Facts

NAME = "bayes"
# Looking into more than this would hold up the reactor.
_LARGE_OCTETS = 16 * 1024


@implementer(ICheck)
class BayesCheck:
    """See the module. Made by compose, lives as long as the server.

    `threshold`: from which score on it says spam.
    """

    name = NAME

    def __init__(self, counters: ICounters, threads: IThreads, threshold: float) -> None:
        self._counters = counters
        self._threads = threads
        self.threshold = threshold

    @property
    def idle(self) -> bool:
        """See ICheck. True as long as nothing was learned, or too little."""
        return self._counters.idle

    async def inspect(
        self, facts: Facts, mailboxes: Sequence[Mailbox]
    ) -> Sequence[Testimony | None]:
        """See ICheck."""
        hashes: list[int]
        if facts.size_octets > _LARGE_OCTETS:
            hashes = await self._threads.run(_hashes_of, facts)
        else:
            hashes = _hashes_of(facts)
        site = await self._counters.tables([SITE], hashes)
        found: list[Testimony | None] = []
        shared: Testimony | None = None
        for mailbox in mailboxes:
            own = await self._counters.tables([mailbox.id], hashes)
            if own:
                found.append(self._said(hashes, (*site, *own)))
                continue
            if shared is None and site:
                shared = self._said(hashes, site)
            found.append(shared)
        return found

    def _said(self, hashes: Sequence[int], tables: Sequence[tuple[Corpus, ITable]]) -> Testimony:
        told = weights(hashes, tables)
        score = round(combined([weight for weight, _ in told]), 2)
        return Testimony(NAME, score, spam=score >= self.threshold)


def _hashes_of(facts: Facts) -> list[int]:
    return hashes_of(tokens_of(facts.headers, facts.body))
