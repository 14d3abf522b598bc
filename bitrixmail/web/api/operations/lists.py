"""Suppressed addresses, listed senders, what the spam filter knows, and where mail goes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from bitrixmail.admin.office import Office
from bitrixmail.admin.spam import Status
from bitrixmail.admin.spam_thresholds import Threshold
from bitrixmail.model.sender_list import SenderEntry
from bitrixmail.model.suppression import Suppressed
from bitrixmail.model.user import Right
from bitrixmail.web.api.operation import EXACT, Call, Operation, Paged, Sliced, Text
from bitrixmail.web.api.paging import key_in

Days = Annotated[int, Field(ge=1, le=36_500)]
Score = Annotated[float, Field(ge=0, le=100)]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSuppression:
    """An address that nothing shall be sent to; without `days` for good."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT
    address: Text
    note: Text = ""
    days: Days | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SendersOf(Paged):
    """Whose list: a mailbox's, a domain's; empty: all."""

    whose: Text = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSender:
    """An address, or a domain as "@example.org", to be let in or kept out; for whom, how long."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT
    address: Text
    allowed: bool
    whose: Text = ""
    note: Text = ""
    days: Days | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Whose:
    """For whom: a mailbox, a domain; empty: all."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT
    whose: Text = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """From which score on what is done; null lifts it, what is left out stays."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT
    whose: Text = ""
    scores: dict[Annotated[str, Field(pattern="^(reject|quarantine|move|tag)$")], Score | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class FromWhom:
    """The envelope sender; left out: anybody."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT
    sender: Text | None = None


@dataclass(frozen=True, slots=True)
class LedTo:
    """A mailbox that gets the mail, and its folder."""

    mailbox: str
    folder: str


@dataclass(frozen=True, slots=True)
class Leads:
    """Where an address leads. `kind`: local, foreign, unknown, loop.

    For mail to other hosts: `route` is one by hand, `to` a host with its port, `opens` when it may
    go out next. `suppressed`: why nothing is sent there.
    """

    kind: str
    targets: tuple[LedTo, ...]
    route: str = ""
    to: str = ""
    opens: datetime | None = None
    suppressed: str = ""


class ListsOperations:
    """Made by the contents, lives as long as they."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def operations(self) -> Iterator[Operation]:
        """Yield them."""
        see, handle, manage = Right.SEE, Right.HANDLE, Right.MANAGE
        yield Operation(
            "GET", "/suppressions", self.suppressions, see, Suppressed, Paged, listed=True
        )
        yield Operation(
            "POST", "/suppressions", self.suppress, handle, Suppressed, None, NewSuppression, 201
        )
        yield Operation("DELETE", "/suppressions/{address}", self.lift, handle)
        yield Operation(
            "GET", "/senders", self.senders, see, SenderEntry, SendersOf, listed=True,
            key=lambda each: f"{each.whose} {each.address}",
        )  # fmt: skip
        yield Operation("PUT", "/senders", self.put_sender, manage, SenderEntry, None, NewSender)
        yield Operation("DELETE", "/senders/{address}", self.remove_sender, manage, None, Whose)
        yield Operation("GET", "/spam", self.spam, see, tuple[Status, ...])
        yield Operation("POST", "/spam/forget", self.forget, manage, None, Whose)
        yield Operation("GET", "/spam/thresholds", self.thresholds, see, tuple[Threshold, ...])
        yield Operation(
            "PUT", "/spam/thresholds", self.set_thresholds, manage, tuple[Threshold, ...], None,
            Scores,
        )  # fmt: skip
        yield Operation("GET", "/routes/{address}", self.route, see, Leads, FromWhom)

    async def suppressions(self, call: Call) -> Sliced:
        """List the addresses that nothing is sent to."""
        query: Paged = call.query
        found = await self._office.suppressions.page(key_in(query.cursor), query.limit + 1)
        items = found[: query.limit]
        return Sliced(items, items[-1].address if len(found) > query.limit else None)

    async def suppress(self, call: Call) -> Suppressed:
        """Have nothing sent to an address."""
        body: NewSuppression = call.body
        lasting = None if body.days is None else timedelta(days=body.days)
        entry = await self._office.suppressions.add(body.address, body.note, lasting)
        await call.record("suppression.add", entry.address, body.note)
        return entry

    async def lift(self, call: Call) -> None:
        """Let mail go to an address again."""
        await self._office.suppressions.remove(call.parts["address"])
        await call.record("suppression.remove", call.parts["address"])

    async def senders(self, call: Call) -> Sequence[SenderEntry]:
        """List the senders that are let in or kept out."""
        found = await self._office.senders.listing(call.query.whose or None)
        return sorted(found, key=lambda each: (each.whose, each.address))

    async def put_sender(self, call: Call) -> SenderEntry:
        """Let a sender in, or keep him out."""
        body: NewSender = call.body
        lasting = None if body.days is None else timedelta(days=body.days)
        put = await self._office.senders.put(
            body.address, body.whose, body.note, lasting, allowed=body.allowed
        )
        what = "sender.allow" if body.allowed else "sender.block"
        await call.record(what, put.entry.address, put.entry.whose)
        return put.entry

    async def remove_sender(self, call: Call) -> None:
        """Take a sender off a list."""
        gone = await self._office.senders.remove(call.parts["address"], call.query.whose)
        await call.record("sender.remove", gone.address, gone.whose)

    async def spam(self, call: Call) -> tuple[Status, ...]:  # noqa: ARG002 - as all are called
        """Tell what the spam filter has learned, the site first."""
        return await self._office.spam.status()

    async def forget(self, call: Call) -> None:
        """Have the site, or a mailbox, forget what the spam filter has learned."""
        await self._office.spam.forget(call.query.whose)
        await call.record("spam.forget", call.query.whose)

    async def thresholds(self, call: Call) -> tuple[Threshold, ...]:  # noqa: ARG002 - as all are called
        """List from which scores on something is done with a message."""
        return await self._office.thresholds.listing()

    async def set_thresholds(self, call: Call) -> tuple[Threshold, ...]:
        """Set or lift thresholds of a mailbox, a domain or all."""
        body: Scores = call.body
        await self._office.thresholds.set(body.whose, body.scores, call.caller.name)
        await call.record("spam.threshold", body.whose or "all")
        return await self._office.thresholds.listing()

    async def route(self, call: Call) -> Leads:
        """Tell where mail for an address goes, and how it would go out."""
        led = await self._office.routes.find(call.parts["address"], call.query.sender)
        targets = tuple(
            LedTo(target.mailbox.address, target.folder) for target in led.route.targets
        )
        if led.outgoing is None:
            return Leads(led.route.kind.value, targets)
        suppressed = "" if led.suppressed is None else led.suppressed.reason
        way = led.outgoing
        return Leads(led.route.kind.value, targets, way.route, way.to, way.opens, suppressed)
