"""The command `config`: the settings in force, checked or shown."""

from __future__ import annotations

from typing import Any

import click

from bitrixmail.admin.masked import masked
from bitrixmail.cli.examples import examples
from bitrixmail.cli.output import echo, json_option, print_json, print_toml, say
from bitrixmail.cli.session import Session, ShownSettings, pass_session

_HIDDEN = "(hidden; config show --secrets)"


@click.group(epilog=examples("bitrixmail config show --changed"))
def config() -> None:
    """The settings of the server."""


@config.command(epilog=examples("bitrixmail --config /etc/bitrixmail/bitrixmail.toml config check"))
@pass_session
def check(session: Session) -> None:
    """Check the settings of all sources; tell every fault (exit code 78)."""
    settings = _settings(session, files=True)
    echo("the settings are good")
    if settings.file:
        say(f"read from {settings.file}")


@config.command(epilog=examples("bitrixmail config show --changed"))
@click.option("--changed", is_flag=True, help="Only what differs from the defaults.")
@click.option("--secrets", is_flag=True, help="With the passwords.")
@json_option
@pass_session
def show(session: Session, changed: bool, secrets: bool, as_json: bool) -> None:
    """Show the settings in force, as a file, to be shown to others: without passwords."""
    settings = _settings(session)
    tables = _changed(settings) if changed else settings.tables
    if not secrets:
        tables = masked(tables, _HIDDEN)
    if as_json:
        print_json(tables)
    else:
        print_toml(_toml(tables))


def _settings(session: Session, *, files: bool = False) -> ShownSettings:
    settings = session.composer.settings(session.options, files=files)
    for warning in settings.warnings:
        say(f"warning: {warning}")
    return settings


def _changed(settings: ShownSettings) -> dict[str, dict[str, Any]]:
    differing = {
        section: {
            key: value
            for key, value in table.items()
            if value != settings.defaults[section].get(key)
        }
        for section, table in settings.tables.items()
    }
    return {section: table for section, table in differing.items() if table}


def _toml(tables: dict[str, dict[str, Any]]) -> str:
    import tomlkit  # noqa: PLC0415 - `--help` must not wait for it

    lines: list[str] = []
    for section, table in tables.items():
        lines += ["", f"[{section}]"] if lines else [f"[{section}]"]
        listed = {key: value for key, value in table.items() if _is_tables(value)}
        for key, value in table.items():
            if key in listed:
                continue
            item = tomlkit.inline_table() if isinstance(value, dict) else tomlkit.item(value)
            if isinstance(value, dict):
                item.update(value)
            lines.append(f"{key} = {item.as_string()}")
        for key, found in listed.items():
            for each in found:
                lines += ["", f"[[{section}.{key}]]"]
                lines += [
                    f"{name} = {tomlkit.item(value).as_string()}" for name, value in each.items()
                ]
    return "".join(f"{line}\n" for line in lines)


def _is_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)
