"""The DNS over Twisted: several servers, retries, aliases, a cache bounded in time and count.

RFC 1034 §5.3.1, RFC 2308 for answers that say no, RFC 6891 for larger datagrams. DNSSEC is left to
a name server that validates: it is asked for its word by the AD bit (RFC 6840 §5.7).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_address
from random import Random
from typing import Any

from dns.exception import DNSException
from dns.flags import AD
from dns.message import QueryMessage, make_query
from dns.name import Name, from_text
from dns.rcode import FORMERR, NOERROR, NOTIMP, NXDOMAIN
from dns.rcode import to_text as rcode_text
from dns.rdatatype import RdataType
from twisted.internet.defer import Deferred, DeferredSemaphore
from zope.interface import implementer

from bitrixmail.interfaces.resolver import IResolver
from bitrixmail.model.dns import Answer, Lookup
from bitrixmail.net.dns_exchange import ExchangeError, exchange
from bitrixmail.net.dns_reading import Chain, plain_name, read_answer
from bitrixmail.net.name_servers import NameServer

_ALIASES = 8
_AT_ONCE = 64
_CACHED = 1000
_FIRST_WAIT_S = 1.0
_LONGEST_S = 86400
_DATAGRAM_OCTETS = 1232  # what passes every path without fragments


@implementer(IResolver)
class Resolver:
    """Asks name servers. Made by app, lives as long as the server or one command.

    `timeout_s` bounds one question over all servers and retries; `random` gives the ids and must
    not be foreseeable. `validates`: whether what the servers say of DNSSEC is taken, which is sound
    only where nobody can step in between; None: if all are on this machine (RFC 6840 §5.7).
    """

    def __init__(
        self,
        reactor: Any,
        servers: Sequence[NameServer],
        random: Random,
        timeout_s: float = 5.0,
        most_cached: int = _CACHED,
        *,
        validates: bool | None = None,
    ) -> None:
        self._reactor = reactor
        self._servers = servers
        self._random = random
        self._timeout_s = timeout_s
        if validates is None:
            validates = all(ip_address(server.address).is_loopback for server in servers)
        self._validates = validates
        self._most_cached = most_cached
        self._cache: OrderedDict[tuple[str, str], tuple[float, Answer]] = OrderedDict()
        self._turns = DeferredSemaphore(_AT_ONCE)

    async def look_up(self, name: str, kind: str) -> Answer:
        """See IResolver."""
        try:
            asked = from_text(name)
        except (DNSException, UnicodeError, ValueError):
            return Answer(name, kind, Lookup.NXDOMAIN, detail="no name can be written so")
        key = plain_name(asked), kind
        cached = self._cached(key)
        if cached is not None:
            return cached
        answer = await self._followed(asked, RdataType[kind])
        self._keep(key, answer)
        return answer

    def _cached(self, key: tuple[str, str]) -> Answer | None:
        until, answer = self._cache.get(key, (0.0, None))
        if answer is None:
            return None
        left_s = until - self._reactor.seconds()
        if left_s <= 0:
            del self._cache[key]
            return None
        self._cache.move_to_end(key)
        return answer

    def _keep(self, key: tuple[str, str], answer: Answer) -> None:
        if not answer.ttl_s:  # also: nobody could tell
            return
        lasts_s = min(answer.ttl_s, _LONGEST_S)
        self._cache[key] = self._reactor.seconds() + lasts_s, answer
        while len(self._cache) > self._most_cached:
            self._cache.popitem(last=False)

    async def _followed(self, asked: Name, kind: RdataType) -> Answer:
        """Ask, and ask again for the name that an alias leads to, if the answer left it out."""
        chain = Chain(asked)
        chain.authentic = self._validates
        while True:
            whole = await self._turns.run(
                lambda: Deferred.fromCoroutine(self._asked(chain.end, kind))
            )
            if isinstance(whole, Answer):
                return replace(whole, name=plain_name(asked), aliases=chain.aliases)
            found = read_answer(whole, chain, kind)
            if found is not None:
                return found
            if len(chain.names) > _ALIASES:
                return Answer(
                    plain_name(asked),
                    kind.name,
                    Lookup.SERVFAIL,
                    aliases=chain.aliases,
                    detail="its aliases lead in a circle, or over too many names",
                )

    async def _asked(self, name: Name, kind: RdataType) -> Any:
        """Return the message of the first server that knows, else the Answer that nobody does."""
        end = self._reactor.seconds() + self._timeout_s
        wait_s = _FIRST_WAIT_S
        failures: list[str] = []
        while True:
            silent: list[NameServer] = []
            for waiting, server in zip(
                range(len(self._servers), 0, -1), self._servers, strict=True
            ):
                left_s = end - self._reactor.seconds()
                if left_s <= 0:
                    return self._nobody(name, kind, failures, [*silent, server])
                try:
                    message = await self._one(server, name, kind, min(wait_s, left_s / waiting))
                except TimeoutError:
                    silent.append(server)
                    continue
                except ExchangeError as error:
                    failures.append(str(error))
                    continue
                if message.rcode() in (NOERROR, NXDOMAIN):
                    return message
                failures.append(f"{server} answers {rcode_text(message.rcode())}")
            if not silent:
                return self._nobody(name, kind, failures, silent)
            wait_s *= 2

    async def _one(self, server: NameServer, name: Name, kind: RdataType, timeout_s: float) -> Any:
        message = await exchange(self._reactor, server, self._query(name, kind), timeout_s)
        if message.rcode() in (FORMERR, NOTIMP):  # an old server: once more without EDNS
            plain = self._query(name, kind, edns=False)
            message = await exchange(self._reactor, server, plain, timeout_s)
        return message

    def _query(self, name: Name, kind: RdataType, *, edns: bool = True) -> QueryMessage:
        query = make_query(
            name,
            kind,
            use_edns=0 if edns else -1,
            payload=_DATAGRAM_OCTETS,
            id=self._random.randrange(2**16),
        )
        if self._validates:
            query.flags |= AD
        return query

    def _nobody(
        self, name: Name, kind: RdataType, failures: list[str], silent: list[NameServer]
    ) -> Answer:
        """Say why there is no answer: an error that was told says more than silence."""
        if failures:
            detail = ", ".join(dict.fromkeys(failures))
            return Answer(plain_name(name), kind.name, Lookup.SERVFAIL, detail=detail)
        detail = f"no answer from {', '.join(map(str, silent))}"
        return Answer(plain_name(name), kind.name, Lookup.TIMEOUT, detail=detail)
