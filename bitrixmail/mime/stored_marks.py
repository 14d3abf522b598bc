"""What mail programs note of a message beside it: flags in a Maildir's names and in mbox fields.

An mbox carries them as Status, X-Status (A answered, D deleted, F flagged, T draft), X-Keywords,
and Thunderbird's X-Mozilla fields. They change as mail is read, so they are no part of a message.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

SEEN, ANSWERED, FLAGGED, DRAFT = "\\Seen", "\\Answered", "\\Flagged", "\\Draft"
_MAILDIR = {"S": SEEN, "R": ANSWERED, "F": FLAGGED, "D": DRAFT, "P": "$Forwarded"}
_STATUS = {"R": SEEN}
_X_STATUS = {"A": ANSWERED, "F": FLAGGED, "T": DRAFT}
_MOZILLA = {0x0001: SEEN, 0x0002: ANSWERED, 0x0004: FLAGGED, 0x1000: "$Forwarded"}
_MOZILLA_EXPUNGED = 0x0008
_FIELD = re.compile(
    rb"^(status|x-status|x-keywords|x-uid|x-imap|x-imapbase|"
    rb"x-mozilla-status|x-mozilla-status2|x-mozilla-keys)[ \t]*:(.*(?:\n[ \t].*)*)(?:\n|\Z)",
    re.IGNORECASE | re.MULTILINE,
)
_INTERNAL = re.compile(rb"^Subject: DON'T DELETE THIS MESSAGE", re.IGNORECASE | re.MULTILINE)
# What a word between spaces may look like in X-Keywords; all else is written as %XX.
_SAFE = "!#$&'*+,-./:;<=>?@[]^_`{|}~\\()\""
# Programs' own words ($Forwarded, $Junk, $label1) are flags; people's words are tags.
_KEYWORD = re.compile(r"\$[A-Za-z0-9_-]+")
_MAX_WORDS = 100
_MAX_WORD = 64


@dataclass(frozen=True, slots=True)
class Marks:
    """Flags and tags of a stored message. Made by a reader of files.

    `deleted`: marked for removal, but still there. `gone`: left over in the file, no mail any more.
    """

    flags: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    deleted: bool = False
    gone: bool = False


def from_maildir_name(name: str) -> tuple[str, Marks]:
    """Split a file's name of a Maildir into its unique part and its marks."""
    unique, _, letters = name.partition(":2,")
    flags = frozenset(_MAILDIR[letter] for letter in letters if letter in _MAILDIR)
    return unique, Marks(flags, deleted="T" in letters)


def maildir_letters(flags: frozenset[str]) -> str:
    """Write the flags that a Maildir's names know; letters stand in the order of ASCII."""
    return "".join(sorted(letter for letter, flag in _MAILDIR.items() if flag in flags))


def from_head(head: bytes) -> tuple[bytes, Marks]:
    """Take the fields of marks out of a header section; return the rest, and what they said."""
    noted: dict[bytes, str] = {}

    def note(found: re.Match[bytes]) -> bytes:
        value = found[2].replace(b"\r", b"").replace(b"\n", b" ")
        noted[found[1].lower()] = value.decode("utf-8", "replace").strip()
        return b""

    rest = _FIELD.sub(note, head)
    status = noted.get(b"x-status", "")
    mozilla = _number(noted.get(b"x-mozilla-status", ""))
    flags = {flag for letter, flag in _STATUS.items() if letter in noted.get(b"status", "")}
    flags |= {flag for letter, flag in _X_STATUS.items() if letter in status}
    flags |= {flag for bit, flag in _MOZILLA.items() if mozilla & bit}
    words = _words(f"{noted.get(b'x-keywords', '')} {noted.get(b'x-mozilla-keys', '')}")
    keywords = frozenset(word for word in words if _KEYWORD.fullmatch(word))
    # Programs of the University of Washington keep their own notes in a message of that name.
    internal = b"x-imap" in noted and _INTERNAL.search(rest) is not None
    marks = Marks(
        frozenset(flags) | keywords,
        words - keywords,
        deleted="D" in status,
        gone=internal or bool(mozilla & _MOZILLA_EXPUNGED),
    )
    return rest, marks


def _number(text: str) -> int:
    try:
        return int(text[:8], 16)
    except ValueError:
        return 0


def _words(words: str) -> frozenset[str]:
    found = (unquote(word, errors="replace").strip() for word in words.split()[:_MAX_WORDS])
    return frozenset(word for word in found if 0 < len(word) <= _MAX_WORD and word.isprintable())


def mark_fields(flags: frozenset[str], tags: frozenset[str]) -> bytes:
    """Write marks as an mbox has them, lines ending in LF; `from_head` reads them back.

    Other flags become words of X-Keywords beside the tags; of these `$word` is a flag again.
    """
    known = (SEEN, ANSWERED, FLAGGED, DRAFT)
    lines = [f"Status: {'RO' if SEEN in flags else 'O'}"]
    status = "".join(letter for letter, flag in _X_STATUS.items() if flag in flags)
    if status:
        lines.append(f"X-Status: {status}")
    words = sorted({*tags, *(flag for flag in flags if flag not in known)})
    if words:
        lines.append("X-Keywords: " + " ".join(quote(word, safe=_SAFE) for word in words))
    return "".join(f"{line}\n" for line in lines).encode()
