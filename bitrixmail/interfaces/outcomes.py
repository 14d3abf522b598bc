"""Who decides what becomes of a job after an attempt at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.interface import Interface

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bitrixmail.model.job import Delivery, Job, Kind, Settlement
    from bitrixmail.model.message import Draft


class IOutcomes(Interface):
    """Turns what a courier says into settlements, and into what its sender is told (DSNs)."""

    async def after(
        jobs: Sequence[Job], delivery: Delivery, now: datetime
    ) -> tuple[Sequence[Settlement], Sequence[Draft]]:
        """Decide after a delivery: done, again at some time, or given up."""

    async def given_up(
        jobs: Sequence[Job], said: str, now: datetime
    ) -> tuple[Sequence[Settlement], Sequence[Draft]]:
        """Give up jobs of one message, by hand and with these words for whoever reads of it."""

    def pause(failures: int, now: datetime, kind: Kind) -> datetime:
        """Tell until when a destination of a kind is left alone that was down so often on end."""
