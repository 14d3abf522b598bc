"""Stored messages, what the spam filter makes of them, and the quarantine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from bitrixmail.admin.messages import MAX_EVENTS, Shown, Told
from bitrixmail.admin.office import Office
from bitrixmail.admin.quarantine import Wish
from bitrixmail.admin.spam import Explained
from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.message import Behind, Listed
from bitrixmail.model.quarantine import Held
from bitrixmail.model.user import Right
from bitrixmail.web.api.operation import EXACT, Call, Operation, Paged, Raw, Sliced, Text
from bitrixmail.web.api.paging import mark_in, mark_of

_MOST_IDS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class OfFolder(Paged):
    """Which messages: of a mailbox, and of one of its folders."""

    mailbox: Text
    folder: Text = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """A message by its id, or an address."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT
    of: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What a message is. `mailbox`: only that one learns it; empty: the site."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT
    spam: bool
    mailbox: Text = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForWhom:
    """For which mailbox it is told; empty: for each that has it."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT
    mailbox: Text = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineOf(Paged):
    """Which of them: those of one mailbox."""

    mailbox: Text = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which held messages: by their ids, all of a mailbox, or (`all`) of everybody."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT
    ids: Annotated[tuple[Text, ...], Field(max_length=_MOST_IDS)] = ()
    mailbox: Text = ""
    all: bool = False

    @property
    def wish(self) -> Wish:
        """The same for the use case. Raises InputError: nothing was chosen."""
        if not (self.ids or self.mailbox or self.all):
            remedy = 'give ids, a mailbox, or "all": true'
            raise InputError(Fault("body", "says of no message that it is meant", remedy))
        return Wish(self.ids, self.mailbox)


@dataclass(frozen=True, slots=True, kw_only=True)
class LetGo(Chosen):
    """And how. `act`: the rules sort it, and do what they want done. `learn`: as no spam."""

    act: bool = False
    learn: bool = False


@dataclass(frozen=True, slots=True)
class Count:
    """How many there were."""

    count: int


@dataclass(frozen=True, slots=True)
class LessonTaken:
    """What came of it: whether it was new, was of the other kind before, or was known."""

    new: int
    changed: int
    known: int


class MailOperations:
    """Made by the contents, lives as long as they."""

    def __init__(self, office: Office) -> None:
        self._messages = office.messages
        self._spam = office.spam
        self._quarantine = office.quarantine

    def operations(self) -> Iterator[Operation]:
        """Yield them."""
        see, handle = Right.SEE, Right.HANDLE
        one = "/messages/{id}"
        yield Operation("GET", "/messages", self.listing, see, Listed, OfFolder, listed=True)
        yield Operation("GET", one, self.show, see, Shown)
        yield Operation("GET", f"{one}/raw", self.raw, see, bytes, gives="message/rfc822")
        yield Operation("GET", f"{one}/spam", self.explain, see, tuple[Explained, ...], ForWhom)
        yield Operation("POST", f"{one}/train", self.train, handle, LessonTaken, None, Lesson)
        yield Operation("GET", "/trace", self.trace, see, tuple[Told, ...], About)
        yield Operation("GET", "/quarantine", self.held, see, Held, QuarantineOf, listed=True)
        yield Operation("POST", "/quarantine/release", self.release, handle, Count, None, LetGo)
        yield Operation("POST", "/quarantine/delete", self.delete, handle, Count, None, Chosen)

    async def listing(self, call: Call) -> Sliced:
        """List the messages of a mailbox, newest first."""
        query: OfFolder = call.query
        mark = mark_in(query.cursor, 2)
        behind = None if mark is None else Behind(mark[0], *mark[1])
        found = await self._messages.listing(
            query.mailbox, query.folder or None, query.limit + 1, behind
        )
        items = found[: query.limit]
        last = items[-1] if len(found) > query.limit else None
        on = None if last is None else mark_of(last.received, last.place_id, last.uid)
        return Sliced(items, on)

    async def show(self, call: Call) -> Shown:
        """Tell all that is known of a message: its places, its header section, its events."""
        return await self._messages.show(call.parts["id"])

    async def raw(self, call: Call) -> Raw:
        """Give a stored message as it came."""
        pieces = await self._messages.pieces(call.parts["id"])
        await call.record("message.download", call.parts["id"])
        return Raw(b"", "message/rfc822", pieces)

    async def explain(self, call: Call) -> tuple[Explained, ...]:
        """Explain how the spam filter scores a message by what it knows now."""
        return await self._spam.show(call.parts["id"], call.query.mailbox, 20)

    async def train(self, call: Call) -> LessonTaken:
        """Have the spam filter learn a message; a second time makes no difference."""
        body: Lesson = call.body
        learned = await self._spam.learn([call.parts["id"]], body.mailbox, spam=body.spam)
        await call.record("spam.train", call.parts["id"], "spam" if body.spam else "no spam")
        return LessonTaken(*learned)

    async def trace(self, call: Call) -> tuple[Told, ...]:
        """Tell what happened to a message or at an address, oldest first, and why."""
        return await self._messages.trace(call.query.of, MAX_EVENTS)

    async def held(self, call: Call) -> Sliced:
        """List what is in the quarantine, newest first."""
        query: QuarantineOf = call.query
        mark = mark_in(query.cursor, 1)
        behind = None if mark is None else (mark[0], mark[1][0])
        found = await self._quarantine.listing(query.mailbox, query.limit + 1, behind)
        items = found[: query.limit]
        last = items[-1] if len(found) > query.limit else None
        return Sliced(items, None if last is None else mark_of(last.received, last.place_id))

    async def release(self, call: Call) -> Count:
        """Let messages go from the quarantine."""
        body: LetGo = call.body
        chosen = await self._quarantine.chosen(body.wish)
        count = await self._quarantine.release(chosen, act=body.act, learn=body.learn)
        await call.record("quarantine.release", ", ".join(body.ids) or body.mailbox or "all")
        return Count(count)

    async def delete(self, call: Call) -> Count:
        """Remove messages of the quarantine for good."""
        body: Chosen = call.body
        count = await self._quarantine.delete(await self._quarantine.chosen(body.wish))
        await call.record("quarantine.delete", ", ".join(body.ids) or body.mailbox or "all")
        return Count(count)
