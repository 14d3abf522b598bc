"""Where mail for an address goes, as the gate would decide it now; and how it would go out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from twisted.internet.interfaces import IReactorTime

from bitrixmail.admin.typed import address_key
from bitrixmail.interfaces.directory import IRouter
from bitrixmail.interfaces.suppressions import ISuppressions
from bitrixmail.model.address import Address
from bitrixmail.model.job import Priority
from bitrixmail.model.route import Route, RouteKind
from bitrixmail.model.suppression import Suppressed
from bitrixmail.model.way import Outgoing
from bitrixmail.tasks import utcnow


@dataclass(frozen=True, slots=True)
class Led:
    """`outgoing` only for mail to other hosts; `suppressed`: nothing is sent to that address."""

    route: Route
    outgoing: Outgoing | None = None
    suppressed: Suppressed | None = None


class Routes:
    """See the module. Made by compose for the command line and the web.

    `outgoing` tells how mail of a sender (None: of anybody) for a domain would go out.
    """

    def __init__(
        self,
        router: IRouter,
        suppressions: ISuppressions,
        outgoing: Callable[[str | None, str, Priority, datetime], Outgoing],
        clock: IReactorTime,
    ) -> None:
        self._router = router
        self._suppressions = suppressions
        self._outgoing = outgoing
        self._clock = clock

    async def find(
        self, typed: str, sender: str | None = None, priority: Priority = Priority.NORMAL
    ) -> Led:
        """Follow an address to its end; a `sender` of "" or "<>" is the null sender.

        Raises InputError if one of them is no address.
        """
        key = address_key(typed)
        if sender is not None:
            sender = "" if sender in {"", "<>"} else address_key(sender, "--from")
        local_part, _, domain = key.rpartition("@")
        route = await self._router.resolve(Address(local_part, domain))
        if route.kind is not RouteKind.FOREIGN:
            return Led(route)
        now = utcnow(self._clock)
        suppressed = await self._suppressions.find(key, now)
        return Led(route, self._outgoing(sender, domain, priority, now), suppressed)
