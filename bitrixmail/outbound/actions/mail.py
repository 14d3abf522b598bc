"""The courier of actions that make another message of a message, and bring it to the gate."""

from __future__ import annotations

from zope.interface import implementer

from bitrixmail.interfaces.courier import ICourier, ILine
from bitrixmail.model.answer import Bounds
from bitrixmail.model.job import Attempt, Job, Kind
from bitrixmail.model.reply import Reply
from bitrixmail.model.work import Order
from bitrixmail.outbound.actions.forwarding import Forwarder
from bitrixmail.outbound.actions.notifying import Notifier
from bitrixmail.outbound.actions.replying import Replier
from bitrixmail.outbound.actions.shop import Shop
from bitrixmail.outbound.entering import attempted
from bitrixmail.outbound.line import OneByOne


@implementer(ICourier, ILine)
class MailCourier(OneByOne):
    """See the module. Made by compose, lives as long as the server.

    A job that is repeated after a crash has no second effect: the gate knows its id.
    """

    kind = Kind.MAIL

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
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

    async def _one(self, job: Job) -> Attempt:
        return await attempted(self._made(job), job, self._shop.clock)

    async def _made(self, job: Job) -> Reply:
        order = Order.from_json(job.payload)
        return await self._ways[order.do](job, order)
