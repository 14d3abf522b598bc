"""The courier to other hosts: finds them, meets them in order, hands over, tells what they said.

A destination's hosts are tried one after the other until each recipient has an answer that is
about itself or the message; what is said about a host alone is asked of the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol

from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint
from zope.interface import implementer

from bitrixmail.interfaces.courier import ICourier, ILine
from bitrixmail.interfaces.jobs import IJobStore
from bitrixmail.interfaces.return_paths import IReturnPaths
from bitrixmail.interfaces.signer import ISigner, Read
from bitrixmail.model.destination import Hosts, MailHost, RelayRoute
from bitrixmail.model.job import Attempt, Delivery, Job, Kind
from bitrixmail.model.parcel import (
    Answer,
    ConnectionFailed,
    Delivered,
    Failing,
    Parcel,
    RemoteRecipient,
    Stage,
)
from bitrixmail.model.remote import RemoteOptions
from bitrixmail.outbound.client.connection import Connection, connect
from bitrixmail.outbound.client.terms import TLS, Terms
from bitrixmail.outbound.hosts import HostFinder, Nowhere
from bitrixmail.outbound.line import Line, Spot
from bitrixmail.outbound.pool import Pool
from bitrixmail.outbound.remembered import Remembered
from bitrixmail.outbound.round import Round
from bitrixmail.outbound.routes import Routes, domain_of
from bitrixmail.tasks import utcnow

# The hosts of a destination are looked up again after this time, which no DNS record undercuts.
_HOSTS_KEPT_S = 60.0
_MOST_KEPT = 5000
# So long commands go step by step to a host that did not survive several at once,
_STEPWISE_S = 86400.0
# and messages one by one to a host that did not survive, or not hear, one behind the other.
_ONE_BY_ONE_S = 3600.0


class Meeting(Protocol):
    """On which terms hosts are met. Made by compose, since TLS is the matter of another room."""

    async def terms(
        self, hosts: Hosts, host: MailHost, route: RelayRoute | None
    ) -> Terms | ConnectionFailed:
        """Return the terms of a connection; a failure: this host must not get the mail."""

    async def met(self, terms: Terms, connection: Connection) -> None:
        """Take note of how safe a connection on these terms turned out."""

    async def unmet(self, terms: Terms, failure: ConnectionFailed) -> None:
        """Take note that mail waits because a host does not show what these terms demand."""


@implementer(ICourier)
class RemoteCourier:
    """See the module. Made by compose, lives as long as the server.

    `endpoint` makes what connects to an address and port.
    """

    kind = Kind.REMOTE

    def __init__(
        self,
        jobs: IJobStore,
        finder: HostFinder,
        meeting: Meeting,
        endpoint: Callable[[str, int], IStreamClientEndpoint],
        clock: IReactorTime,
        *,
        signer: ISigner | None = None,
        routes: Routes | None = None,
        return_paths: IReturnPaths | None = None,
        pool: Pool | None = None,
    ) -> None:
        self._routes = routes or Routes()
        self._jobs = jobs
        self._finder = finder
        self._meeting = meeting
        self._endpoint = endpoint
        self._clock = clock
        self._signer = signer
        self._return_paths = return_paths
        self._pool = pool or Pool(clock)
        self._kept: dict[tuple[str, RelayRoute | None], tuple[float, Hosts]] = {}
        # Addresses of hosts that lie about PIPELINING
        self._stepwise = Remembered(clock, _STEPWISE_S)
        # Those that did not survive, or did not hear, what came right behind a content
        self._one_by_one = Remembered(clock, _ONE_BY_ONE_S)

    def line(self) -> ILine:
        """See ICourier."""
        return Line(self.deliver)

    async def deliver(self, jobs: Sequence[Job], line: Line) -> Delivery:
        """See ILine."""
        if self._routes.knows(jobs[0]):
            return await self._together(jobs, line)
        # They were written for a route that is no more: each goes by the way it has now
        groups: dict[Hashable, list[int]] = {}
        for number, job in enumerate(jobs):
            groups.setdefault((self._routes.of(job), domain_of(job)), []).append(number)
        attempts: dict[int, Attempt] = {}
        for numbers in groups.values():
            delivery = await self._together([jobs[number] for number in numbers], line)
            attempts |= zip(numbers, delivery.attempts, strict=True)
        return Delivery(tuple(attempts[number] for number in range(len(jobs))))

    async def _together(self, jobs: Sequence[Job], line: Line) -> Delivery:
        """Deliver to recipients who are reached by one way."""
        rule = self._routes.of(jobs[0])
        route = None if rule is None else rule.route
        round_ = Round(jobs, self._clock)
        # A route with a host of its own is the same for all domains
        hosts = await self._hosts_of("" if route and route.host else domain_of(jobs[0]), route)
        if isinstance(hosts, Nowhere):
            round_.nowhere(hosts)
            return round_.delivery()
        parcel = await self._parcel(jobs)
        for host in hosts.hosts:
            for address in host.addresses:
                if not round_.left:
                    return round_.delivery()
                spot = Spot(hosts, host, address, route)
                await self._at(round_, spot, parcel, line)
                while round_.goes_on:
                    await self._at(round_, spot, parcel, line)
        return round_.delivery()

    def lead(self, routes: Routes) -> None:
        """Take other routes, and look hosts up anew."""
        self._routes = routes
        self._kept.clear()

    async def close(self) -> None:
        """See ICourier."""
        await self._pool.close()

    async def _at(self, round_: Round, spot: Spot, parcel: Parcel, line: Line) -> None:
        """Hand over at one address what is left, and note the answers."""
        recipients = tuple(parcel.recipients[number] for number in round_.left)
        if len(recipients) != len(parcel.recipients):
            parcel = replace(parcel, recipients=recipients)
        while True:
            connection = behind = line.follow(spot, parcel)
            if behind is None:
                await line.turn()
                connection = self._pool.take(spot)
            kept = connection is not None
            try:
                if connection is None:
                    made = await self._met(spot)
                    if isinstance(made, ConnectionFailed):
                        round_.failed(spot.host.name, spot.address, made)
                        return
                    connection = made
                delivered = await self._handed_over(connection, spot, parcel, line)
            finally:
                if line.leave() and connection is not None:
                    self._pool.give_back(spot, connection)
                line.pass_on()
            # Given up by the host meanwhile, which says nothing of the host
            if kept and all(map(_unheard, delivered)):
                if behind is not None:
                    self._one_by_one.note(spot.address)
                continue
            if any(map(_stumbled, delivered)):
                self._stepwise.note(spot.address)
            tls = connection.tls
            secured = f"{tls.version} {tls.cipher}" if tls is not None else ""
            round_.answered(spot.host.name, spot.address, delivered, secured)
            return

    async def _handed_over(
        self, connection: Connection, spot: Spot, parcel: Parcel, line: Line
    ) -> Delivered:
        alone = self._one_by_one.holds(spot.address) or not self._pool.bears(connection)
        line.lead(connection, None if alone else spot)
        try:
            return await connection.deliver(parcel)
        except BaseException:  # cancelled, or the store can't be read: it has dropped itself
            connection.abort()
            raise

    async def _met(self, spot: Spot) -> Connection | ConnectionFailed:
        terms = await self._meeting.terms(spot.hosts, spot.host, spot.route)
        if isinstance(terms, ConnectionFailed):
            return terms
        if self._stepwise.holds(spot.address):
            terms = replace(terms, pipelining=False)
        endpoint = self._endpoint(spot.address, spot.host.port)
        made = await connect(endpoint, terms, self._clock)
        if terms.tls is TLS.MAY and isinstance(made, ConnectionFailed) and _without_tls(made):
            # Nobody demands more than the host can do: better in the clear than not at all
            made = await connect(endpoint, replace(terms, tls=TLS.NEVER), self._clock)
        if isinstance(made, Connection):
            await self._meeting.met(terms, made)
        elif made.kind is Failing.TLS:
            await self._meeting.unmet(terms, made)
        return made

    async def _hosts_of(self, domain: str, route: RelayRoute | None) -> Hosts | Nowhere:
        """Return the hosts of a destination, for a while without asking again."""
        now = self._clock.seconds()
        until, kept = self._kept.get((domain, route), (0.0, None))
        if kept is not None and now < until:
            return kept
        if route is None:
            found = await self._finder.find(domain)
        else:
            found = await self._finder.find_route(domain, route)
        self._kept.pop((domain, route), None)
        if isinstance(found, Hosts):
            if len(self._kept) >= _MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[domain, route] = now + _HOSTS_KEPT_S, found
        return found

    async def _parcel(self, jobs: Sequence[Job]) -> Parcel:
        """Wrap a message for all its recipients, signed."""
        job = jobs[0]
        options = [RemoteOptions.from_json(each.payload) for each in jobs]
        sender = options[0].sender
        read = partial(_read, job.content) if job.content is not None else self._reader(job)
        prefix = b""
        if self._signer is not None:
            prefix = await self._signer.sign(read, job.size_octets, utcnow(self._clock))
        return_path = job.sender
        if self._return_paths is not None:
            return_path = await self._return_paths.sender(jobs)
        return Parcel(
            sender=return_path,
            recipients=tuple(
                RemoteRecipient(each.recipient, asked.recipient.notify, asked.recipient.orcpt)
                for each, asked in zip(jobs, options, strict=True)
            ),
            size_octets=job.size_octets,
            read=read,
            prefix=prefix,
            body=sender.body,
            smtputf8=sender.smtputf8,
            ret=sender.ret,
            envid=sender.envid,
            mt_priority=sender.mt_priority,
        )

    def _reader(self, job: Job) -> Read:
        return partial(self._jobs.read, job.message_id)


async def _read(content: bytes, offset: int, length: int) -> bytes:
    return content[offset : offset + length]


def _unheard(answer: Answer | ConnectionFailed) -> bool:
    """Tell whether a connection ended without a word on the parcel, before it could be taken."""
    return isinstance(answer, ConnectionFailed) and not (answer.answered or answer.after_dot)


def _without_tls(failure: ConnectionFailed) -> bool:
    """Tell whether a connection broke over TLS, so that one without it is worth an attempt."""
    if failure.kind is Failing.TLS:
        return True
    return failure.stage is Stage.STARTTLS and failure.kind in {Failing.LOST, Failing.TIMEOUT}


def _stumbled(answer: Answer | ConnectionFailed) -> bool:
    """Tell whether a host fell over several commands at once: without a word, amid them."""
    if not isinstance(answer, ConnectionFailed) or answer.after_dot:
        return False
    return answer.pipelined and answer.reply is None
