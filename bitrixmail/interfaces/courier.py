"""Who carries jobs out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.interface import Attribute, Interface

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bitrixmail.model.job import Attempt, Job, Kind


class ICourier(Interface):
    """Carries out the jobs of one kind. Made by compose, lives as long as the server."""

    kind: Kind = Attribute("which jobs it takes")

    async def deliver(jobs: Sequence[Job]) -> tuple[Attempt, ...]:
        """Carry out jobs of one message to one destination; return an attempt for each, in order.

        Never raises but for being cancelled, and for MailError if the store can't be read. Bounded
        in time.
        """
