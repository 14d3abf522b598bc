"""Names of folders as old mail programs write them: modified UTF-7 (RFC 3501 §5.1.3), Maildir++."""

from __future__ import annotations

import base64
import binascii
import re
from hashlib import sha256

_SHIFTED = re.compile(r"&([A-Za-z0-9+,]*)-")
# What file systems allow (NAME_MAX)
_MAX_DIRECTORY = 255
_PLAIN = re.compile(r"[ -%'-~]+|&|[^ -~]+")


def decode_utf7(text: str) -> str:
    """Decode modified UTF-7; what is none stays as it is."""

    def shifted(found: re.Match[str]) -> str:
        letters = found[1]
        if not letters:
            return "&"
        try:
            octets = base64.b64decode(letters.replace(",", "/") + "=" * (-len(letters) % 4))
            return octets.decode("utf-16-be")
        except (binascii.Error, UnicodeDecodeError):
            return found[0]

    return _SHIFTED.sub(shifted, text)


def encode_utf7(text: str) -> str:
    """Encode modified UTF-7; `decode_utf7` gives the same back."""

    def written(found: re.Match[str]) -> str:
        part = found[0]
        if part == "&":
            return "&-"
        if " " <= part[0] <= "~":
            return part
        letters = base64.b64encode(part.encode("utf-16-be")).decode().rstrip("=")
        return f"&{letters.replace('/', ',')}-"

    return _PLAIN.sub(written, text)


def from_maildir(name: str) -> str:
    """Return a folder's name from that of its directory: `.Archive.2026` is `Archive/2026`."""
    return decode_utf7(name.removeprefix(".").replace(".", "/"))


def to_maildir(folder: str) -> str:
    """Return the directory of a folder within a Maildir, in which a dot stands between levels.

    A dot within a level would make two of it: it is written in modified UTF-7, `&AC4-`. What is
    longer than names of directories may be is cut, and ends in a mark of the whole.
    """
    name = "." + encode_utf7(folder).replace(".", "&AC4-").replace("/", ".")
    if len(name) <= _MAX_DIRECTORY:
        return name
    mark = "~" + sha256(folder.encode()).hexdigest()[:16]
    return name[: _MAX_DIRECTORY - len(mark)] + mark
