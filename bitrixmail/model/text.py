"""Remote text made fit for a log line, a terminal or a reply."""

from __future__ import annotations

import re

# Controls, line and paragraph separators, bidi marks and overrides, surrogates, BOM:
# whatever could start a line, move a cursor or turn the reading direction.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)


def printable(text: str, limit: int = 200) -> str:
    r"""Return `text` on one line, unsafe characters as `\u{hex}`, cut to `limit` characters."""
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    if cut.isascii() and cut.isprintable():
        return cut
    return _UNSAFE.sub(lambda match: f"\\u{{{ord(match.group()):x}}}", cut)
