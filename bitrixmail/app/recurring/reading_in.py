"""Messages read in for the search, behind the back of reception: little while it is busy."""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from bitrixmail.app.recurring.periodic import Periodic
from bitrixmail.interfaces.searching import ISearching
from bitrixmail.model.errors import MailError

_log = Logger()
_EACH_S = 2.0
_A_BATCH = 100
# A batch takes some milliseconds of a thread: so many while mail comes in, and so long if not
_BATCHES = 4
_AT_REST_S = 0.5
# Fewer new messages than that between two looks: reception is at rest
_FEW = 50


class ReadingIn(Periodic):
    """Made by compose where there are pages, lives as long as the server.

    What a page wants to know sooner it reads in itself. An import, or a database of an older
    version, is read in at some thousand messages a second as long as little else comes.
    """

    def __init__(self, clock: IReactorTime, searching: ISearching) -> None:
        super().__init__(clock, "reading in for the search", _EACH_S, self._read)
        self._clock = clock
        self._searching = searching
        self._left = 0

    async def _read(self) -> None:
        try:
            behind = await self._searching.unread()
            if not behind:
                self._left = 0
                return
            at_rest = behind - self._left < _FEW
            ends = self._clock.seconds() + _AT_REST_S
            count = batches = 0
            while batches < _BATCHES or (at_rest and self._clock.seconds() < ends):
                batches += 1
                found = await self._searching.read_in(_A_BATCH)
                count += found
                if found < _A_BATCH:
                    break
            self._left = await self._searching.unread() if count else 0
        except MailError as error:
            _log.warn("the search is not brought up to date: {error}", error=error)
