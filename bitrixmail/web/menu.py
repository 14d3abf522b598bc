"""What stands in the menu of every page."""

from __future__ import annotations

from dataclasses import dataclass

from bitrixmail.model.user import Right
from bitrixmail.web.words import _


@dataclass(frozen=True, slots=True)
class Entry:
    """A page in the menu, for those who may see it. `label` is translated when it is written."""

    path: str
    label: str
    needs: Right = Right.SEE


MENU: tuple[Entry, ...] = (Entry("/", _("Dashboard")),)
