"""What somebody has written in a reply, without what he quotes and without his signature.

By the looks of the lines, as Russian and English mail programs make them; RFC 3676 §4.3 and §4.5.
Pure, never raises, time grows with the length.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import NamedTuple

# An attribution is at most so many lines, and so many characters each
_ATTRIBUTION_LINES = 3
_MOST_LINE = 300
_QUOTED = re.compile(r"\s{0,3}>")
_SIGNATURE = re.compile(
    r"--\s?$|_{5,}$|(?:sent from my |отправлено с |отправлено из )", re.IGNORECASE
)
# As in: On 3 May 2026 at 10:00, Ann <a@example.org> wrote. Or: 3 мая 2026 г., 10:00, Анна пишет
_WROTE = re.compile(
    r"(?:\bwrote|\bwrites|\bпиш[еу]т?|\bписал\(?а?\)?|\bнаписал\(?а?\)?|\bсообщил\(?а?\)?)"
    r"[^\n:]{0,80}:\s*$",
    re.IGNORECASE,
)
_ON = re.compile(r"\s*(?:on|am|le)\b", re.IGNORECASE)
_DATED = re.compile(r"\d{1,2}[.:/\s-]|<[^<>\s]+@[^<>\s]+>|@")
_DIVIDER = re.compile(
    r"\s*(?:-{2,}|_{5,}|={3,})\s*"
    r"(?:original message|forwarded message|исходное сообщение|пересланное сообщение|"
    r"пересылаемое сообщение|original-nachricht|reply above this line)"
    r"[^\n]{0,40}$",
    re.IGNORECASE,
)
_HEADER = re.compile(
    r"\s*\*?(?:from|sent|date|to|subject|cc|от|отправлено|дата|кому|тема|копия|от кого)"
    r"\*?\s*:\s*\S",
    re.IGNORECASE,
)
_HEADERS = 3
# Each may have the rest of the text looked through
_MOST_ATTRIBUTIONS = 20


class ReplyText(NamedTuple):
    """A text taken apart: what is new, and the signature below it (empty if there is none)."""

    text: str
    signature: str


def reply_text(text: str) -> ReplyText:
    """Leave of a text what its author has written now.

    What stands below a quotation goes with it, unless the quotation is answered line by line: then
    only the quoted lines go. Nothing new at all: the text as it is.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    end = _end_of_new(lines)
    new = lines[:end]
    written = [line for line in new if not _QUOTED.match(line)]
    signature: list[str] = []
    for number, line in enumerate(written):
        if number and len(line) <= _MOST_LINE and _SIGNATURE.match(line):
            written, signature = written[:number], written[number:]
            break
    found = "\n".join(written).strip()
    if not found:
        return ReplyText(text.strip(), "")
    return ReplyText(found, "\n".join(signature).strip())


def _end_of_new(lines: list[str]) -> int:
    """Return the number of the line with which the quotation at the end begins."""
    left = _MOST_ATTRIBUTIONS
    for number, line in enumerate(lines):
        if len(line) > _MOST_LINE:
            continue
        if _DIVIDER.match(line) or _begins_headers(lines, number):
            return number
        if left and _WROTE.search(line):
            left -= 1
            begin = _attribution(lines, number)
            if begin is not None and not _answered_below(lines, number + 1):
                return begin
    # Without a word on whose it is: what is quoted down to the end
    end = len(lines)
    while end and (not lines[end - 1].strip() or _QUOTED.match(lines[end - 1])):
        end -= 1
    return end


def _attribution(lines: list[str], last: int) -> int | None:
    """Return the first line of an attribution that ends here; None: it is only a sentence."""
    for first in range(last, max(-1, last - _ATTRIBUTION_LINES), -1):
        if first < last and not lines[first].strip():
            break
        if _DATED.search(lines[first]):
            # A line above may begin it, and say no more than when
            above = lines[first - 1] if last - first < _ATTRIBUTION_LINES - 1 and first else ""
            return first - 1 if _ON.match(above) else first
    following = next((line for line in islice(lines, last + 1, None) if line.strip()), "")
    return last if _QUOTED.match(following) else None


def _answered_below(lines: list[str], start: int) -> bool:
    """Tell whether quoted lines are followed by ones that are not: an answer line by line."""
    quoted = False
    for line in islice(lines, start, None):
        if _QUOTED.match(line):
            quoted = True
        elif line.strip() and quoted:
            return not _SIGNATURE.match(line)
    return False


def _begins_headers(lines: list[str], start: int) -> bool:
    """Tell whether some lines of a header section stand here, as Outlook puts them."""
    block = lines[start : start + _HEADERS]
    return len(block) == _HEADERS and all(
        len(line) <= _MOST_LINE and _HEADER.match(line) for line in block
    )
