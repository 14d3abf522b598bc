"""Server-sent events to one page or program: what it is owed, a sign of life, its end.

The format is that of the HTML standard, §9.2. A client that reads slowly is owed the last event of
each topic and no more; one that does not read for a minute is cut. Nothing is told of what happens
a second after the right to listen has gone.
"""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import Protocol

from twisted.internet.interfaces import IDelayedCall

from bitrixmail.model.errors import MailError
from bitrixmail.tasks import spawn
from bitrixmail.web.live.hub import TOPICS, Hub, written

EVENTS = "text/event-stream"
_ALIVE_EACH_S = 5.0
# For so long an answer counts that he still may
_ALLOWED_S = 1.0
_LONGEST_PAUSE_S = 60.0


class Outlet(Protocol):
    """Where octets go. `paused`: the other side takes none just now."""

    paused: bool

    def send(self, octets: bytes) -> None:
        """Send some."""

    def end(self) -> None:
        """Send no more. May be called again."""

    def cut(self) -> None:
        """End it at once, whatever the other side has not taken yet."""


class Stream:
    """One who listens. Made for each request, ends with it.

    `allowed` tells whether he still may: asked again and again, since sessions and tokens end.
    `missed`: he listened before, and does not know what happened meanwhile. `who`: his name.
    """

    def __init__(
        self,
        hub: Hub,
        allowed: Callable[[], Awaitable[bool]],
        topics: Collection[str] = TOPICS,
        *,
        missed: bool = False,
        who: str = "",
    ) -> None:
        self._hub = hub
        self._allowed = allowed
        self._topics = frozenset(topics)
        self._missed = missed
        self._who = who
        self._owed: dict[str, bytes] = {}
        self._outlet: Outlet | None = None
        self._alive: IDelayedCall | None = None
        self._allowed_at = 0.0
        self._paused_at: float | None = None
        self._asking = False

    def begin(self, outlet: Outlet) -> bool:
        """Begin to send; False: there are too many who listen."""
        if not self._hub.attach(self, self._who):
            return False
        self._outlet = outlet
        self._allowed_at = self._hub.clock.seconds()
        outlet.send(b"retry: 2000\n: bitrixmail\n\n")
        if self._missed:
            for topic in sorted(self._topics):
                outlet.send(written(topic, {"count": 0, "missed": True}, 0))
        self._wait()
        return True

    def gone(self) -> None:
        """Hear that the other side has gone, or that all was sent. May be called again."""
        self._hub.detach(self)
        self._outlet = None
        self._owed.clear()
        if self._alive is not None and self._alive.active():
            self._alive.cancel()

    def tell(self, topic: str, octets: bytes) -> None:
        """See Listening."""
        outlet = self._outlet
        if outlet is None or topic not in self._topics:
            return
        if not outlet.paused and self._hub.clock.seconds() - self._allowed_at <= _ALLOWED_S:
            outlet.send(octets)
            return
        self._owed[topic] = octets
        if not outlet.paused:
            self._ask()

    def resumed(self) -> None:
        """Send what is owed: the other side takes octets again."""
        self._paused_at = None
        owed, self._owed = self._owed, {}
        for topic, octets in owed.items():
            self.tell(topic, octets)

    def end(self) -> None:
        """See Listening."""
        outlet = self._outlet
        self.gone()
        if outlet is not None:
            outlet.end()

    def _wait(self) -> None:
        self._alive = self._hub.clock.callLater(_ALIVE_EACH_S, self._look)

    def _look(self) -> None:
        outlet, now = self._outlet, self._hub.clock.seconds()
        if outlet is None:
            return
        if not outlet.paused:
            self._paused_at = None
            outlet.send(b": \n\n")
        elif self._paused_at is None:
            self._paused_at = now
        elif now - self._paused_at >= _LONGEST_PAUSE_S:
            self._cut()
            return
        self._wait()
        self._ask()

    def _ask(self) -> None:
        if not self._asking:
            self._asking = True
            spawn(self._still(), "a look at who listens")

    async def _still(self) -> None:
        """Tell what is owed to who still may listen, else end."""
        try:
            allowed = await self._allowed()
        except MailError:
            allowed = True  # the store does not answer: nobody has taken his right away
        finally:
            self._asking = False
        outlet = self._outlet
        if outlet is None:
            return
        if not allowed:
            self._cut() if outlet.paused else self.end()
            return
        self._allowed_at = self._hub.clock.seconds()
        if not outlet.paused:
            self.resumed()

    def _cut(self) -> None:
        outlet = self._outlet
        self.gone()
        if outlet is not None:
            outlet.cut()
