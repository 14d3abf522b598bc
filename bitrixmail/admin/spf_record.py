"""The grammar of an SPF record: its terms, and the macros in them (RFC 7208 §4.6.1, §7). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

VERSION = "v=spf1"
_MODIFIER = re.compile(r"([a-z][a-z0-9_.-]*)=(.*)", re.DOTALL | re.IGNORECASE)
_MECHANISM = re.compile(r"([-+?~]?)([a-z0-9]+)(?::([^/]*))?((?:/.*)?)", re.IGNORECASE)
_LENGTHS = re.compile(r"(?:/(\d{1,3}))?(?://(\d{1,3}))?")
_MACRO = re.compile(r"%(?:\{([a-z])(\d*)(r?)([.+,/_=-]*)\}|([%_-])|)", re.IGNORECASE)
_NAMES = frozenset({"all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists"})
_NEED_DOMAIN = frozenset({"include", "exists"})
_LETTERS = frozenset("slodipvh")
_LONGEST_NAME = 253
_LONGEST_V4, _LONGEST_V6 = 32, 128


class RecordError(ValueError):
    """A record that can't be read; the sentence names the term."""


@dataclass(frozen=True, slots=True)
class Term:
    """One mechanism. `text` is what stands there; `domain` as written, with its macros, or empty.

    `lengths` are those of the networks of IPv4 and IPv6 around the addresses of `a` and `mx`.
    """

    text: str
    qualifier: str
    name: str
    domain: str = ""
    network: IPv4Network | IPv6Network | None = None
    lengths: tuple[int, int] = (32, 128)


@dataclass(frozen=True, slots=True)
class SPFRecord:
    """A whole record: its mechanisms in their order, and where it leads on, if it does."""

    terms: tuple[Term, ...]
    redirect: str = ""


def spf_texts(texts: Iterable[str]) -> list[str]:
    """Return those texts of a name that are SPF records (§4.5)."""
    return [text for text in texts if text.split(" ")[0].lower() == VERSION]


def parse_record(text: str) -> SPFRecord:
    """Read a record. Raises RecordError at its first fault (§4.6)."""
    terms: list[Term] = []
    redirect: str | None = None
    for word in text.split(" ")[1:]:
        if not word:
            continue
        modifier = _MODIFIER.fullmatch(word)
        if modifier is None:
            terms.append(_term(word))
        elif modifier[1].lower() == "redirect":
            if redirect is not None:
                raise RecordError(f"{word} is a second redirect")
            redirect = _domain(word, modifier[2])
    return SPFRecord(tuple(terms), redirect or "")


def _term(word: str) -> Term:
    found = _MECHANISM.fullmatch(word)
    name = found[2].lower() if found else ""
    if found is None or name not in _NAMES:
        raise RecordError(f"{word} is nothing that SPF knows")
    qualifier, domain, rest = found[1] or "+", found[3], found[4]
    if name in ("ip4", "ip6"):
        return Term(word, qualifier, name, network=_network(word, name))
    if domain is not None or name in _NEED_DOMAIN:
        if name == "all":
            raise RecordError(f"{word} has a value, and all takes none")
        if name not in ("a", "mx"):  # a slash may stand in a macro of theirs
            domain, rest = f"{domain or ''}{rest}", ""
        domain = _domain(word, domain or "")
    lengths = _LENGTHS.fullmatch(rest)
    if lengths is None or (rest and name not in ("a", "mx")):
        raise RecordError(f"{word} ends in {rest}, which can't stand there")
    v4, v6 = int(lengths[1] or 32), int(lengths[2] or 128)
    if v4 > _LONGEST_V4 or v6 > _LONGEST_V6:
        raise RecordError(f"{word} has a network that is longer than an address")
    return Term(word, qualifier, name, domain or "", lengths=(v4, v6))


def _network(word: str, name: str) -> IPv4Network | IPv6Network:
    value = word.partition(":")[2]
    try:
        network = ip_network(value, strict=False)
    except ValueError:
        network = None
    if network is None or network.version != (4 if name == "ip4" else 6):
        raise RecordError(f"{word} names no address of its kind") from None
    return network


def _domain(word: str, domain: str) -> str:
    if not domain:
        raise RecordError(f"{word} names no domain")
    expand(domain, dict.fromkeys(_LETTERS, "x"), word)
    return domain


def expand(text: str, values: dict[str, str], word: str = "") -> str:
    """Fill in macros (§7.3); `values` by their letter. Raises RecordError.

    A name that becomes too long loses labels at its front.
    """

    def filled(found: re.Match[str]) -> str:
        letter, digits, back, delimiters, escaped = found.groups()
        if escaped:
            return {"%": "%", "_": " ", "-": "%20"}[escaped]
        value = values.get((letter or "").lower())
        if value is None or (digits and int(digits) == 0):
            raise RecordError(f"{word or text} has a macro that can't be read")
        parts = re.split(f"[{re.escape(delimiters or '.')}]", value)
        if back:
            parts.reverse()
        return ".".join(parts[-int(digits) :] if digits else parts)

    name = _MACRO.sub(filled, text)
    while len(name) > _LONGEST_NAME and "." in name:
        name = name.partition(".")[2]
    return name
