"""The help desk, married with the settings: its courier, and the use cases for people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from twisted.internet.interfaces import IReactorTime

from bitrixmail.accounts.secret import KeptSecret
from bitrixmail.admin.tickets import Tickets, Writing
from bitrixmail.app.machine.ownership import as_owner_of
from bitrixmail.app.sending.ways import rules_of
from bitrixmail.app.settings.tree import Settings
from bitrixmail.interfaces.threads import IThreads
from bitrixmail.interfaces.tickets import ITicketDesk
from bitrixmail.mime.ticket_addresses import ReplyAddresses
from bitrixmail.model.job import NewJob
from bitrixmail.outbound.actions.shop import Shop
from bitrixmail.outbound.actions.ticket import NothingProven, TicketCourier
from bitrixmail.outbound.actions.ticket_desk import OwnDesk
from bitrixmail.outbound.actions.ticket_greeting import Greeter
from bitrixmail.store.opening import Stores
from bitrixmail.tasks import InlineThreads

if TYPE_CHECKING:  # the command line need not wait for the doors
    from bitrixmail.app.receiving.reception import Reception

# The key of reply addresses, in the data directory
TICKETS = "tickets.secret"


def ticket_courier(
    reception: Reception, shop: Shop, reactor: Any, *others: ITicketDesk
) -> TicketCourier:
    """Return what gives letters to the help desk inside, and to others beside it by their names."""
    settings, stores = reception.settings, reception.stores
    secret = KeptSecret(settings.data_dir / TICKETS, reception.threads)
    return TicketCourier(
        stores.jobs,
        [OwnDesk(stores.tickets, secret.octets), *others],
        NothingProven(),
        Greeter(shop, stores.tickets),
        reactor,
    )


def tickets_of(
    settings: Settings,
    stores: Stores,
    clock: IReactorTime,
    new_queue_id: Callable[[], str],
    *,
    queued: Callable[[Sequence[NewJob]], None],
    threads: IThreads,
) -> Tickets:
    """Return the use cases; `queued` is told of jobs that they write."""
    secret = KeptSecret(settings.data_dir / TICKETS, InlineThreads())

    async def addresses() -> ReplyAddresses:
        # Root makes the key as the owner of the data, so that the server can read it
        with as_owner_of(settings.data_dir):
            return ReplyAddresses([await secret.octets()])

    writing = Writing(
        addresses,
        new_queue_id,
        settings.server.hostname,
        timedelta(seconds=settings.outbound.lifetime),
        rules_of(settings, secrets=False),
        queued,
    )
    return Tickets(
        stores.tickets,
        stores.messages,
        stores.directory,
        stores.suppressions,
        clock,
        writing=writing,
        threads=threads,
    )
