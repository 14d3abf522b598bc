"""Where everything that happens comes together, and goes to whoever listens.

While nobody listens nothing is looked at. What happens often is gathered: each topic is told at
most every quarter of a second. Each who listens is owed one event of a topic at most.
"""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

import json
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from bitrixmail.interfaces.meter import IMeter
from bitrixmail.model.errors import MailError
from bitrixmail.model.pulse import Pulse
from bitrixmail.tasks import spawn

TOPICS = ("messages", "queue", "log", "tickets", "server")
MOST_LISTENERS = 100
# Of one user: a page each
MOST_OF_ONE = 10
_EACH_S = 0.25
_MOST_LINES = 50
_MOST_IDS = 50
_MOST_LINE = 1000
_log = Logger()


class Listening(Protocol):
    """Who is told."""

    def tell(self, topic: str, octets: bytes) -> None:
        """Take an event, written as it is sent. Never raises."""

    def end(self) -> None:
        """Hear that there is no more."""


class Counted(Protocol):
    """The mail log, as far as its lines can be heard."""

    meter: IMeter | None


@dataclass(slots=True)
class _News:
    """What is to be told of a topic."""

    count: int = 0
    ids: dict[str, None] = field(default_factory=dict)
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=_MOST_LINES))


class Hub:
    """See the module. Made by compose, lives as long as the server.

    `look` tells what the store has seen since then; `maillog` is listened to through its meter,
    while somebody wants to hear.
    """

    def __init__(
        self,
        clock: IReactorTime,
        look: Callable[[Pulse | None], Awaitable[Pulse]],
        maillog: Counted,
    ) -> None:
        self.clock = clock
        self._look = look
        self._maillog = maillog
        self._listeners: dict[Listening, str] = {}
        self._news: dict[str, _News] = {}
        self._number = 0
        self._told_at = -_EACH_S
        self._telling = False
        self._pulse: Pulse | None = None
        self._looking = False
        self._again = False
        self.ended = False

    def attach(self, listener: Listening, who: str = "") -> bool:
        """Tell somebody from now on; False: there are too many, or the server ends.

        `who`: whose listener it is, for nobody has too many; empty where nobody knows.
        """
        if who and list(self._listeners.values()).count(who) >= MOST_OF_ONE:
            return False
        if self.ended or len(self._listeners) >= MOST_LISTENERS:
            return False
        first = not self._listeners
        self._listeners[listener] = who
        if first:
            self._pulse = None
            self._maillog.meter = _Overheard(self._maillog.meter, self._heard)
            self.committed()  # from here on it is known what is new
        return True

    def detach(self, listener: Listening) -> None:
        """Tell somebody no more; harmless if he was not told."""
        if listener not in self._listeners:
            return
        del self._listeners[listener]
        if self._listeners:
            return
        meter = self._maillog.meter
        if isinstance(meter, _Overheard):
            self._maillog.meter = meter.behind
        self._news.clear()

    def end(self) -> None:
        """Tell nobody any more: the server ends."""
        self.ended = True
        for listener in list(self._listeners):
            self.detach(listener)
            listener.end()

    @property
    def any(self) -> bool:
        """Whether somebody listens."""
        return bool(self._listeners)

    def tell(self, topic: str, *, count: int = 1, line: str = "", queue_id: str = "") -> None:
        """Take note that something has happened; whoever listens is told soon."""
        if not self._listeners:
            return
        news = self._news.setdefault(topic, _News())
        news.count += count
        if line:
            news.lines.append(line[:_MOST_LINE])
        if queue_id and len(news.ids) < _MOST_IDS:
            news.ids[queue_id] = None
        if not self._telling:
            self._telling = True
            wait_s = max(0.0, self._told_at + _EACH_S - self.clock.seconds())
            self.clock.callLater(wait_s, self._tell_all)

    def _tell_all(self) -> None:
        self._telling = False
        self._told_at = self.clock.seconds()
        news, self._news = self._news, {}
        for topic, each in news.items():
            self._number += 1
            told: dict[str, Any] = {"count": each.count}
            if each.ids:
                told["ids"] = list(each.ids)
            if each.lines:
                told["lines"] = list(each.lines)
            octets = written(topic, told, self._number)
            for listener in list(self._listeners):
                listener.tell(topic, octets)

    def _heard(self, transition: str, fields: Mapping[str, str]) -> None:
        words = " ".join(f"{key}={_quoted(text)}" for key, text in fields.items())
        self.tell("log", line=f"{transition} {words}".rstrip())

    def committed(self) -> None:
        """Hear that something was committed, by this process or another."""
        if self.ended or not self._listeners:
            return
        if self._looking:
            self._again = True
            return
        self._looking = True
        spawn(self._find(), "looking what has happened")

    async def _find(self) -> None:
        try:
            before, now = self._pulse, await self._look(self._pulse)
            self._pulse = now
            if before is not None:
                self._found(before, now)
        except MailError as error:
            _log.warn("what has happened can't be read: {error}", error=error)
        finally:
            self._looking = False
            if self._again:
                self._again = False
                self.committed()

    def _found(self, before: Pulse, now: Pulse) -> None:
        if now.count:
            for queue_id in reversed(now.queue_ids):
                self.tell("messages", count=0, queue_id=queue_id)
            self.tell("messages", count=now.count)
            self.tell("log", count=0)
        if "ticket" in now.kinds:
            self.tell("tickets")
        # What changes without a line in the event log is most likely a job that was held or leased
        if now.last_job != before.last_job or not now.count or now.kinds - _ARRIVALS:
            self.tell("queue")


_ARRIVALS = frozenset({"received", "filed", "refused", "imported"})


@implementer(IMeter)
class _Overheard:
    """Stands in for the meter of the mail log while somebody listens. Made by the hub."""

    def __init__(
        self, behind: IMeter | None, heard: Callable[[str, Mapping[str, str]], None]
    ) -> None:
        self.behind = behind
        self._heard = heard

    def count(self, transition: str, fields: Mapping[str, str]) -> None:
        """See IMeter."""
        if self.behind is not None:
            self.behind.count(transition, fields)
        self._heard(transition, fields)

    def committed(self, seconds: float) -> None:
        """See IMeter."""
        if self.behind is not None:
            self.behind.committed(seconds)

    def judged(self, seconds: float) -> None:
        """See IMeter."""
        if self.behind is not None:
            self.behind.judged(seconds)

    def ended(self, door: str, seconds: float) -> None:
        """See IMeter."""
        if self.behind is not None:
            self.behind.ended(door, seconds)


def written(topic: str, told: Mapping[str, Any], number: int) -> bytes:
    """Write an event as it is sent: JSON has no line end that could begin another field."""
    return f"event: {topic}\nid: {number}\ndata: {json.dumps(told)}\n\n".encode()


def _quoted(text: str) -> str:
    if text and not any(letter in text for letter in ' "\\='):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
