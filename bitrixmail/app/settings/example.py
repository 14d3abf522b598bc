"""Write etc/bitrixmail.toml out of the settings' own documentation.

`python -m bitrixmail.app.settings.example > etc/bitrixmail.toml`
"""

from __future__ import annotations

import inspect
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import fields
from typing import Any, get_type_hints

import tomlkit
from pydantic.fields import FieldInfo

from bitrixmail.app.settings.commands import Command
from bitrixmail.app.settings.loading import tables_of
from bitrixmail.app.settings.routes import Route, Window
from bitrixmail.app.settings.tree import Settings

_WIDTH = 100
_HEAD = """\
Settings of bitrixmail. Every one is shown with its default: what you do not need, delete.

Sizes and durations are written with a unit: "50MiB", "30s". A setting may also come from the
environment (BITRIXMAIL_SMTP__MAX_SIZE=20MiB) or the command line (--set smtp.max_size=20MiB);
the order is: default, this file, environment, command line; the last one wins.
Check it: twistd bitrixmail --config FILE --check-config

Domains, mailboxes, aliases and rules are no settings: see `bitrixmail --help`.
"""
# Their defaults depend on the machine or on other settings.
_OPEN = {
    "server.hostname": "mx.example.org",
    "tls.certificate": "/etc/bitrixmail/cert.pem",
    "tls.key": "/etc/bitrixmail/key.pem",
    "database.url": "sqlite:///var/bitrixmail.sqlite",
}

# Lists of tables, each with what might stand in one.
_TABLES: dict[str, tuple[type[Any], dict[str, Any]]] = {
    "outbound.route": (
        Route,
        {
            "name": "newsletter",
            "domains": ["*"],
            "senders": ["news@example.org"],
            "to": "smtp.example.com:587",
            "mx": False,
            "user": "news",
            "password": "",
            "password_file": "/etc/bitrixmail/newsletter.password",
            "tls": "verified",
            "connections": 2,
            "per_minute": 100,
            "retry": ["10m", "1h"],
            "lifetime": "1d",
            "delay_notice": "4h",
        },
    ),
    "outbound.window": (
        Window,
        {
            "senders": ["news@example.org"],
            "routes": ["newsletter"],
            "priorities": ["bulk"],
            "schedule": ["0 22 * * * Europe/Moscow for 8h at 200/min"],
            "quiet": [],
        },
    ),
}

# Sections of tables that the owner names, each with what might stand in one.
_NAMED: dict[str, tuple[type[Any], dict[str, Any]]] = {
    "commands": (
        Command,
        {
            "name": "invoice",
            "argv": ["/usr/bin/php", "/srv/shop/invoice.php"],
            "timeout": "1m",
            "at_once": 2,
            "user": "shop",
            "directory": "/srv/shop",
            "memory": "1GiB",
            "cpu": "1m",
            "file_size": "1GiB",
            "files": 256,
            "processes": 0,
            "environment": {"LANG": "ru_RU.UTF-8"},
        },
    ),
}


def example() -> str:
    """Return the annotated file."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    settings = Settings()
    tables = tables_of(settings)
    yield from _comment(_HEAD)
    for section in fields(settings):
        values = getattr(settings, section.name)
        yield ""
        if section.name in _NAMED:
            yield from _table(section.name, *_NAMED[section.name])
            continue
        yield f"[{section.name}]"
        yield from _comment(inspect.cleandoc(type(values).__doc__ or ""))
        yield ""
        hints = get_type_hints(type(values), include_extras=True)
        for key in fields(values):
            if f"{section.name}.{key.name}" in _TABLES:
                continue
            yield from _comment(_description(hints[key.name]))
            path = f"{section.name}.{key.name}"
            if path in _OPEN:
                yield f"# {key.name} = {_toml(_OPEN[path])}"
            else:
                yield f"{key.name} = {_toml(tables[section.name][key.name])}"
        for key in fields(values):
            path = f"{section.name}.{key.name}"
            if path in _TABLES:
                yield ""
                yield from _comment(_description(hints[key.name]))
                yield from _table(path, *_TABLES[path])


def _table(path: str, kind: type[Any], shown: dict[str, Any]) -> Iterator[str]:
    """Yield a table of a list with what might stand in it, none of it in force."""
    yield from _comment(inspect.cleandoc(kind.__doc__ or ""))
    yield "#"
    name = shown.get("name") if path in _NAMED else None
    yield f"# [{path}.{name}]" if name else f"# [[{path}]]"
    hints = get_type_hints(kind, include_extras=True)
    for key in fields(kind):
        for line in _comment(_description(hints[key.name])):
            yield f"# {line}"
        yield f"# {key.name} = {_toml(shown[key.name])}"


def _description(hint: Any) -> str:
    infos = [found for found in hint.__metadata__ if isinstance(found, FieldInfo)]
    return infos[0].description or ""


def _comment(text: str) -> Iterator[str]:
    for line in text.splitlines():
        for part in textwrap.wrap(line, _WIDTH - 2, break_on_hyphens=False) or [""]:
            yield f"# {part}".rstrip()


def _toml(value: object) -> str:
    if isinstance(value, dict):
        inline = tomlkit.inline_table()
        inline.update(value)
        return inline.as_string()
    return tomlkit.item(value).as_string()


if __name__ == "__main__":
    sys.stdout.write(example())
