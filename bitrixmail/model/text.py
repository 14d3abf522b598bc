"""Remote text made fit for a log line, a terminal or a reply."""

from __future__ import annotations

import re

# Controls above ASCII's, line and paragraph separators, bidi marks and overrides, what is neither
# seen nor takes room, tags, surrogates: whatever could start a line, move a cursor, turn the
# reading direction or make two texts look the same. As a part of a regular expression's class.
HARMFUL = (
    "\x7f-\x9f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f"
)
_UNSAFE = re.compile(f"[\x00-\x1f{HARMFUL}]")


def printable(text: str, limit: int = 200) -> str:
    r"""Return `text` on one line, unsafe characters as `\u{hex}`, cut to `limit` characters."""
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    if cut.isascii() and cut.isprintable():
        return cut
    return _UNSAFE.sub(lambda match: f"\\u{{{ord(match.group()):x}}}", cut)
