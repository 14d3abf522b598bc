"""Text in TOML read, and what is wrong with it told for people who don't know TOML.

Pure. Raises InputError with one fault: the reading stops at the first.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.text import printable

_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)\Z")
_CURLED = "«»“”„‟‘’‚‛"
_PAIR = re.compile(f'[{_CURLED}]([^{_CURLED}"]*)[{_CURLED}"]')
_LIKE_NUMBERS = ("Invalid value", "Expected newline or end", "Invalid date")
_PLAIN = re.compile(r"\s*([\w.-]+)\s*=\s*([^\s\"'\[{#][^#]*?)\s*(?:#.*)?", re.ASCII)
_BARE = re.compile(r"[^\s,\[\]{}\"'=#][^,\[\]{}\"'=#]*")
_KEY = re.compile(r"\s*([\w.-]{1,60})\s*[=:]", re.ASCII)
_INLINE_KEY = re.compile(r"\ADuplicate inline table key '(.{1,60})'\Z", re.DOTALL)
_COLON = re.compile(r"\s*([\w.-]+)\s*:\s*(\S.*)", re.ASCII)
_HEADER = re.compile(r"\s*\[(\[?)\s*([\w.-]+)", re.ASCII)
_UNCLOSED = ("Illegal character '\\n'", "Unterminated string", "Expected \"'", "Expected \"\\'")
_TWICE = ("Cannot overwrite", "Cannot declare", "Cannot mutate", "Duplicate inline table key")
# What stands behind these is not shown: a fault may end up in a log.
_SECRET = re.compile(r"(?i)passw(?:ord)?|secret|token|verifier|url")
_TRUTHS = {
    **dict.fromkeys(("true", "yes", "on", "да"), "true"),
    **dict.fromkeys(("false", "no", "off", "нет"), "false"),
}
# The time that reading one takes grows with the square of its parts
_DOTTED = re.compile(r"""(?<![\w"'-])(?:[\w"'-]++[ \t]*+\.[ \t]*+){40}""")
_SHOWN = 80
# A line longer than this is nobody's slip of a quote.
_MAX_MENDED = 300


def read_toml(text: str, where: str, otherwise: str) -> dict[str, Any]:
    """Read a text in TOML; `otherwise` is the remedy of what no better one is known for.

    A byte order mark before it, as Notepad writes, does no harm. Raises InputError.
    """
    text = text.removeprefix("\ufeff")
    if _DOTTED.search(text):
        raise InputError(Fault(where, "has a key of too many parts", otherwise))
    try:
        data = tomllib.loads(text)
    except ValueError as error:  # TOMLDecodeError, and a number of thousands of digits
        what, remedy = _told(text, str(error), otherwise)
        raise InputError(Fault(where, f"is not TOML: {what}", remedy)) from None
    except RecursionError:
        raise InputError(Fault(where, "is nested too deep", otherwise)) from None
    key = _too_large(data)
    if key is not None:
        place = f"{where}: {printable(key, _SHOWN)}"
        raise InputError(Fault(place, "is a number of more than 64 bits", "write a smaller one"))
    return data


def _too_large(data: dict[str, Any]) -> str | None:
    """Return the key of a whole number that TOML forbids; Python fails to write long ones out."""
    left: list[tuple[str, Any]] = list(data.items())
    while left:
        key, value = left.pop()
        if isinstance(value, dict):
            left += value.items()
        elif isinstance(value, list):
            left += [(key, each) for each in value]
        elif isinstance(value, int) and not -(2**63) <= value < 2**63:
            return key
    return None


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where the reading stopped. Made by `_told`, ends with it. `column` counts from 0."""

    message: str
    number: int
    line: str
    column: int

    def shown(self) -> str:
        """The line for people, cut around the spot, without a secret."""
        start = max(0, self.column - _SHOWN // 2) if self.column > _SHOWN - 10 else 0
        cut = ("…" if start else "") + self.line[start : start + 2 * _SHOWN].strip()
        secret = _SECRET.search(self.line[: self.column + _SHOWN])
        return f"{secret[0]}…" if secret else printable(cut, _SHOWN)

    def mended(self, say: str, line: str, otherwise: str) -> str:
        """Return a remedy with the line as it should be, if it would do and may be shown."""
        line = line.strip()
        if len(line) > _MAX_MENDED or printable(line, _SHOWN) != line or _SECRET.search(line):
            return otherwise
        try:
            tomllib.loads(line)
        except ValueError:
            return otherwise
        return f"{say}: {line}"


def _told(text: str, message: str, otherwise: str) -> tuple[str, str]:
    """Return what is wrong and its remedy."""
    text = text.replace("\r\n", "\n")  # as the reading does
    place = _PLACE.search(message)
    if place is None:
        return printable(message), otherwise
    message = message[: place.start()]
    spot = _spot(text, message, place)
    for find in _FINDERS:
        found = find(spot)
        if found:
            what, remedy = found
            return f"line {spot.number}, {what}: {spot.shown()}", remedy
    return f"line {spot.number}, {printable(message)}: {spot.shown()}", otherwise


def _spot(text: str, message: str, place: re.Match[str]) -> _Spot:
    if place[1]:
        number, column = int(place[1]), int(place[2]) - 1
    else:
        at = len(text.rstrip())
        for quotes in ('"""', "'''"):
            # An odd one was opened and not closed: that is where to look.
            if message.startswith(_UNCLOSED) and text.count(quotes) % 2:
                at = text.rfind(quotes)
        number = text.count("\n", 0, at) + 1
        column = at - text.rfind("\n", 0, at) - 1
    line = text.split("\n", number)[number - 1]
    return _Spot(message, number, line, min(column, len(line)))


def _curled(spot: _Spot) -> tuple[str, str] | None:
    at = spot.line[spot.column : spot.column + 1]
    open_ended = spot.message.startswith(_UNCLOSED) and re.search(f"[{_CURLED}]", spot.line)
    if not (at and at in _CURLED) and not open_ended:
        return None
    straight = 'write straight quotes, "…"'
    if len(spot.line) > _MAX_MENDED:
        return "curled quotes", straight
    mended = _PAIR.sub(lambda found: _quoted(found[1]), spot.line)
    if open_ended:
        mended = re.sub(f"[{_CURLED}]", '"', spot.line)
    return "curled quotes", spot.mended("write straight quotes", mended, straight)


def _blank(spot: _Spot) -> tuple[str, str] | None:
    at = spot.line[spot.column : spot.column + 1]
    if not at or at.isascii() or not (at.isspace() or at in "\u200b\ufeff"):
        return None
    return f"a blank that is no space, {printable(at)!r}", "write plain spaces in its place"


def _backslash(spot: _Spot) -> tuple[str, str] | None:
    if not spot.message.startswith(("Unescaped '\\", "Invalid hex value", "Escaped character")):
        return None
    opened = spot.line.rfind('"', 0, spot.column)
    closed = spot.line.find('"', spot.column)
    line = spot.line
    if 0 <= opened < closed:
        line = f"{line[:opened]}'{line[opened + 1 : closed]}'{line[closed + 1 :]}"
    say = "regular expressions and paths stand in single quotes"
    return 'a lone \\ between "…"', spot.mended(say, line, rf"{say}: '\d+'")


def _unclosed(spot: _Spot) -> tuple[str, str] | None:
    if spot.message.startswith(_UNCLOSED):
        return "a quote is not closed", "put the same quote at the end of the text"
    return None


def _unquoted(spot: _Spot) -> tuple[str, str] | None:
    if not spot.message.startswith(_LIKE_NUMBERS) or len(spot.line) > _MAX_MENDED:
        return None
    say = "put it between quotes"
    plain = _PLAIN.fullmatch(spot.line)
    if plain:
        key, value = plain.groups()
        if value.lower() in _TRUTHS and key != "value":
            return "a wrong word", f"write {key} = {_TRUTHS[value.lower()]}"
        line = f"{key} = {_quoted(value)}"
        return "a text without quotes", spot.mended(say, line, f'{say}, "…"')
    bare = _BARE.match(spot.line, spot.column)
    if not bare or not spot.message.startswith("Invalid value"):
        return None
    quoted = _quoted(bare[0].rstrip())
    after = spot.line[spot.column + len(bare[0].rstrip()) :]
    line = spot.line[: spot.column] + quoted + after
    otherwise = f'{say}, "…"' if _SECRET.search(line) else f"{say}: {printable(quoted, _SHOWN)}"
    return "a text without quotes", spot.mended(say, line, otherwise)


def _quoted(value: str) -> str:
    return f"'{value}'" if "\\" in value or '"' in value else f'"{value}"'


def _twice(spot: _Spot) -> tuple[str, str] | None:
    if not spot.message.startswith(_TWICE):
        return None
    header = _HEADER.match(spot.line)
    if header:
        remedy = f"keep one; where many are meant, write [[{printable(header[2], 60)}]] before each"
        return "a table that is there already", remedy
    key = _INLINE_KEY.search(spot.message) or _KEY.match(spot.line)
    what = "a key twice in the same table" + (f', "{printable(key[1], 60)}"' if key else "")
    return what, "leave one of them out, or write a line like [[rule]] before it"


def _separator(spot: _Spot) -> tuple[str, str] | None:
    if spot.message.startswith(("Unclosed array", "Unclosed inline table")):
        bracket = "]" if "array" in spot.message else "}"
        return f'a "," or "{bracket}" is missing', f"a comma between entries, {bracket} at the end"
    if not spot.message.startswith("Expected '=' after a key"):
        return None
    colon = _COLON.fullmatch(spot.line) if len(spot.line) <= _MAX_MENDED else None
    usual = 'write key = "value"'
    if colon is None:
        return "no = behind a key", usual
    key, value = colon.groups()
    mended = spot.mended("write =", f"{key} = {value}", "")
    if not mended:
        mended = spot.mended("write = and quotes", f"{key} = {_quoted(value.rstrip())}", usual)
    return "no = behind a key", mended


def _bracket(spot: _Spot) -> tuple[str, str] | None:
    header = _HEADER.match(spot.line)
    if header is None or not spot.message.startswith(("Expected ']", 'Expected "]')):
        return None
    name = printable(header[2], 60)
    return "a bracket is not closed", f"write [[{name}]]" if header[1] else f"write [{name}]"


def _letters(spot: _Spot) -> tuple[str, str] | None:
    at = spot.line[spot.column : spot.column + 1]
    if spot.message.startswith("Invalid statement") and at.isalpha() and not at.isascii():
        return "no key", "a key is an English word; a comment begins with #"
    return None


def _several_lines(spot: _Spot) -> tuple[str, str] | None:
    at_end = not spot.line[spot.column :].strip()
    if at_end and "{" in spot.line and spot.message.startswith("Invalid initial character"):
        return "a { … } that goes on", "write all of it on one line, from { to }"
    return None


_FINDERS: tuple[Callable[[_Spot], tuple[str, str] | None], ...] = (
    _curled, _blank, _backslash, _unclosed, _unquoted, _twice, _separator, _bracket, _letters,
    _several_lines,
)  # fmt: skip
