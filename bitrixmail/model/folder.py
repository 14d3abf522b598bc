"""Names of folders: what a rule, an address or a login may call one."""

from __future__ import annotations

import unicodedata

MAX_OCTETS = 255


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
