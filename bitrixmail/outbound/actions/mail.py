"""The courier of actions that make another message of a message, and bring it to the gate."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.logger import Logger
from zope.interface import implementer

from bitrixmail.interfaces.courier import ICourier, ILine
from bitrixmail.model.answer import Bounds
from bitrixmail.model.errors import MailError
from bitrixmail.model.job import Attempt, Delivery, Job, Kind
from bitrixmail.model.reply import TRANSACTION_FAILED, Reply
from bitrixmail.model.work import Order
from bitrixmail.outbound.actions.forwarding import Forwarder
from bitrixmail.outbound.actions.notifying import Notifier
from bitrixmail.outbound.actions.replying import Replier
from bitrixmail.outbound.actions.shop import Shop
from bitrixmail.outbound.entering import attempt_of
from bitrixmail.outbound.line import OneByOne
from bitrixmail.tasks import utcnow

_log = Logger()


@implementer(ICourier, ILine)
class MailCourier(OneByOne):
    """See the module. Made by compose, lives as long as the server.

    A job that is repeated after a crash has no second effect: the gate knows its id.
    """

    kind = Kind.MAIL

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._clock = shop.clock
        self._notifier = Notifier(shop)
        forward = Forwarder(shop).forward
        self._ways = {
            "forward": forward,
            "redirect": forward,
            "reply": Replier(shop).reply,
            "notify": self._notifier.notify,
        }

    def take(self, bounds: Bounds) -> None:
        """Put other bounds in force."""
        self._shop.bounds = bounds

    async def tell_what_is_owed(self) -> None:
        """Send the notices that were too many within an hour, as one each."""
        await self._notifier.tell_what_is_owed()

    async def deliver(self, jobs: Sequence[Job]) -> Delivery:
        """See ILine. Each job is a message of its own: one can't spoil the others."""
        return Delivery(tuple([await self._one(job) for job in jobs]))

    async def close(self) -> None:
        """See ICourier."""

    async def _one(self, job: Job) -> Attempt:
        begun = utcnow(self._clock)
        try:
            reply = await self._done(job, Order.from_json(job.payload))
        except MailError as error:
            reply = error.reply
        except Exception:  # noqa: BLE001 - a bug, and the next attempt may meet a mended program
            _log.failure("{queue_id}: an action could not be carried out", queue_id=job.queue_id)
            reply = TRANSACTION_FAILED
        return attempt_of(reply, begun, utcnow(self._clock))

    async def _done(self, job: Job, order: Order) -> Reply:
        return await self._ways[order.do](job, order)
