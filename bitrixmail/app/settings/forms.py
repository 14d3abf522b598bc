"""Settings as fields of forms: kinds, and values to texts and back. Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any

import tomlkit
from pydantic import BeforeValidator
from pydantic.fields import FieldInfo

from bitrixmail.app.settings import values
from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.settings_book import HIDDEN, Kind
from bitrixmail.model.text import printable

_KINDS: dict[Any, Kind] = {
    values.parse_size: Kind.SIZE,
    values.parse_command_size: Kind.SIZE,
    values.parse_duration: Kind.DURATION,
    values.parse_patience: Kind.DURATION,
    values.parse_count: Kind.NUMBER,
    values.parse_processes: Kind.NUMBER,
    values.parse_port: Kind.NUMBER,
    values.parse_flag: Kind.FLAG,
}
_CHOICES: dict[Any, tuple[str, ...]] = {
    values.parse_trust: ("auto", "yes", "no"),
    values.parse_level: values.LEVELS,
}
_FLAGS = {"true": True, "false": False}
_SECRETS = ("password", "secret", "token")


def is_secret(key: str) -> bool:
    """Tell whether the value of a key is to be shown to nobody."""
    return key.endswith(_SECRETS)


def description_of(hint: Any) -> str:
    """Return the help of a setting."""
    infos = [found for found in getattr(hint, "__metadata__", ()) if isinstance(found, FieldInfo)]
    return (infos[0].description or "") if infos else ""


def kind_of(hint: Any, value: object) -> tuple[Kind, tuple[str, ...]]:
    """Return how a setting is written, and what there is to choose from."""
    for found in getattr(hint, "__metadata__", ()):
        parse = getattr(found, "func", None) if isinstance(found, BeforeValidator) else None
        if parse in _KINDS:
            return _KINDS[parse], ()
        if parse in _CHOICES:
            return Kind.CHOICE, _CHOICES[parse]
        for pattern in (getattr(each, "pattern", None) for each in getattr(found, "metadata", ())):
            if pattern:
                return Kind.CHOICE, tuple(str(pattern).strip("^$()").split("|"))
    if isinstance(value, bool):
        return Kind.FLAG, ()
    if isinstance(value, int | float):
        return Kind.NUMBER, ()
    return (Kind.LINES if isinstance(value, list) else Kind.TEXT), ()


def holds_tables(hint: Any) -> bool:
    """Tell whether a setting is a table, or a list of tables."""
    inner = getattr(hint, "__origin__", hint)
    arguments = getattr(inner, "__args__", ())
    return getattr(inner, "__origin__", None) is dict or any(
        hasattr(each, "__dataclass_fields__") for each in arguments
    )


def text_of(kind: Kind, path: str, value: Any) -> str:
    """Write a value as the form has it; secrets in tables are hidden."""
    if value is None:
        return ""
    if kind is Kind.FLAG:
        return "true" if value else "false"
    if kind is Kind.LINES:
        return "\n".join(map(str, value))
    if kind is Kind.TOML:
        key = path.rpartition(".")[2]
        shown = masked(value, key)
        table = {key: shown} if isinstance(shown, list) else shown
        return tomlkit.dumps(table).strip() if shown else ""
    return f"{value:g}" if isinstance(value, float) else str(value)


def value_of(kind: Kind, path: str, text: str) -> Any:
    """Read what stands in a form as the file has it. Raises InputError."""
    text = text.replace("\r\n", "\n").strip()
    if kind is Kind.FLAG:
        return _FLAGS.get(text, text)
    if kind is Kind.NUMBER:
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else text
    if kind is Kind.LINES:
        return [line.strip() for line in text.split("\n") if line.strip()]
    if kind is not Kind.TOML:
        return text
    try:
        table = tomllib.loads(text)
    except ValueError as error:  # TOMLDecodeError, and a number of thousands of digits
        what = f"can't be read: {printable(str(error))}"
        remedy = "texts stand in quotes, lists in [ ]; https://toml.io shows how"
        raise InputError(Fault(path, what, remedy)) from None
    key = path.rpartition(".")[2]
    return table[key] if set(table) == {key} and isinstance(table[key], list) else table


def masked(value: Any, key: str = "") -> Any:
    """Return a value whose secrets only say that they are there."""
    if isinstance(value, Mapping):
        every = key == "secrets"
        return {
            name: HIDDEN if (every or is_secret(name)) and each else masked(each, name)
            for name, each in value.items()
        }
    if isinstance(value, list | tuple):
        return [masked(each, key) for each in value]
    return value


def unmasked(given: Any, before: Any) -> Any:
    """Return what was given, with the secrets from before where they are only said to be there."""
    if given == HIDDEN:
        return "" if before is None else before
    if isinstance(given, Mapping):
        old = before if isinstance(before, Mapping) else {}
        return {key: unmasked(each, old.get(key)) for key, each in given.items()}
    if isinstance(given, list):
        old_list = before if isinstance(before, list) else []
        return [unmasked(each, _same(each, place, old_list)) for place, each in enumerate(given)]
    return given


def _same(given: Any, place: int, before: list[Any]) -> Any:
    """Find the table of a list that one was before: by its name, else by its place."""
    name = given.get("name") if isinstance(given, Mapping) else None
    if name is not None:
        named = (old for old in before if isinstance(old, Mapping) and old.get("name") == name)
        return next(named, None)
    return before[place] if place < len(before) else None
