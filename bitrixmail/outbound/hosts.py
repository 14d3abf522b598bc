"""Which hosts take the mail of a destination, in which order (RFC 5321 §5.1, RFC 7505).

Asks the DNS and nobody else; never raises.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address
from itertools import chain, groupby, zip_longest
from random import Random

from bitrixmail.interfaces.resolver import IResolver
from bitrixmail.model.destination import SMTP_PORT, Hosts, MailHost, RelayRoute
from bitrixmail.model.dns import ROOT, Answer, Lookup, Record
from bitrixmail.model.reply import Reply
from bitrixmail.tasks import gather

_Address = IPv4Address | IPv6Address
_MOST_RECORDS = 100


@dataclass(frozen=True, slots=True)
class Own:
    """How this server is called and reached: mail must not be brought to ourselves."""

    names: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class HostRules:
    """How hosts are chosen.

    `most_hosts` of a destination and `most_addresses` of a host are tried. `private`: addresses
    that the Internet can't reach are used too, as tests and closed networks need.
    """

    port: int = SMTP_PORT
    own: Own = field(default_factory=Own)
    ipv4: bool = True
    ipv6: bool = True
    ipv6_first: bool = True
    most_hosts: int = 10
    most_addresses: int = 4
    private: bool = False


@dataclass(frozen=True, slots=True)
class Nowhere:
    """There is no host to bring the mail to; `reply` says why, and whether to try again."""

    reply: Reply
    notes: tuple[str, ...] = ()


class HostFinder:
    """Finds the hosts of destinations. Made by compose, lives as long as the server.

    `random` decides among records of equal preference. `rules` may be replaced.
    """

    def __init__(self, resolver: IResolver, rules: HostRules, random: Random) -> None:
        self._resolver = resolver
        self.rules = rules
        self._random = random

    async def find(self, domain: str) -> Hosts | Nowhere:
        """Return the hosts of a domain in A-labels, or of an address literal ("[192.0.2.1]")."""
        if domain.startswith("["):
            return self._literal(domain)
        return await self._by_mx(domain, self.rules.port, by_hand=False)

    async def find_route(self, domain: str, route: RelayRoute) -> Hosts | Nowhere:
        """Return the hosts that a route leads to. What is named by hand may be private.

        A host named by hand that can't be used is a slip of who set it: the mail waits for him.
        """
        port = route.port or self.rules.port
        if not route.host and not domain.startswith("["):
            return await self._by_mx(domain, port, by_hand=False)
        if not route.host:
            return self._literal(domain)
        address = _address(route.host)
        if address is not None and not route.lookup_mx:
            return Hosts(route.host, (MailHost(route.host, (str(address),), port),))
        if route.lookup_mx:
            found = await self._by_mx(route.host, port, by_hand=True)
        else:
            found = await self._itself(route.host, port, by_hand=True)
        return _until_mended(found) if isinstance(found, Nowhere) else found

    def _literal(self, domain: str) -> Hosts | Nowhere:
        text = domain.removeprefix("[").removesuffix("]")
        if text.lower().startswith("ipv6:"):
            text = text[len("IPv6:") :]
        address = _address(text)
        if address is None:
            return Nowhere(Reply(550, "5.1.2", f"{domain} is no address"))
        if str(address) in self.rules.own.addresses:
            return _loop(domain)
        if not self._usable(address, by_hand=False):
            return Nowhere(Reply(550, "5.4.4", f"{domain} can't be reached from here"))
        return Hosts(domain, (MailHost(domain, (str(address),), self.rules.port),))

    async def _by_mx(self, domain: str, port: int, *, by_hand: bool) -> Hosts | Nowhere:
        answer = await self._resolver.look_up(domain, "MX")
        if answer.unknown:
            return _trouble(answer)
        if answer.lookup is Lookup.NXDOMAIN:
            return Nowhere(Reply(550, "5.1.2", f"The domain {domain} does not exist"))
        if not answer.records:
            return await self._itself(domain, port, by_hand=by_hand, looked_up=answer)
        notes: list[str] = []
        records = [record for record in answer.records if record.text != ROOT]
        if not records:
            return Nowhere(Reply(556, "5.1.10", f"{domain} takes no mail (null MX)"))
        if len(records) < len(answer.records):  # RFC 7505 §3: it has no fellows
            notes.append("a null MX stands beside other MX records")
        ordered = list(self._shuffled(records[:_MOST_RECORDS]))
        kept = list(_before(ordered, self.rules.own.names))
        if len(kept) < len(ordered):
            notes.append(_OURSELVES)
        hosts, failed = await self._reached(kept, port, notes, by_hand=by_hand)
        if hosts:
            return Hosts(domain, hosts, by_mx=True, authentic=answer.authentic, notes=tuple(notes))
        return _none_left(domain, failed, notes)

    def _shuffled(self, records: Sequence[Record]) -> Iterator[Record]:
        """Yield the records by preference, in any order among equals."""
        ordered = sorted(records, key=lambda record: record.preference)
        for _, equals in groupby(ordered, key=lambda record: record.preference):
            group = list(equals)
            self._random.shuffle(group)
            yield from group

    async def _reached(
        self,
        records: Sequence[Record],
        port: int,
        notes: list[str],
        *,
        by_hand: bool,
    ) -> tuple[tuple[MailHost, ...], Answer | None]:
        """Look the addresses up; return the hosts that have some, and a question that failed."""
        tried = records[: self.rules.most_hosts]
        found = await gather(*(self._host(record, port, by_hand=by_hand) for record in tried))
        hosts: list[MailHost] = []
        failed = None
        for record, host in zip(tried, found, strict=True):
            if self.rules.own.addresses.intersection(host.held):
                # Ourselves: what stands as high goes too (RFC 5321 §5.1)
                hosts = [each for each in hosts if each.preference < record.preference]
                notes.append(_OURSELVES)
                break
            notes += host.notes
            failed = failed or host.failed
            if host.addresses:
                hosts.append(host.as_mail_host())
        return tuple(hosts), failed

    async def _itself(
        self, host: str, port: int, *, by_hand: bool, looked_up: Answer | None = None
    ) -> Hosts | Nowhere:
        """Return a name as its own host: there is no MX record, or none is asked for."""
        found = await self._host(Record(host, 0), port, by_hand=by_hand)
        if host in self.rules.own.names and port == self.rules.port:
            return _loop(host)
        if port == self.rules.port and self.rules.own.addresses.intersection(found.held):
            return _loop(host, found.notes)
        if found.addresses:
            authentic = found.authentic and (looked_up is None or looked_up.authentic)
            return Hosts(host, (found.as_mail_host(),), authentic=authentic, notes=found.notes)
        if found.failed is not None:
            return _trouble(found.failed, found.notes)
        if looked_up is None and found.missing:
            return Nowhere(Reply(550, "5.4.4", f"The host {host} does not exist"), found.notes)
        return _no_address(host, "it has neither MX records nor an address", found.notes)

    async def _host(self, record: Record, port: int, *, by_hand: bool) -> _Found:
        """Look up the addresses of a host of both kinds."""
        name, rules = record.text, self.rules
        if _address(name) is not None:
            return _Found(name, record.preference, port, notes=(f"{name} is an address, no name",))
        kinds = [kind for kind, asked in (("AAAA", rules.ipv6), ("A", rules.ipv4)) if asked]
        answers = await gather(*(self._resolver.look_up(name, kind) for kind in kinds))
        texts = chain(*(each.texts for each in answers))
        held = [found for found in map(_address, texts) if found is not None]
        usable = [each for each in held if self._usable(each, by_hand=by_hand)]
        aliases = next((each.aliases for each in answers if each.aliases), ())
        return _Found(
            name,
            record.preference,
            port,
            self._interleaved(usable),
            frozenset(map(str, held)),
            aliases[-1] if aliases else name,
            bool(usable) and all(each.authentic for each in answers),
            next((each for each in answers if each.unknown), None),
            all(each.lookup is Lookup.NXDOMAIN for each in answers),
            tuple(_oddities(name, aliases, held, usable)),
        )

    def _usable(self, address: _Address, *, by_hand: bool) -> bool:
        if not (self.rules.ipv6 if address.version == 6 else self.rules.ipv4):
            return False
        if address.is_unspecified or address.is_multicast:
            return False
        return by_hand or self.rules.private or address.is_global

    def _interleaved(self, addresses: Iterable[_Address]) -> tuple[str, ...]:
        """Put both kinds in turn, each in any order: a dead kind costs one attempt, not all."""
        kinds: dict[int, list[str]] = {4: [], 6: []}
        for address in addresses:
            kinds[address.version].append(str(address))
        for kind in kinds.values():
            self._random.shuffle(kind)
        first, second = (6, 4) if self.rules.ipv6_first else (4, 6)
        turns = chain(*zip_longest(kinds[first], kinds[second]))
        return tuple(filter(None, turns))[: self.rules.most_addresses]


@dataclass(frozen=True, slots=True)
class _Found:
    """What the DNS says of one host. `held` are all its addresses, `addresses` those to try.

    `failed` is a question that nobody could answer; `missing`: there is no such name.
    """

    name: str
    preference: int
    port: int
    addresses: tuple[str, ...] = ()
    held: frozenset[str] = frozenset()
    canonical: str = ""
    authentic: bool = False
    failed: Answer | None = None
    missing: bool = False
    notes: tuple[str, ...] = ()

    def as_mail_host(self) -> MailHost:
        return MailHost(
            self.name, self.addresses, self.port, self.preference, self.canonical, self.authentic
        )


_OURSELVES = "an MX record leads to this server itself"


def _before(records: Iterable[Record], own_names: frozenset[str]) -> Iterator[Record]:
    """Yield the records before those that name ourselves, by preference (RFC 5321 §5.1)."""
    listed = list(records)
    ours = [record.preference for record in listed if record.text in own_names]
    for record in listed:
        if not ours or record.preference < min(ours):
            yield record


def _oddities(
    name: str, aliases: Sequence[str], held: Sequence[_Address], usable: Sequence[_Address]
) -> Iterator[str]:
    if aliases:  # RFC 2181 §10.3, and everybody follows it all the same
        yield f"{name} is an alias of {aliases[-1]}"
    if held and not usable:
        yield f"{name} has no address that can be reached from here: {held[0]}"


def _address(text: str) -> _Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _none_left(domain: str, failed: Answer | None, notes: Sequence[str]) -> Nowhere:
    if failed is not None:
        return _trouble(failed, notes)
    if _OURSELVES in notes:
        return _loop(domain, notes)
    return _no_address(domain, "its MX records lead to no address", notes)


def _trouble(answer: Answer, notes: Iterable[str] = ()) -> Nowhere:
    text = f"{answer.name} ({answer.kind}) could not be looked up: {answer.detail}"
    return Nowhere(Reply(451, "4.4.3", text), tuple(notes))


def _until_mended(found: Nowhere) -> Nowhere:
    """Have the mail wait where a route of our own leads nowhere (RFC 3463 §3.5, X.4.4)."""
    if found.reply.code // 100 == 4:
        return found
    text = f"{found.reply.text}: correct outbound.smarthost or outbound.route here"
    return Nowhere(Reply(451, "4.4.4", text), found.notes)


def _loop(domain: str, notes: Iterable[str] = ()) -> Nowhere:
    text = f"Mail for {domain} would come back to this server, where it is not a local domain"
    return Nowhere(Reply(554, "5.4.6", text), tuple(notes))


def _no_address(domain: str, why: str, notes: Iterable[str] = ()) -> Nowhere:
    return Nowhere(Reply(550, "5.4.4", f"No host takes mail for {domain}: {why}"), tuple(notes))
