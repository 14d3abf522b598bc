"""The server itself: how it is, what it measures, and what happens on it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from pydantic import ConfigDict

from bitrixmail.model.errors import Fault
from bitrixmail.model.user import Right
from bitrixmail.web.api.operation import EXACT, Call, Operation, Raw
from bitrixmail.web.api.problem import ProblemError
from bitrixmail.web.live.hub import TOPICS, Hub
from bitrixmail.web.live.stream import EVENTS, Stream


@dataclass(frozen=True, slots=True)
class ServerState:
    """How the server is. `wrong`: what keeps it from working, one sentence each; empty: nothing.

    `ready`: its doors are open, it is not ending, and it can keep mail; `unready`: what else keeps
    it from that, as a full disk.
    """

    hostname: str
    version: str
    started: datetime
    ready: bool
    wrong: tuple[str, ...]
    unready: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fine:
    """That all is well."""

    status: str = "ok"


class Topic(StrEnum):
    """What can be listened to."""

    MESSAGES = "messages"
    QUEUE = "queue"
    LOG = "log"
    TICKETS = "tickets"
    SERVER = "server"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which topics; left out: all."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT
    topic: tuple[Topic, ...] = ()


class ServerOperations:
    """Made by the contents, lives as long as they. `exposed` None: nothing is measured."""

    def __init__(
        self,
        look: Callable[[], Awaitable[ServerState]],
        hub: Hub,
        exposed: Callable[[], Awaitable[Raw]] | None,
    ) -> None:
        self._look = look
        self._hub = hub
        self._exposed = exposed

    def operations(self) -> Iterator[Operation]:
        """Yield them."""
        see = Right.SEE
        yield Operation("GET", "/server", self.state, see, ServerState)
        yield Operation("GET", "/events", self.events, see, str, Wanted, gives=EVENTS)
        # For the pages, which have it at a path that never changes
        yield Operation("GET", "/events", self.live, see, str, Wanted, gives=EVENTS, base="")
        yield Operation("GET", "/healthz", self.health, None, Fine, base="")
        yield Operation("GET", "/readyz", self.readiness, None, Fine, base="")
        yield Operation("GET", "/metrics", self.metrics, see, str, gives="text/plain", base="")

    async def state(self, call: Call) -> ServerState:  # noqa: ARG002 - as all are called
        """Tell how the server is."""
        return await self._look()

    async def events(self, call: Call) -> Stream:
        """Tell what happens as it happens: server-sent events, at most four a second of a topic.

        The data of an event is JSON: `count` of what happened, `ids` of messages, `lines` of the
        mail log; `missed` where a listener comes back. It ends when the token or session does.
        """
        topics = tuple(topic.value for topic in call.query.topic) or TOPICS
        missed, who = bool(call.last_event), call.caller.user
        return Stream(self._hub, call.still, topics, missed=missed, who=who)

    async def live(self, call: Call) -> Stream:
        """Tell the pages what happens as it happens, as /api/v1/events does."""
        return await self.events(call)

    async def health(self, call: Call) -> Fine:  # noqa: ARG002 - as all are called
        """Tell whether the server works: 200, or 503 with what is wrong."""
        state = await self._look()
        if state.wrong:
            faults = [Fault("server", wrong) for wrong in state.wrong]
            raise ProblemError(503, "The server can't work now.", faults)
        return Fine()

    async def readiness(self, call: Call) -> Fine:  # noqa: ARG002 - as all are called
        """Tell whether the server takes mail: 200, or 503 with what keeps it from that.

        503 while it ends, while writes fail, and while the disk is full.
        """
        state = await self._look()
        if not state.ready or state.wrong:
            faults = [Fault("server", wrong) for wrong in (*state.wrong, *state.unready)]
            raise ProblemError(503, "The server takes no mail now.", faults)
        return Fine()

    async def metrics(self, call: Call) -> Raw:  # noqa: ARG002 - as all are called
        """Give what is measured, for Prometheus; unless `web.metrics` is off."""
        if self._exposed is None:
            raise ProblemError(
                404, "Nothing is measured: set web.metrics to true, and start it anew."
            )
        return await self._exposed()
