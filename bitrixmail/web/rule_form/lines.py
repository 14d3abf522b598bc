"""Lists and tables as a field of several lines: one entry a line, whatever stands in it.

Most entries stand there as they are. One that a line can't hold, or that nobody could see, stands
as a text of JSON, between quotes. Pure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

_BREAK = re.compile(r"\r\n|\n|\r")


def lines_of(texts: Iterable[str]) -> str:
    """Write texts one a line; `texts_of` reads the same texts back."""
    return "\n".join(map(_written, texts))


def texts_of(lines: str) -> list[str]:
    """Read texts one a line; blank lines say nothing, nor does space around a text."""
    return [_read(line.strip()) for line in _BREAK.split(lines) if line.strip()]


def table_lines(table: Mapping[str, str]) -> str:
    """Write a table one `name = text` a line."""
    return "\n".join(f"{name} = {_written(text)}" for name, text in table.items())


def table_of(lines: str) -> dict[str, str]:
    """Read a table; a line without `=` is a name without a text."""
    found = {}
    for line in _BREAK.split(lines):
        name, _, text = line.partition("=")
        if line.strip():
            found[name.strip()] = _read(text.strip())
    return found


def one_text(given: str) -> str:
    """Return a text of several lines as a browser sends it, with line feeds alone."""
    return _BREAK.sub("\n", given)


def _written(text: str) -> str:
    plain = text.isprintable() and text.strip() == text and text != ""
    if plain and not (text[0] == text[-1] == '"'):
        return text
    return json.dumps(text, ensure_ascii=not text.isprintable())


def _read(line: str) -> str:
    if len(line) > 1 and line[0] == line[-1] == '"':
        try:
            found = json.loads(line)
        except ValueError:
            return line
        return found if isinstance(found, str) else line
    return line
