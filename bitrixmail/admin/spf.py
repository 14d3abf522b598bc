"""What SPF says of an address that sends for a domain (RFC 7208 §4): asks the DNS, and no more.

At most ten terms that ask it, of which two may find nothing (§4.6.4).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address, ip_network

from bitrixmail.admin.probes.own_addresses import IPAddress
from bitrixmail.admin.spf_record import (
    RecordError,
    SPFRecord,
    Term,
    expand,
    parse_record,
    spf_texts,
)
from bitrixmail.interfaces.resolver import IResolver
from bitrixmail.model.dns import Answer

_MOST_LOOKUPS, _MOST_VOID = 10, 2
_MOST_NAMES = 10


class Result(StrEnum):
    """The results of §2.6."""

    PASS = "pass"  # noqa: S105 - a result of SPF
    FAIL = "fail"
    SOFTFAIL = "softfail"
    NEUTRAL = "neutral"
    NONE = "none"  # there is no record
    PERMERROR = "permerror"  # the record counts for nothing
    TEMPERROR = "temperror"  # nobody could tell


_QUALIFIERS = {"+": Result.PASS, "-": Result.FAIL, "~": Result.SOFTFAIL, "?": Result.NEUTRAL}


@dataclass(frozen=True, slots=True)
class Verdict:
    """A result. `term`: the mechanism that matched, of whichever record; `detail`: what is wrong.

    `lookups`: how many terms asked the DNS until then.
    """

    result: Result
    term: str = ""
    detail: str = ""
    lookups: int = 0


class _EndError(Exception):
    """An evaluation that can't go on."""

    def __init__(self, result: Result, detail: str) -> None:
        super().__init__(detail)
        self.result = result


class SPFCheck:
    """Judges one address as a sender of a domain. Made for one question.

    `hello` is the name by which it greets.
    """

    def __init__(self, resolver: IResolver, address: IPAddress, domain: str, hello: str) -> None:
        self._resolver = resolver
        self._address = address
        self._kind = "A" if address.version == 4 else "AAAA"
        self._sender = f"postmaster@{domain}"
        self._domain = domain
        self._hello = hello
        self._record = ""
        self._lookups = 0
        self._void = 0

    async def verdict(self, record: str = "") -> Verdict:
        """Judge by the record of the domain, or by another one that it might have. Never raises."""
        self._record = record
        try:
            result, term = await self._host(self._domain)
        except _EndError as error:
            return Verdict(error.result, "", str(error), self._lookups)
        return Verdict(result, term, "", self._lookups)

    async def _host(self, domain: str) -> tuple[Result, str]:
        """Evaluate the record of a domain (check_host() of §4)."""
        text = self._record if domain == self._domain else ""
        if not text:
            texts = spf_texts((await self._asked(domain, "TXT")).texts)
            if not texts:
                return Result.NONE, ""
            if len(texts) > 1:
                raise _EndError(Result.PERMERROR, f"{domain} has {len(texts)} SPF records")
            text = texts[0]
        try:
            record = parse_record(text)
            return await self._evaluated(record, domain)
        except RecordError as error:
            where = "" if domain == self._domain else f"the record of {domain}: "
            raise _EndError(Result.PERMERROR, f"{where}{error}") from None

    async def _evaluated(self, record: SPFRecord, domain: str) -> tuple[Result, str]:
        for term in record.terms:
            if await self._matches(term, domain):
                return _QUALIFIERS[term.qualifier], term.text
        if not record.redirect or any(term.name == "all" for term in record.terms):
            return Result.NEUTRAL, ""
        self._count(f"redirect={record.redirect}")
        target = self._expanded(record.redirect, domain)
        found = await self._host(target)
        if found[0] is Result.NONE:
            what = f"redirect={record.redirect} leads to {target}, which has no SPF record"
            raise _EndError(Result.PERMERROR, what)
        return found

    async def _matches(self, term: Term, domain: str) -> bool:
        if term.name == "all" or term.network is not None:
            return term.network is None or self._address in term.network
        self._count(term.text)
        target = self._expanded(term.domain, domain) if term.domain else domain
        if term.name == "include":
            return await self._included(term, target)
        if term.name == "ptr":
            return await self._named(target)
        if term.name == "exists":
            return bool((await self._found(target, "A")).records)
        return await self._addressed(term, target)

    async def _addressed(self, term: Term, target: str) -> bool:
        """Tell whether the address is one of a name, or of its MX hosts (§5.3, §5.4)."""
        if term.name == "a":
            answers = [await self._found(target, self._kind)]
        else:
            names = (await self._found(target, "MX")).texts
            if len(names) > _MOST_NAMES:
                raise _EndError(Result.PERMERROR, f"{term.text} has more than {_MOST_NAMES} names")
            answers = [await self._asked(name, self._kind) for name in names]
        return any(self._within(text, term) for answer in answers for text in answer.texts)

    async def _included(self, term: Term, target: str) -> bool:
        """Tell whether the record of another domain passes (§5.2)."""
        result, _ = await self._host(target)
        if result is Result.NONE:
            what = f"{term.text} leads to {target}, which has no SPF record"
            raise _EndError(Result.PERMERROR, what)
        return result is Result.PASS

    async def _named(self, target: str) -> bool:
        """Tell whether a name of the address, which leads back to it, ends in a domain (§5.5)."""
        answer = await self._resolver.look_up(self._address.reverse_pointer, "PTR")
        for name in answer.texts[:_MOST_NAMES]:
            if name != target and not name.endswith(f".{target}"):
                continue
            back = await self._resolver.look_up(name, self._kind)
            if str(self._address) in {str(ip_address(text)) for text in back.texts}:
                return True
        return False

    def _within(self, text: str, term: Term) -> bool:
        length = term.lengths[0 if self._address.version == 4 else 1]
        return self._address in ip_network(f"{text}/{length}", strict=False)

    def _count(self, term: str) -> None:
        self._lookups += 1
        if self._lookups > _MOST_LOOKUPS:
            what = f"more than {_MOST_LOOKUPS} terms ask the DNS, {term} is one too many"
            raise _EndError(Result.PERMERROR, what)

    async def _found(self, name: str, kind: str) -> Answer:
        """Ask for what a term names; it may be in vain only so often."""
        answer = await self._asked(name, kind)
        if not answer.records:
            self._void += 1
            if self._void > _MOST_VOID:
                what = f"more than {_MOST_VOID} terms lead to nothing, {name} is one of them"
                raise _EndError(Result.PERMERROR, what)
        return answer

    async def _asked(self, name: str, kind: str) -> Answer:
        answer = await self._resolver.look_up(name, kind)
        if answer.unknown:
            raise _EndError(Result.TEMPERROR, f"{name}: {answer.detail}")
        return answer

    def _expanded(self, text: str, domain: str) -> str:
        local_part, _, sender_domain = self._sender.partition("@")
        packed = self._address.packed
        dotted = str(self._address) if len(packed) == 4 else ".".join(packed.hex())
        values = {
            "s": self._sender,
            "l": local_part,
            "o": sender_domain,
            "d": domain,
            "i": dotted,
            "p": "unknown",
            "v": "in-addr" if len(packed) == 4 else "ip6",
            "h": self._hello,
        }
        return expand(text, values).lower().removesuffix(".")
