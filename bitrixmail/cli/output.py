"""How results look: data on stdout, talk on stderr; plain and unbroken where no person looks."""

from __future__ import annotations

import dataclasses
import json
import re
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import click

from bitrixmail.model.errors import Fault
from bitrixmail.model.text import HARMFUL, printable

_CELL = 1000
# JSON and TOML escape controls by themselves, but not what turns the reading direction.
_UNSAFE = re.compile(f"[{HARMFUL}]")
_UNITS = ("KiB", "MiB", "GiB", "TiB")

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON with stable keys, times in UTC."
)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows: with colour and folded to the terminal, or in plain aligned columns."""
    cells = [[printable(cell, _CELL) for cell in row] for row in rows]
    if sys.stdout.isatty():
        _rich_table(headings, cells)
    else:
        for line in aligned([headings, *cells]):
            echo(line)


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows in columns as wide as their widest cell; wide letters count as they look."""
    from rich.cells import cell_len  # noqa: PLC0415 - `--help` must not wait for it

    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]


def _rich_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    from rich.console import Console  # noqa: PLC0415 - `--help` must not wait for it
    from rich.table import Table  # noqa: PLC0415 - as above
    from rich.text import Text  # noqa: PLC0415 - as above

    shown = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        shown.add_column(heading, overflow="fold")
    for row in rows:
        shown.add_row(*map(Text, row))
    Console().print(shown)


def echo(text: str = "") -> None:
    """Print a line of data on stdout; half letters never end the program."""
    click.echo(text.encode("utf-8", "replace"))


def say(text: str) -> None:
    """Tell a person something on stderr."""
    click.echo(printable(text, 10 * _CELL).encode("utf-8", "replace"), err=True)


def complain(faults: Iterable[Fault], kind: str = "error") -> None:
    """Tell faults on stderr, one line each."""
    for fault in faults:
        say(f"{kind}: {fault}")


def print_json(value: object) -> None:
    """Print a value as JSON; datetimes become RFC 3339 in UTC, dataclasses tables."""
    text = json.dumps(value, ensure_ascii=False, indent=2, default=_plain)
    echo(_UNSAFE.sub(lambda match: json.dumps(match.group())[1:-1], text))


def print_toml(text: str) -> None:
    """Print TOML; what is unsafe to look at becomes an escape, which means the same."""
    if text:
        echo(_UNSAFE.sub(_toml_escape, text.removesuffix("\n")))


def _toml_escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _plain(value: Any) -> object:
    if isinstance(value, datetime):
        return moment(value, precise=True)
    if isinstance(value, frozenset):
        return sorted(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def moment(at: datetime, *, precise: bool = False) -> str:
    """Write a time as RFC 3339 in UTC, to the second or `precise` to the microsecond."""
    written = at.astimezone(UTC).isoformat(timespec="microseconds" if precise else "seconds")
    return written.removesuffix("+00:00") + "Z"


def size(octets: int) -> str:
    """Write a size for people, in three digits."""
    if octets < 1024:
        return f"{octets} B"
    count = float(octets)
    for unit in _UNITS:
        count /= 1024
        if count < 1000 or unit == _UNITS[-1]:
            return f"{count:.0f} {unit}" if count >= 100 else f"{count:.1f} {unit}"
    raise ValueError(octets)


def yes_or_no(flag: bool) -> str:
    """Write a flag as a word."""
    return "yes" if flag else "no"
