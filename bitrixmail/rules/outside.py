"""The further settings of actions that reach outside: how each is written, and what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from bitrixmail.mime.domains import to_ascii
from bitrixmail.model.address import Address
from bitrixmail.model.text import printable
from bitrixmail.model.work import Value
from bitrixmail.rules.words import Complaint, choice

_MAX_ENTRIES = 100
_MAX_TEXT = 10_000


class Shape(Enum):
    """What a setting is written as, for who makes a form of it."""

    LINE = "a text of one line"
    TEXT = "a text of several lines"
    SWITCH = "true or false"
    NUMBER = "a whole number"
    TEXTS = "a list of texts"
    TABLE = "a table of texts"


@dataclass(frozen=True, slots=True)
class Setting:
    """One key of an action beside its argument. `example` is how a value is written in a file.

    `read` returns a value in its one form; raises ValueError with a sentence for people. `words`:
    the only ones it may be, none if it may be others.
    """

    read: Callable[[Any], Value]
    example: str
    required: bool = False
    shape: Shape = Shape.LINE
    words: tuple[str, ...] = ()


def text(given: Any) -> str:
    """Read a text of any number of lines."""
    if not isinstance(given, str):
        raise ValueError("must be a text between quotes")  # noqa: TRY004 - see Setting
    if len(given) > _MAX_TEXT or "\0" in given:
        raise ValueError(f"must have at most {_MAX_TEXT} characters")
    return given


def line(given: Any) -> str:
    """Read a text of one line."""
    found = text(given)
    if printable(found, _MAX_TEXT) != found:
        raise ValueError("must be one line")
    return found


def switch(given: Any) -> bool:
    """Read true or false."""
    if not isinstance(given, bool):
        raise ValueError("must be true or false, without quotes")  # noqa: TRY004 - see Setting
    return given


def number(least: int, most: int) -> Callable[[Any], int]:
    """Return what reads a whole number within these bounds."""

    def read(given: Any) -> int:
        if isinstance(given, bool) or not isinstance(given, int) or not least <= given <= most:
            raise ValueError(f"must be a whole number from {least} to {most}, without quotes")
        return given

    return read


def one_of(*words: str) -> Callable[[Any], str]:
    """Return what reads one of these words."""

    def read(given: Any) -> str:
        if given not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
        return str(given)

    return read


def choice_of(*words: str, example: str) -> Setting:
    """Return a setting that is one of these words."""
    return Setting(one_of(*words), example, words=words)


def texts(given: Any) -> tuple[str, ...]:
    """Read a list of texts, or one text."""
    found = [given] if isinstance(given, str) else given
    if not isinstance(found, list) or len(found) > _MAX_ENTRIES:
        raise ValueError(f"must be a list of at most {_MAX_ENTRIES} texts")
    return tuple(map(text, found))


def table(given: Any) -> tuple[tuple[str, str], ...]:
    """Read a table of texts."""
    if not isinstance(given, Mapping) or len(given) > _MAX_ENTRIES:
        raise ValueError(f"must be a table of at most {_MAX_ENTRIES} texts")
    return tuple((line(key), text(value)) for key, value in given.items())


def one_address(given: str) -> str:
    """Return an address in its one form. Raises ValueError with a sentence for people."""
    local_part, _, domain = given.strip().rpartition("@")
    if not local_part or printable(local_part) != local_part or set(local_part) & set(' "<>,;'):
        raise ValueError("must be one address, for example boss@example.org")
    return str(Address(local_part, to_ascii(domain)))


def frozen(
    settings: Mapping[str, Setting], given: Mapping[str, Any]
) -> tuple[tuple[str, Value], ...]:
    """Return settings in their one form and order; what is wrong with them is left out."""
    found: list[tuple[str, Value]] = []
    for name, setting in settings.items():
        if name in given:
            try:
                found.append((name, setting.read(given[name])))
            except ValueError:
                continue
    return tuple(found)


def setting_complaints(
    settings: Mapping[str, Setting], given: Mapping[str, Any]
) -> Iterator[Complaint]:
    """Find all that is wrong with the settings of one action."""
    for name in given:
        if name not in settings:
            yield Complaint(name, *choice("key", name, settings))
    for name, setting in settings.items():
        if name in given:
            try:
                setting.read(given[name])
            except ValueError as error:
                yield Complaint(name, str(error), f"for example {name} = {setting.example}")
        elif setting.required:
            yield Complaint(name, "is missing", f"add {name} = {setting.example}")
