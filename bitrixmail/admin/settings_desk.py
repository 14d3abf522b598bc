"""Changing the settings of the running server: into the file, into force, into the audit log."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bitrixmail.admin.users import Users
from bitrixmail.interfaces.house import IHouse
from bitrixmail.interfaces.settings_book import ISettingsBook
from bitrixmail.model.errors import Fault, NotFoundError
from bitrixmail.model.house import Reloaded
from bitrixmail.model.settings_book import HIDDEN, Book, Change
from bitrixmail.model.text import printable
from bitrixmail.model.user import DeedSearch

CHANGE = "settings.change"
_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Changed:
    """One change as the audit log has it; `can_undo`: what was before is known."""

    at: datetime
    who: str
    change: Change
    can_undo: bool


@dataclass(frozen=True, slots=True)
class Saved:
    """What was changed in the file, and what came of reading it."""

    changes: tuple[Change, ...]
    reloaded: Reloaded


class SettingsDesk:
    """Made by who composes a face of a running server. `who`, `address`: for the audit log."""

    def __init__(self, book: ISettingsBook, house: IHouse, users: Users) -> None:
        self._book = book
        self._house = house
        self._users = users

    async def read(self) -> Book:
        """Return all settings. Raises InputError for a file that can't be used."""
        return await self._book.read()

    async def change(
        self,
        texts: Mapping[str, str | None],
        who: str,
        address: str,
        seen: Mapping[str, str] | None = None,
    ) -> Saved:
        """Change settings; None is the default. Raises InputError, nothing is changed then.

        `seen`: the marks of what a form showed, see ISettingsBook.write.
        """
        return await self._taken(await self._book.write(texts, seen or {}), who, address)

    async def history(self) -> tuple[Changed, ...]:
        """Return the last changes, the newest first."""
        found: list[Changed] = []
        for deed in await self._users.deeds(_SHOWN, None, DeedSearch(what=CHANGE)):
            if deed.what == CHANGE:
                change = _read(deed.target, deed.detail)
                can_undo = change.before != json.dumps(HIDDEN) and deed.detail.startswith("{")
                found.append(Changed(deed.at, deed.who, change, can_undo))
        return tuple(found)

    async def undo(self, at: str, path: str, who: str, address: str) -> Saved:
        """Put a setting back to what it was before a change, named by its time (ISO 8601).

        Raises NotFoundError, InputError.
        """
        for changed in await self.history():
            if changed.can_undo and changed.change.path == path and changed.at.isoformat() == at:
                changes = await self._book.put_back(path, changed.change.before)
                return await self._taken(changes, who, address)
        what = "what was there before is not known"
        raise NotFoundError(Fault(printable(path, 80), what, "choose a value by hand"))

    async def _taken(self, changes: tuple[Change, ...], who: str, address: str) -> Saved:
        if not changes:
            return Saved((), Reloaded())
        for change in changes:
            detail = json.dumps({"from": change.before, "to": change.after}, ensure_ascii=False)
            await self._users.record(who, CHANGE, change.path, detail, address)
        return Saved(changes, self._house.reload())


def _read(path: str, detail: str) -> Change:
    """Read a line of the audit log; one that was cut tells no values."""
    try:
        values = json.loads(detail)
        return Change(path, str(values["from"]), str(values["to"]))
    except (ValueError, KeyError, TypeError):
        return Change(path, json.dumps(HIDDEN), json.dumps(HIDDEN))
