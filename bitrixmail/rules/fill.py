"""Texts with places to be filled in by what a message says: `{subject} from {from_name}`.

A place is a known name in braces and nothing else: no attributes, no formats, no code. `{{`
and `}}` are braces. A name may be cut, `{text:500}` is its first 500 characters. What is filled in
is never looked at for places again. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from bitrixmail.rules.words import choice

_PLACE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_NAMED = re.compile(r"([a-z_]+)(?::([0-9]{1,6}))?")
MOST_FILLED = 200_000

# What is known of every message, and what it is. A place of another name is a fault at import.
NAMES = {
    "from": "the first address of From, with its name",
    "from_name": "its name, or the address if it has none",
    "from_address": "its address",
    "reply_to": "where an answer goes: Reply-To, else From",
    "to": "the To field",
    "cc": "the Cc field",
    "subject": "the subject",
    "date": "the Date field",
    "message_id": "the Message-ID",
    "text": "the text",
    "reply_text": "the text without what it quotes and without its signature",
    "html": "the HTML, as it came",
    "sender": "the envelope sender, empty for a bounce",
    "recipient": "the address it was sent to",
    "mailbox": "the mailbox it came to",
    "folder": "the folder the rules have put it into",
    "tags": "the tags the rules have given it",
    "rule": "the rule that wants this done",
    "id": "the queue id of the message",
    "received": "when it came, in UTC",
    "attachments": "the names of the attached files",
}


def places(text: str) -> tuple[str, ...]:
    """Return the names of the places of a text. Raises ValueError as `check` does."""
    found = []
    for place in _PLACE.finditer(text):
        if place[0] in ("{{", "}}"):
            continue
        if place[1] is None:
            raise ValueError(f'has a "{place[0]}" by itself: write it twice if it is meant')
        named = _NAMED.fullmatch(place[1])
        if named is None:
            raise ValueError(f"has {{{place[1][:40]}}}, which is no name: write {{subject}}")
        found.append(named[1])
    return tuple(dict.fromkeys(found))


def check(text: str, known: Iterable[str] = NAMES) -> str:
    """Return a text all of whose places are known. Raises ValueError with a sentence for people."""
    known = tuple(known)
    for name in places(text):
        if name not in known:
            what, remedy = choice("name", name, known)
            raise ValueError(f"has an {what}: {remedy}")
    return text


def fill(
    text: str,
    values: Mapping[str, str] | Callable[[str], str],
    written: Callable[[str], str] = str,
) -> str:
    """Fill in a text that `check` has passed; a name without a value is left empty.

    `values` may be asked for each name by itself, so that only what is wanted is worked out. Each
    is put down as `written` writes it. The whole is cut at MOST_FILLED characters.
    """
    value_of = values if callable(values) else lambda name: values.get(name, "")

    def filled(place: re.Match[str], most: int) -> str:
        if place[0] in ("{{", "}}"):
            return place[0][0]
        named = _NAMED.fullmatch(place[1] or "")
        if named is None:
            return place[0]
        value = value_of(named[1])
        return written(value[: min(int(named[2]), most)] if named[2] else value[:most])

    # Never more than is kept: many places of a long value would be more than fits in memory
    parts, left, at = [], MOST_FILLED, 0
    for place in _PLACE.finditer(text):
        for piece in (text[at : place.start()], filled(place, left)):
            parts.append(piece[:left])
            left -= len(parts[-1])
        at = place.end()
        if not left:
            break
    return "".join((*parts, text[at:][:left]))
