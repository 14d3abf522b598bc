"""Who carries jobs out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.interface import Attribute, Interface

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bitrixmail.model.job import Delivery, Job, Kind


class ILine(Interface):
    """A way on which deliveries of one kind follow each other, to one destination.

    Made by a courier's `line` for a worker of the dispatcher, lives as long as that works.
    """

    open: bool = Attribute("whether one more may begin before the one under way has ended")

    async def deliver(jobs: Sequence[Job]) -> Delivery:
        """Carry out jobs of one message to one destination: one attempt at each, in their order.

        Bounded in time. Raises MailError if the store can't be read; any other error is a bug.
        """


class ICourier(Interface):
    """Carries out the jobs of one kind. Made by compose, lives as long as the server."""

    kind: Kind = Attribute("which jobs it takes")

    def line() -> ILine:
        """Return a way for deliveries that follow each other."""

    async def close() -> None:
        """Give up what is kept open for the next delivery."""
