"""The tokens of a message: what the filter counts, and by which it tells spam.

A word is a token as it stands in the text; where it says more elsewhere its place stands before it
("subject:", "from:", "url:"). All are case-folded, ё is е. Bounded in number and length.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import pairwise

from bitrixmail.mime.headers import HeaderSection
from bitrixmail.mime.parts import Body
from bitrixmail.mime.text import without_unseen

MAX_TOKENS = 3000
"""Of one message; what follows is not looked at."""
_MAX_TEXT = 60_000
_MAX_WORD = 24
_MIN_WORD = 3
_MAX_VALUES = 5
_MAX_FIELD = 1000
_MAX_PAIRS = 1500
_MAX_IN_PAIR = 20
_MAX_HOPS = 10
_OURS = b"(bitrixmail)"

# Letters and digits, joined by what stands within names, prices and addresses
_WORD = re.compile(r"[$€£₽]?\w++(?:['’.,@\-]\w++)*+[%!]{0,2}")
_ANY_WORD = re.compile(r"\w[\w'$\-]*+")
_URL = re.compile(
    r"(?:https?|ftp)://([^\s/?#\"'<>\\]{1,255})([^\s\"'<>]{0,300})|\bwww\.([a-z0-9.\-]{1,200})",
    re.IGNORECASE,
)
_MIXED = re.compile(r"[a-z][а-яё]|[а-яё][a-z]")
_IN_PARTS = re.compile(r"[.,@'’\-]")
_NUMBER = re.compile(r"[\d.,]+")
_PARTS = re.compile(r"[^\w]+")
_NAMES = re.compile(r"\b(?:[a-z0-9-]{1,63}\.)+[a-z]{2,}\b")
_HOST = re.compile(r"\b(\d{1,3}\.\d{1,3})\.(\d{1,3})\.(\d{1,3})\b")
_ADDRESS = re.compile(r"<?([^\s<>@,;:\"]{1,100})@([^\s<>@,;:\"]{1,200})>?")
# Written where the mail passes or is kept, not where it was made: it tells the place, not the mail
_NOT_ITS_OWN = re.compile(
    rb"(?:received|return-path|delivered-to|envelope-to|status|lines|replied|forwarded|bytes"
    rb"|xref|authentication-results|dkim-signature|arc-.*|received-spf|date|message-id|subject"
    rb"|x-(?:original-to|status|keywords|uidl?|uid|mozilla-.*|evolution.*|spam.*|dspam.*"
    rb"|bogosity|virus.*|gmail-.*|pyzor|apparently-to|fetchmail.*|bitrixmail.*|loop|egroups-.*))"
)
# Fields whose words tell something
_TEXTS = (
    "x-mailer", "user-agent", "organization", "content-type", "content-transfer-encoding",
    "precedence", "x-priority", "importance", "mime-version", "x-mimeole", "list-unsubscribe",
    "content-disposition", "x-msmail-priority",
)  # fmt: skip
_ADDRESSES = ("from", "reply-to", "to", "cc", "sender")


def tokens_of(headers: HeaderSection, body: Body) -> list[str]:
    """Return the distinct tokens of a message, those of its header section first. Never raises."""
    found: dict[str, None] = {}
    for token in _all(headers, body):
        found[token] = None
        if len(found) >= MAX_TOKENS:
            break
    return list(found)


def hash_of(token: str) -> int:
    """Return the 64 bits by which a token is kept, as a signed number."""
    octets = hashlib.blake2b(token.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(octets, "big", signed=True)


def _all(headers: HeaderSection, body: Body) -> Iterator[str]:
    yield from _subject(headers)
    for name in _ADDRESSES:
        yield from _addresses(headers, name)
    for name in _TEXTS:
        for text in headers.texts(name)[:_MAX_VALUES]:
            yield from (f"{name}:{word}" for word in _header_words(text[:_MAX_FIELD]))
    for key in headers.present:
        if not _NOT_ITS_OWN.fullmatch(key):
            yield f"header:{key.decode('ascii', 'replace')[:_MAX_WORD]}"
    yield from _message_id(headers)
    yield from _hops(headers)
    for attachment in body.attachments[: 4 * _MAX_VALUES]:
        yield f"attached:{attachment.type}"
        _, dot, ending = attachment.name.rpartition(".")
        if dot:
            yield f"attached:.{ending[:_MAX_WORD].casefold()}"
    yield from _text(body.text[:_MAX_TEXT])


def _subject(headers: HeaderSection) -> Iterator[str]:
    texts = headers.texts("subject")
    if not texts:
        yield "subject:(none)"
    for text in texts[:1]:
        shown = without_unseen(text[:_MAX_FIELD])
        if shown != text[:_MAX_FIELD]:
            yield "trick:unseen"
        if shown.isupper() and len(shown) > 2 * _MIN_WORD:
            yield "subject:(capitals)"
        words = list(_words(_folded(shown), least=2))
        yield from (f"subject:{word}" for word in words)
        yield from (f"subject:{first} {second}" for first, second in pairwise(words))


def _addresses(headers: HeaderSection, name: str) -> Iterator[str]:
    texts = headers.texts(name)
    if not texts:
        if name in {"from", "to"}:
            yield f"{name}:(none)"
        return
    for text in texts[:_MAX_VALUES]:
        lower = _folded(without_unseen(text[:_MAX_FIELD]))
        for found in list(_ADDRESS.finditer(lower))[:_MAX_VALUES]:
            local_part, domain = found[1], found[2].strip(".")
            yield f"{name}:{local_part[:40]}@{domain[:60]}"
            yield from _domains(f"{name}:@", domain)
            if any(map(str.isdigit, local_part)):
                yield f"{name}:(digits)"
        yield from (f"{name}:{word}" for word in _words(_ADDRESS.sub(" ", lower)))


def _message_id(headers: HeaderSection) -> Iterator[str]:
    text = headers.text("message-id")
    yield "message-id:@" if "@" in text else "message-id:(none)"


def _hops(headers: HeaderSection) -> Iterator[str]:
    """Tell by which hosts it came, but for this one: their names and networks."""
    hops = [value for value in headers.all("received") if _OURS not in value]
    yield f"hops:{len(hops)}"
    for value in hops[:_MAX_HOPS]:
        text = value[:_MAX_FIELD].decode("latin-1").lower()
        if "unknown" in text:
            yield "hop:(unknown)"
        for found in _HOST.finditer(text):
            yield f"hop:{found[1]}"
            yield f"hop:{found[1]}.{found[2]}"
            yield f"hop:{found[0]}"
        for found in _NAMES.finditer(text):
            yield from _domains("hop:", found[0])


def _header_words(text: str) -> Iterator[str]:
    return (word[:_MAX_WORD] for word in _PARTS.split(_folded(text)) if 1 < len(word) <= 40)


def _text(text: str) -> Iterator[str]:
    folded = _folded(text)
    for found in list(_URL.finditer(folded))[: MAX_TOKENS // 4]:
        yield from _url(found[1] or found[3], found[2] or "")
    yield from _words(_URL.sub(" ", folded))
    # What stands together tells more than both apart, short words and parts of links too
    words = [word[:_MAX_IN_PAIR] for word in _ANY_WORD.findall(folded)[:_MAX_PAIRS]]
    yield from (f"{first} {second}" for first, second in pairwise(words))


def _url(host: str, path: str) -> Iterator[str]:
    name, _, port = host.rpartition("@")[2].partition(":")
    if "@" in host:
        yield "url:(user)"
    if port:
        yield f"url:(port {port[:5]})"
    if name.replace(".", "").isdigit():
        yield "url:(number)"
    yield from _domains("url:", name.strip("."))
    if "%" in path:
        yield "url:(escaped)"
    yield from (f"url/{word}" for word in _header_words(path[:100]))


def _domains(prefix: str, name: str) -> Iterator[str]:
    """Give a domain and those above it, the last three of its labels."""
    labels = name.split(".")[-3:]
    for start in range(len(labels)):
        yield prefix + ".".join(labels[start:])[:60]


def _folded(text: str) -> str:
    """Return a text in the one form in which its words are compared."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return text.casefold().replace("ё", "е")


def _words(text: str, least: int = _MIN_WORD) -> Iterator[str]:
    for word in _WORD.findall(text):
        length = len(word)
        if length < least:
            continue
        if not word.isascii() and _MIXED.search(word):
            yield "trick:mixed alphabets"
        if length <= _MAX_WORD:
            yield word
        else:
            yield f"long:{word[0]}{length // 10}"
        if not word.isalpha() and _IN_PARTS.search(word) and not _NUMBER.fullmatch(word):
            yield from _pieces(word, least)


def _pieces(word: str, least: int) -> Iterator[str]:
    return (part[:_MAX_WORD] for part in _IN_PARTS.split(word) if len(part) >= least)


def hashes_of(tokens: Iterable[str]) -> list[int]:
    """Return what the tokens are kept by, in their order."""
    return list(map(hash_of, tokens))


def word_of(text: str) -> str:
    """Return the one token that a text is as a word, empty if it is none or several."""
    found = list(_words(_folded(text)))
    return found[0] if len(found) == 1 else ""
