"""The settings one by one: with help, default and source; changed, put back, and who did."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from bitrixmail.admin.settings_desk import Saved, SettingsDesk
from bitrixmail.admin.upkeep import Upkeep
from bitrixmail.model.house import Reloaded
from bitrixmail.model.settings_book import Book, Change
from bitrixmail.model.user import Right
from bitrixmail.web.api.operation import EXACT, Call, Long, Operation, Text

_MOST_CHANGED = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsChange:
    """Settings by their path, as texts such as a form has; null restores the default."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT
    values: Annotated[dict[Text, Long | None], Field(max_length=_MOST_CHANGED)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeMeant:
    """A change of the history, by its time as it stands there, and its setting."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT
    at: datetime
    path: Text


@dataclass(frozen=True, slots=True)
class SettingChanged:
    """A change of the history. `can_undo`: what stood there before is known."""

    at: datetime
    who: str
    change: Change
    can_undo: bool


@dataclass(frozen=True, slots=True)
class SettingsSaved:
    """What was changed in the file, and what came of reading it."""

    changes: tuple[Change, ...]
    reloaded: Reloaded


class SettingsOperations:
    """Made by the contents, lives as long as they."""

    def __init__(self, upkeep: Upkeep) -> None:
        self._desk: SettingsDesk = upkeep.settings

    def operations(self) -> Iterator[Operation]:
        """Yield them."""
        govern = Right.GOVERN
        yield Operation("GET", "/settings/book", self.book, govern, Book)
        yield Operation(
            "PATCH", "/settings", self.change, govern, SettingsSaved, None, SettingsChange
        )
        yield Operation(
            "GET", "/settings/history", self.history, govern, tuple[SettingChanged, ...]
        )
        yield Operation(
            "POST", "/settings/undo", self.undo, govern, SettingsSaved, None, ChangeMeant
        )

    async def book(self, call: Call) -> Book:  # noqa: ARG002 - as all are called
        """Give every setting with its help, value, default, source, and when it takes effect.

        Of a secret it is told only whether it is set.
        """
        return await self._desk.read()

    async def change(self, call: Call) -> SettingsSaved:
        """Change settings: into the file, and into force as far as that goes without a start.

        If anything is wrong nothing changes, and every fault is told. It stands in the audit log.
        """
        caller = call.caller
        return _told(await self._desk.change(call.body.values, caller.name, caller.peer))

    async def history(self, call: Call) -> tuple[SettingChanged, ...]:  # noqa: ARG002 - the same
        """Give the last changes, the newest first: who changed what, and when."""
        return tuple(
            SettingChanged(each.at, each.who, each.change, each.can_undo)
            for each in await self._desk.history()
        )

    async def undo(self, call: Call) -> SettingsSaved:
        """Put a setting back to what it was before a change."""
        body, caller = call.body, call.caller
        at = body.at.isoformat()
        return _told(await self._desk.undo(at, body.path, caller.name, caller.peer))


def _told(saved: Saved) -> SettingsSaved:
    return SettingsSaved(saved.changes, saved.reloaded)
