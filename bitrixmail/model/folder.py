"""Folders: what a rule, an address or a login may call one, and how much is in one."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime

MAX_OCTETS = 255


@dataclass(frozen=True, slots=True)
class Holding:
    """What a folder, or a mailbox in all its folders, holds; `last` is when the latest came."""

    messages: int = 0
    octets: int = 0
    last: datetime | None = None


def folder_name(text: str) -> str:
    """Return a folder's name in its one form: NFC, `INBOX` in capitals, `/` between levels.

    Raises ValueError with a sentence for people if it can't be a name (RFC 9051 §5.1).
    """
    name = unicodedata.normalize("NFC", text)
    if name.upper() == "INBOX":
        return "INBOX"
    if len(name.encode("utf-8", "surrogatepass")) > MAX_OCTETS:
        raise ValueError(f"a folder's name has at most {MAX_OCTETS} octets")
    if any(unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for letter in name):
        raise ValueError("a folder's name has no control characters")
    if any(part.strip() != part or part in {"", ".", ".."} for part in name.split("/")):
        raise ValueError("between the slashes of a folder's name stand words")
    return name
