"""The TLSA records of a host, and which of them count (RFC 7672, RFC 7671, RFC 6698)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bitrixmail.interfaces.resolver import IResolver
from bitrixmail.model.destination import TLSA, MailHost
from bitrixmail.model.dns import Answer, Lookup

# RFC 7672 §3.1: the others would ask for authorities that nobody agreed upon.
_DANE_TA, _DANE_EE = 2, 3
_DIGEST_OCTETS = {1: 32, 2: 64}  # SHA2-256, SHA2-512
_MOST_RECORDS = 20
_MOST_OCTETS = 20_000


@dataclass(frozen=True, slots=True)
class HostTLSA:
    """What DANE says of one host.

    `secure`: there are records, so TLS must be there (RFC 7672 §2.2). `records` are those that can
    be used; if none can, anybody's certificate will do. `base` is the name they stand under.
    `failed` is a question that nobody could answer: the host must not be used (§2.1.1).
    """

    secure: bool = False
    base: str = ""
    records: tuple[TLSA, ...] = ()
    failed: Answer | None = None


async def tlsa_of(resolver: IResolver, host: MailHost) -> HostTLSA:
    """Ask for the TLSA records of a host; nothing where DNSSEC does not prove its addresses.

    First under the name that its aliases lead to, then under its own (RFC 7672 §2.2.2).
    """
    if not host.authentic:
        return HostTLSA()
    for base in dict.fromkeys((host.canonical or host.name, host.name)):
        answer = await resolver.look_up(f"_{host.port}._tcp.{base}", "TLSA")
        if answer.unknown:
            return HostTLSA(base=base, failed=answer)
        if answer.lookup is Lookup.FOUND and answer.authentic:
            return HostTLSA(secure=True, base=base, records=usable(answer.texts))
    return HostTLSA()


def usable(texts: Iterable[str]) -> tuple[TLSA, ...]:
    """Read the records that can be used, as a zone has them ("3 1 1 0a1b…")."""
    found = (_read(text) for text in list(texts)[:_MOST_RECORDS])
    return tuple(record for record in found if record is not None)


def _read(text: str) -> TLSA | None:
    if len(text) > _MOST_OCTETS:
        return None
    words = text.split(None, 3)
    try:
        usage, selector, matching = map(int, words[:3])
        data = bytes.fromhex(words[3])
    except (ValueError, IndexError):
        return None
    if usage not in (_DANE_TA, _DANE_EE) or selector not in (0, 1):
        return None
    fits = bool(data) if matching == 0 else len(data) == _DIGEST_OCTETS.get(matching)
    return TLSA(usage, selector, matching, data) if fits else None
