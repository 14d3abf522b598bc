"""What the filter learns from one message: its tokens, and by what it is known again."""

from __future__ import annotations

import hashlib
from array import array

from bitrixmail.bayes.tokens import hashes_of, tokens_of
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.mime.parts import parse_body
from bitrixmail.model.bayes import Lesson

MOST_OCTETS = 2 * 1024 * 1024
"""Of a body; what follows changes nothing."""
READ_OCTETS = MOST_OCTETS + 256 * 1024
"""So much of a message is worth reading."""
_DIGEST_OCTETS = 16
# What of a header section stays the same on all its ways
_LASTING = ("message-id", "date", "from", "subject")


def lesson_of(octets: bytes, *, spam: bool) -> Lesson:
    """Make a lesson of a message in CRLF form, be there trace fields before it or not."""
    headers = HeaderSection.parse(octets)
    whole = octets[: headers.end + MOST_OCTETS]
    tokens = tokens_of(headers, parse_body(whole, headers))
    return Lesson(digest_of(whole, headers), array("q", hashes_of(tokens)), spam)


def digest_of(octets: bytes, headers: HeaderSection) -> bytes:
    """Return what tells a message from others, whatever hosts have put before it."""
    digest = hashlib.sha256()
    for name in _LASTING:
        digest.update(b"%s\0" % (headers.first(name) or b""))
    digest.update(octets[headers.end : headers.end + MOST_OCTETS])
    return digest.digest()[:_DIGEST_OCTETS]
