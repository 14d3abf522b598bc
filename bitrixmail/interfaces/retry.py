"""When something that failed is tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.interface import Interface

if TYPE_CHECKING:
    from datetime import datetime

    from bitrixmail.model.schedule import Tried


class IRetryPolicy(Interface):
    """Decides by time alone; pure but for the chance it was given."""

    def next_try(tried: Tried) -> datetime | None:
        """Return when to try again, later than `tried.at`; None if it is given up."""

    def delay_notice_due(tried: Tried) -> bool:
        """Tell whether the sender should hear now that it takes longer; once is enough."""
