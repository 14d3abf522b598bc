"""The actions of programs and extensions: how they are named, and what they are told."""

from __future__ import annotations

import re
from typing import Any

from bitrixmail.model.work import Value
from bitrixmail.rules.outside import Setting, Shape, table

_COMMAND = re.compile(r"[A-Za-z0-9_-]{1,40}")
_FUNCTION = re.compile(r"[A-Za-z0-9_-]{1,40}\.[A-Za-z0-9_-]{1,60}")
# Two underscores in a row separate the parts of a setting's name in the environment
_VALUE = re.compile(r"(?!.*__)[A-Za-z][A-Za-z0-9_]{0,39}")


def command_name(given: str) -> str:
    """Return the name of a command. Raises ValueError with a sentence for people."""
    if not _COMMAND.fullmatch(given):
        raise ValueError("must be the NAME of a [commands.NAME] in the settings")
    return given


def function_name(given: str) -> str:
    """Return the name of a part of an extension. Raises ValueError with a sentence for people."""
    if not _FUNCTION.fullmatch(given):
        raise ValueError('must be the names of an extension and of its part: "shop.book"')
    return given


def _values(given: Any) -> Value:
    found = table(given)
    for name, _ in found:
        if not _VALUE.fullmatch(name):
            raise ValueError("has a name that is not of letters, digits and single underscores")
    return found


def _variables(given: Any) -> Value:
    found = table(given)
    seen: dict[str, str] = {}
    for name, _ in found:
        before = seen.setdefault(name.upper(), name)
        if before != name:
            raise ValueError(
                f'has "{before}" and "{name}", which are the same variable to a program:'
                f" BITRIXMAIL_VALUE_{name.upper()}"
            )
    return _values(given)


VALUES = {"values": Setting(_values, '{ branch = "Moscow" }', shape=Shape.TABLE)}
"""Those of `python`."""
VARIABLES = {"values": Setting(_variables, '{ branch = "Moscow" }', shape=Shape.TABLE)}
"""Those of `command`."""
