"""Messages passed on as they are: `forward`, and `redirect` that keeps the envelope's sender.

The content is not touched, so that signatures of DKIM hold; two fields go before it, by which this
server and others know it again (RFC 9228).
"""

from __future__ import annotations

from bitrixmail.mime.headers import HeaderSection
from bitrixmail.mime.trace_fields import delivered_to_field
from bitrixmail.model.address import Address
from bitrixmail.model.envelope import SenderParameters
from bitrixmail.model.errors import MailError
from bitrixmail.model.job import Job
from bitrixmail.model.reply import Reply
from bitrixmail.model.route import RouteKind
from bitrixmail.model.work import Order
from bitrixmail.outbound.actions.hourly import Hourly
from bitrixmail.outbound.actions.shop import Shop
from bitrixmail.outbound.entering import beginning_of, body_of, enter

_LOOP_FIELD = "X-Loop"
_MOST_FIELDS = 100
# What may yet succeed is tried again before anything is given up
_GRAVITY = {4: 0, 5: 1, 2: 2}


class Forwarder:
    """See the module. Made by the courier, lives as long as it."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._by = Hourly(shop.clock)
        self._to = Hourly(shop.clock)

    async def forward(self, job: Job, order: Order) -> Reply:
        """Pass a message on to each address of an order; return the worst reply.

        Of a job that is repeated those that were reached get it no second time. Raises MailError.
        """
        mark = f"{order.mailbox} (forwarded by {self._shop.hostname})"
        headers = HeaderSection.parse(await beginning_of(self._shop.jobs, job))
        if mark in headers.texts("x-loop")[:_MOST_FIELDS]:
            return Reply(550, "5.4.6", f"A circle: it was passed on from {order.mailbox} before")
        prefix = delivered_to_field(order.mailbox) + f"{_LOOP_FIELD}: {mark}\r\n".encode()
        replies = []
        for number, target in enumerate(order.argument.split(", ")):
            # Each is a message of its own, known by its number when the job is repeated
            part = f":{number}" if number else ""
            try:
                reply = await self._to_one(job, order, Address.of(target), prefix, part)
            except MailError as error:
                reply = error.reply
            replies.append(reply)
        return min(replies, key=lambda reply: _GRAVITY.get(reply.code // 100, 0))

    async def _to_one(
        self, job: Job, order: Order, target: Address, prefix: bytes, part: str
    ) -> Reply:
        shop, bounds = self._shop, self._shop.bounds
        route = await shop.router.resolve(target)
        if any(one.mailbox.address == order.mailbox for one in route.targets):
            return Reply(550, "5.4.6", f"A circle: {target} leads to {order.mailbox} itself")
        whom = f"{order.mailbox} {target.key}"
        for counts, key, most in (
            (self._by, order.mailbox, bounds.forwards),
            (self._to, whom, bounds.forwards_to_one),
        ):
            if counts.spent(key, most):
                said = f"{most} messages within an hour were passed on from {key}, it goes on later"
                return Reply(451, "4.7.1", said)
        sender = await self._sender(job, order, foreign=route.kind is RouteKind.FOREIGN)
        parameters = SenderParameters(body=body_of(job))
        reply = await enter(
            shop.gate, shop.jobs, job, sender, parameters, target, prefix=prefix, part=part
        )
        self._by.count(order.mailbox)
        self._to.count(whom)
        return reply

    async def _sender(self, job: Job, order: Order, *, foreign: bool) -> Address | None:
        """Return the envelope's sender: of ours where another host would not let us name it."""
        if not job.sender:
            return None
        sender = Address.of(job.sender)
        if order.do == "redirect" or not foreign or not sender.domain:
            return sender
        if await self._shop.directory.domain(sender.domain) is not None:
            return sender
        domain = order.mailbox.rpartition("@")[2]
        # Too long a one has its bounces go to the mailbox that passes its mail on
        return await self._shop.rewriting.rewritten(sender, domain) or Address.of(order.mailbox)
