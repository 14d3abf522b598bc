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


MENU: tuple[Entry, ...] = (
    Entry("/", _("Dashboard")),
    Entry("/messages", _("Messages")),
    Entry("/quarantine", _("Quarantine")),
    Entry("/queue", _("Queue")),
    Entry("/tickets", _("Tickets")),
    Entry("/log", _("Log")),
    Entry("/rules", _("Rules")),
    Entry("/lists", _("Lists")),
    Entry("/mailboxes", _("Mailboxes")),
    Entry("/domains", _("Domains")),
    Entry("/server", _("Server")),
    Entry("/settings", _("Settings"), Right.GOVERN),
    Entry("/doctor", _("Doctor")),
    Entry("/users", _("Users"), Right.GOVERN),
    Entry("/api/docs", _("API")),
)
