"""News of changed topics: at once for this process's, by polling for another's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from bitrixmail.interfaces.changes import IChanges
from bitrixmail.model.errors import MailError
from bitrixmail.store.executors import Database
from bitrixmail.store.sequences import generations

_log = Logger()
_POLL_S = 0.25


@implementer(IChanges)
class PolledChanges:
    """See IChanges. Made with the stores, polls while they are open; never without a clock."""

    def __init__(self, database: Database, clock: IReactorTime | None) -> None:
        self._database = database
        self._watchers: defaultdict[str, list[Callable[[], None]]] = defaultdict(list)
        self._known: dict[str, int] = {}
        self._failing = False
        self._clock = clock
        # Told of every commit, by whatever process, soon after it
        self.committed: Callable[[], None] = _nobody
        self._polling: LoopingCall | None = None

    def watch(self, topic: str, changed: Callable[[], None]) -> None:
        """See IChanges."""
        self._watchers[topic].append(changed)

    def start(self) -> None:
        """Begin to poll; the database must be open."""
        if self._clock is None:
            return
        # Not made before: it imports a reactor, which the command line never needs.
        self._polling = LoopingCall(self.poll)
        self._polling.clock = self._clock
        self._polling.start(_POLL_S, now=False).addErrback(self._broken)

    def _broken(self, failure: Failure) -> None:
        _log.failure("polling for changes ended", failure=failure)

    def stop(self) -> None:
        """Poll no more."""
        if self._polling is not None and self._polling.running:
            self._polling.stop()

    async def poll(self) -> None:
        """Look once for changes."""
        try:
            found = await self._database.poll(generations)
        except MailError as error:
            if not self._failing:
                _log.warn("looking for changes failed: {error}", error=error)
            self._failing = True
            return
        except Exception:  # noqa: BLE001 - a bug met in one look must not make it the last
            if not self._failing:
                _log.failure("looking for changes failed")
            self._failing = True
            return
        self._failing = False
        if found is None:
            return
        for topic, number in found.items():
            self.seen(topic, number)
        self.committed()

    def begin(self, numbers: dict[str, int]) -> None:
        """Take the generations found at opening as known."""
        self._known.update(numbers)

    def seen(self, topic: str, number: int) -> None:
        """Tell whoever watches, if this generation of a topic is news."""
        if number <= self._known.get(topic, 0):
            return
        self._known[topic] = number
        for changed in self._watchers[topic]:
            try:
                changed()
            except Exception:  # noqa: BLE001 - one watcher's bug must not keep the others from it
                _log.failure("a watcher of {topic} failed", topic=topic)


def _nobody() -> None:
    """Nobody wants to know of every commit."""
