"""What a person typed, turned into the forms the directory keeps, or into faults with remedies.

Everything here raises InputError naming `where` it was typed.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NoReturn

from bitrixmail.mime.domains import to_ascii
from bitrixmail.model.address import Address
from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.folder import folder_name
from bitrixmail.model.text import printable
from bitrixmail.rules.sizes import UNITS, read_size

# RFC 5321 §4.5.3.1.1, §4.5.3.1.3: a path has at most 256 octets, two of them its brackets.
MAX_LOCAL_PART_OCTETS = 64
MAX_ADDRESS_OCTETS = 254
MAX_PASSWORD_OCTETS = 1024
MAX_DESCRIPTION = 500
# Beyond these nobody means a limit, and a database's integer still holds them.
MAX_QUOTA_OCTETS = 2**60
MAX_RETENTION_DAYS = 36_500

_LOCAL_PART = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u0080-\U0010ffff]+"
    r"(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u0080-\U0010ffff]+)*"
)
_DAYS = re.compile(r"(\d{1,9})\s*(d|days?|w|weeks?|y|years?)?", re.IGNORECASE)
_DAYS_OF = {"d": 1, "w": 7, "y": 365}


def _wrong(where: str, typed: str, what: str, remedy: str) -> NoReturn:
    place = f'{where} "{printable(typed, 80)}"' if typed else where
    raise InputError(Fault(place, what, remedy))


def domain_name(typed: str, where: str = "domain") -> str:
    """Return a domain in lower-case A-labels; letters of any alphabet are taken."""
    name = typed.strip()
    try:
        found = to_ascii(name)
    except ValueError as error:
        _wrong(where, typed, str(error), "write it like example.org")
    if "@" in name or "_" in found:
        _wrong(where, typed, "is not a domain name", "write it like example.org")
    return found


def address_key(typed: str, where: str = "address") -> str:
    """Return an address as the directory keeps it: local-part folded, domain in A-labels."""
    local_part, at, domain = typed.strip().rpartition("@")
    if not at or not local_part:
        _wrong(where, typed, "is not an address", "write it like info@example.org")
    if not _LOCAL_PART.fullmatch(local_part) or printable(local_part, 1000) != local_part:
        remedy = "before the @ stand letters, digits, dots and hyphens, no spaces or quotes"
        _wrong(where, typed, "has a local-part that can't be used here", remedy)
    try:
        key = Address(local_part, to_ascii(domain)).key
    except ValueError as error:
        _wrong(where, typed, f"has a wrong domain: {error}", "write it like info@example.org")
    local_octets = len(key.rpartition("@")[0].encode("utf-8", "surrogatepass"))
    if local_octets > MAX_LOCAL_PART_OCTETS:
        what = f"has more than {MAX_LOCAL_PART_OCTETS} octets before the @"
        _wrong(where, typed, what, "shorten it")
    if len(key.encode()) > MAX_ADDRESS_OCTETS:
        _wrong(where, typed, f"has more than {MAX_ADDRESS_OCTETS} octets", "shorten it")
    return key


def sender(text: str, where: str) -> str:
    """Read as whom somebody may send: the key of an address, or a domain with its at sign."""
    text = text.strip()
    if text.startswith("@"):
        return f"@{domain_name(text[1:], where)}"
    return address_key(text, where)


def owned_address(typed: str, where: str = "address") -> str:
    """Return the address of a mailbox or alias to be made: one without a `+`."""
    key = address_key(typed, where)
    if "+" in key.partition("@")[0]:
        remedy = "a + marks a detail of an address (info+Folder@…); leave it out"
        _wrong(where, typed, "has a + before the @", remedy)
    return key


def folder(typed: str, where: str = "folder") -> str:
    """Return the name of a folder in its one form."""
    try:
        return folder_name(typed)
    except ValueError as error:
        _wrong(where, typed, str(error), "write it like INBOX or Invoices/2026")


def size_octets(typed: object, where: str = "quota") -> int:
    """Return octets from a size with a unit; 0 is no limit."""
    remedy = 'write it like "500MiB" or "2GiB"; 0 means no limit'
    if isinstance(typed, str):
        try:
            octets = read_size(typed)
        except ValueError:
            _wrong(where, typed, "is not a size", remedy)
    elif isinstance(typed, int) and not isinstance(typed, bool) and typed >= 0:
        octets = typed
    else:
        _wrong(where, str(typed), "is not a size", remedy)
    if octets > MAX_QUOTA_OCTETS:
        _wrong(where, str(typed), "is too large", remedy)
    return octets


def size_text(octets: int) -> str:
    """Write octets in the largest unit that leaves no rest; `size_octets` reads it back."""
    for unit in ("TiB", "GiB", "MiB", "KiB"):
        count, rest = divmod(octets, UNITS[unit.lower()])
        if count and not rest:
            return f"{count}{unit}"
    return f"{octets}B" if octets else "0"


def days(typed: object, where: str = "retention") -> int:
    """Return days from a text like "30d"; 0 is for ever."""
    remedy = 'write it like "30d"; 0 means for ever'
    found = _DAYS.fullmatch(typed.strip()) if isinstance(typed, str) else None
    if found is not None:
        count = int(found[1]) * _DAYS_OF[(found[2] or "d")[0].lower()]
    elif isinstance(typed, int) and not isinstance(typed, bool) and typed >= 0:
        count = typed
    else:
        _wrong(where, str(typed), "is not a number of days", remedy)
    if count > MAX_RETENTION_DAYS:
        _wrong(where, str(typed), "is more than a hundred years", remedy)
    return count


def days_text(count: int) -> str:
    """Write days; `days` reads them back."""
    return f"{count}d" if count else "0"


def description(typed: str, where: str = "description") -> str:
    """Return a description: one line, bounded."""
    text = unicodedata.normalize("NFC", typed.strip())
    if len(text) > MAX_DESCRIPTION or printable(text, MAX_DESCRIPTION) != text:
        _wrong(where, "", f"must be one line of at most {MAX_DESCRIPTION} characters", "shorten it")
    return text


def password(typed: str, where: str = "password") -> str:
    """Check a password: not empty, bounded, without the control characters no client can send."""
    if not typed:
        _wrong(where, "", "is empty", "give one of at least a few characters")
    if len(typed.encode("utf-8", "surrogatepass")) > MAX_PASSWORD_OCTETS:
        _wrong(where, "", f"has more than {MAX_PASSWORD_OCTETS} octets", "shorten it")
    if any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in typed):
        remedy = "it must be one line of UTF-8 text"
        _wrong(where, "", "has control characters or broken letters", remedy)
    return typed
