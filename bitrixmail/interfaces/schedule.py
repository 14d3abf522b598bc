"""When sending is allowed, and how fast."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.interface import Interface

if TYPE_CHECKING:
    from datetime import datetime

    from bitrixmail.model.schedule import Opening


class ISchedule(Interface):
    """The times at which mail of a route, a sender or a priority may go out. Pure."""

    def opening(at: datetime) -> Opening | None:
        """Return what is open at a moment; None if nothing may go out."""

    def next_open(at: datetime) -> datetime | None:
        """Return the first moment from `at` on at which it is open, `at` itself if it is.

        None: it won't be within the years that are looked at.
        """
