"""What tests of addresses compare: each address bare, with its name, and its parts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache

from bitrixmail.mime.addresses import HeaderAddress, parse_addresses
from bitrixmail.mime.domains import to_ascii, to_unicode
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.rules.values import NOTHING, Values, lasting

# Domains of other alphabets in one message whose other spelling is known to rules, too: each costs
# some fifty microseconds, and thousands of them are no letter's.
_MAX_FOREIGN = 500

# The longest field that is remembered from one message to the next.
_SHORT = 200

Spell = Callable[[str], tuple[str, ...]]


class AddressReader:
    """Reads the address fields of one header section, each once. Made with the first Facts."""

    __slots__ = ("_commons", "_headers", "_parsed", "_spelled")

    def __init__(self, headers: HeaderSection) -> None:
        self._headers = headers
        self._parsed: dict[str, tuple[tuple[str, tuple[HeaderAddress, ...]], ...]] = {}
        self._spelled: dict[str, tuple[str, ...]] = {}
        self._commons: dict[tuple[str, ...], bytes | None] = {}

    def read(self, names: tuple[str, ...], part: str) -> Values:
        """Gather a part of each address; without one the addresses, see `_whole`."""
        commons = self._commons
        common = commons[names] if names in commons else self._common(names)
        return self.gather(names, part) if common is None else _read_common(common, part)

    def _common(self, names: tuple[str, ...]) -> bytes | None:
        """Return the field, if there is just one, and of a kind that many messages have alike."""
        found = [value for name in names for value in self._headers.all(name)]
        common = found[0] if len(found) == 1 else None
        # What an encoded word says may hang on the rest of its message
        if common is not None and (len(common) > _SHORT or b"=?" in common or not common.isascii()):
            common = None
        self._commons[names] = common
        return common

    def gather(self, names: tuple[str, ...], part: str) -> Values:
        """Do as `read`, from the fields themselves."""
        return self._part(names, part) if part else self._whole(names)

    def _whole(self, names: tuple[str, ...]) -> Values:
        """Gather each address bare, each with its name, and each field as a whole."""
        texts: dict[str, None] = {}
        whole: list[str] = []
        for name in names:
            for text, found in self._fields(name):
                whole.append(text)
                for each in found:
                    for spelling in spellings(each.address, self._spell):
                        texts[spelling] = None
                    if each.name:
                        texts[str(each)] = None
        for text in whole:
            texts[text] = None
        return Values(tuple(texts), tuple(whole)) if texts else NOTHING

    def _part(self, names: tuple[str, ...], part: str) -> Values:
        found = [each for name in names for _, some in self._fields(name) for each in some]
        if part == "name":
            texts = dict.fromkeys(each.name for each in found if each.name)
            return Values(tuple(texts)) if texts else NOTHING
        return parts_of([each.address for each in found], part, self._spell)

    def _spell(self, domain: str) -> tuple[str, ...]:
        """Return the spellings of a domain: each looked up once, and not too many."""
        if _is_plain(domain):
            return (domain,)
        found = self._spelled.get(domain)
        if found is None:
            if len(self._spelled) >= _MAX_FOREIGN:
                return (domain,)
            found = self._spelled[domain] = _domain_spellings(domain)
        return found

    def _fields(self, name: str) -> tuple[tuple[str, tuple[HeaderAddress, ...]], ...]:
        """Read the fields of a name: each as text, and its addresses."""
        parsed = self._parsed.get(name)
        if parsed is None:
            headers = self._headers
            pairs = zip(headers.texts(name), headers.all(name), strict=True)
            parsed = self._parsed[name] = tuple(
                [(text, parse_addresses(raw, headers.decode)) for text, raw in pairs]
            )
        return parsed


@lru_cache(maxsize=4096)
def _read_common(value: bytes, part: str) -> Values:
    """Read a field that stands alone; who has written once writes again, and is known then."""
    headers = HeaderSection([(b"common", value)], 0)
    return lasting(AddressReader(headers).gather(("common",), part))


def _is_plain(domain: str) -> bool:
    return domain.isascii() and "xn--" not in domain.lower()


def _domain_spellings(domain: str) -> tuple[str, ...]:
    if _is_plain(domain):
        return (domain,)
    try:
        return (domain, to_unicode(domain) if domain.isascii() else to_ascii(domain))
    except ValueError:
        return (domain,)


def parts_of(addresses: Iterable[str], part: str, spell: Spell = _domain_spellings) -> Values:
    """Gather a part of bare addresses: `address`, `local_part` or `domain`; of `name` nothing."""
    texts: dict[str, None] = {}
    for address in addresses:
        local_part, at, domain = address.rpartition("@")
        if part == "address":
            for spelling in spellings(address, spell):
                texts[spelling] = None
        elif part == "local_part":
            texts[local_part if at else address] = None
        elif part == "domain" and at:
            for spelling in spell(domain):
                texts[spelling] = None
    texts.pop("", None)
    return Values(tuple(texts)) if texts else NOTHING


def spellings(address: str, spell: Spell = _domain_spellings) -> tuple[str, ...]:
    """Return an address as it was written and, if its domain has another alphabet, that way too."""
    if not address:
        return ()
    if _is_plain(address):
        return (address,)
    local_part, at, domain = address.rpartition("@")
    return tuple(f"{local_part}{at}{each}" for each in spell(domain))
