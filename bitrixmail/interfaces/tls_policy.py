"""How safe the way to a destination must be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.interface import Interface

if TYPE_CHECKING:
    from datetime import datetime

    from bitrixmail.model.destination import (
        Alarm,
        DestinationPolicy,
        Hosts,
        Level,
        MailHost,
        TLSDemand,
        TLSReached,
    )
    from bitrixmail.model.reply import Reply


class ITLSPolicy(Interface):
    """Tells what must be shown, and remembers what was. Raises MailError if the store fails."""

    async def policy(
        domain: str, hosts: Hosts, at: datetime, level: Level | None = None
    ) -> DestinationPolicy:
        """Return what holds for a destination, the recipients' domain or a route's host.

        `level`: as a route by hand demands it.
        """

    async def demand(policy: DestinationPolicy, host: MailHost) -> TLSDemand | Reply:
        """Return what a host of the destination must show; or why the mail must not go there.

        Such a reply is temporary: the next host may do, or the same one later.
        """

    async def reached(policy: DestinationPolicy, reached: TLSReached, at: datetime) -> Alarm | None:
        """Remember how safe a connection was that took mail; an alarm if that was safer before."""
