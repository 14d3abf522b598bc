"""Settings from their sources: defaults < file < environment < `--set`.

Raises InputError with every fault found, each with its dotted path and a remedy.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import Field, fields, is_dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from bitrixmail.app.settings.commands import Command, command_faults
from bitrixmail.app.settings.routes import Route, Window
from bitrixmail.app.settings.tree import MAX_DRAIN_S, Settings
from bitrixmail.mime.domains import to_ascii
from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.settings_book import Source
from bitrixmail.model.text import printable
from bitrixmail.model.toml import read_toml

_PREFIX = "BITRIXMAIL_"
_SQLITE = "sqlite:///"
# In a checkout (the copy that `make run` starts with, the example), and where
# etc/systemd/bitrixmail.service has it.
_USUAL_FILES = (
    Path("var/bitrixmail.toml"),
    Path("etc/bitrixmail.toml"),
    Path("/etc/bitrixmail/bitrixmail.toml"),
)
_ADAPTER = TypeAdapter(Settings)
_TABLES: dict[str, type[Any]] = {"route": Route, "window": Window}
Tables = dict[str, Any]


def machine_name() -> str:
    """Return the full name of this machine if it has one, else its name."""
    name = socket.gethostname()
    if "." not in name:
        full = socket.getfqdn()
        if "." in full and not full.startswith("localhost"):
            return full
    return name


def settings_file(given: str | None, environment: Mapping[str, str]) -> Path | None:
    """Return the file of settings, alike for the server and the command line.

    The one given, else the one that BITRIXMAIL_CONFIG names, else var/bitrixmail.toml or
    etc/bitrixmail.toml below the current directory, else /etc/bitrixmail/bitrixmail.toml, if there
    is one.
    """
    named = given or environment.get("BITRIXMAIL_CONFIG")
    if named:
        return Path(named).absolute()
    # What stands in a folder that is closed to us is not there for us; Path.is_file would raise
    found = filter(os.path.isfile, _USUAL_FILES)
    return next((file.absolute() for file in found), None)


def load_settings(
    file: Path | None = None,
    environment: Mapping[str, str] | None = None,
    overrides: Sequence[str] = (),
    *,
    name_of_machine: Callable[[], str] = machine_name,
    beyond: Callable[[Settings], Iterable[Fault]] = lambda _settings: (),
) -> Settings:
    """Read and check the settings of all sources; `overrides` are `section.key=value` texts.

    What was left open is filled in and relative paths are made absolute. `beyond` looks at what
    they name, those that are faulty left out, and finds more faults.
    """
    tables: Tables = _read(file) if file is not None else {}
    faults = list(_one_underscore(environment or {}))
    for _, path, value in _variables(environment or {}):
        _put(tables, path, value)
    for text in overrides:
        path, equals, value = text.partition("=")
        if not equals or path.count(".") < 1:
            remedy = "write it like --set smtp.max_size=20MiB"
            faults.append(Fault(f"--set {printable(text)}", "is not section.key=value", remedy))
            continue
        _put(tables, path.strip(), value)
    settings, wrong = _checked(tables)
    settings, incomplete = _complete(settings, name_of_machine)
    faults += wrong + incomplete
    if not any(fault.where.startswith("outbound.") for fault in wrong):
        faults += settings.outbound.faults()
    if not any(fault.where.startswith("actions.") for fault in wrong):
        faults += settings.actions.faults()
    faults += command_faults(settings.commands)
    faults += settings.extensions.wrong()
    faults += beyond(settings)
    if faults:
        raise InputError(*faults)
    return settings


def origins(
    file: Path | None, environment: Mapping[str, str], overrides: Sequence[str]
) -> dict[str, tuple[Source, str]]:
    """Return where settings come from that are not at their default, by dotted path.

    With the name of the variable, or the option. Tables that the owner names are one setting.
    """
    found: dict[str, tuple[Source, str]] = {}
    for section, table in (_read(file) if file is not None else {}).items():
        for path in _paths(section, table):
            found[path] = Source.FILE, ""
    for name, path, _ in _variables(environment):
        found[_setting_of(path)] = Source.ENVIRONMENT, name
    for text in overrides:
        path = text.partition("=")[0].strip()
        found[_setting_of(path)] = Source.OPTION, f"--set {path}"
    return found


def _paths(section: str, table: object) -> Iterator[str]:
    if section == "commands" or not isinstance(table, dict):
        yield section
    else:
        yield from (f"{section}.{key}" for key in table)


def _setting_of(path: str) -> str:
    section, _, key = path.partition(".")
    return section if section == "commands" else f"{section}.{key.partition('.')[0]}"


def tables_of(settings: Settings) -> dict[str, dict[str, Any]]:
    """Return the settings as the tables of a file, written as a person would."""
    tables: dict[str, dict[str, Any]] = _ADAPTER.dump_python(
        settings, mode="json", exclude_none=True
    )
    return tables


def _checked(tables: Tables) -> tuple[Settings, list[Fault]]:
    """Return the settings with every faulty one left out, and the faults."""
    try:
        return _ADAPTER.validate_python(tables), []
    except ValidationError as error:
        found = error.errors(include_url=False)
    for details in found:
        section, *keys = details["loc"]
        table = tables.get(str(section))
        if keys and isinstance(table, dict):
            table.pop(keys[0], None)
        else:
            tables.pop(str(section), None)
    return _ADAPTER.validate_python(tables), [_fault(details) for details in found]


def _read(file: Path) -> Tables:
    where = printable(str(file))
    try:
        text = file.read_text("utf-8")
    except OSError as error:
        remedy = "name another by --config, or make it: cp etc/bitrixmail.toml FILE"
        raise InputError(Fault(where, error.strerror or str(error), remedy)) from None
    except UnicodeDecodeError:
        raise InputError(Fault(where, "is not UTF-8", "save it in UTF-8")) from None
    return read_toml(text, where, "texts stand in quotes, lists in [ ]; https://toml.io shows how")


def _variables(environment: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yield name, path and value of the settings in an environment."""
    for name, value in sorted(environment.items()):
        section, separator, key = name.removeprefix(_PREFIX).partition("__")
        if name.startswith(_PREFIX) and separator:
            yield name, f"{section.lower()}.{key.lower()}", value


def _one_underscore(environment: Mapping[str, str]) -> Iterator[Fault]:
    """Find what was meant as a setting, and would be passed over in silence."""
    names = {
        f"{_PREFIX}{section.name}_{key.name}".upper(): f"{section.name}__{key.name}".upper()
        for section in fields(Settings)
        for key in _keys_of(section)
    }
    for name in sorted(environment.keys() & names.keys()):
        yield Fault(name, "is no setting", f"write it with two underscores: {_PREFIX}{names[name]}")


def _keys_of(section: Field[Any]) -> tuple[Field[Any], ...]:
    table = getattr(Settings(), section.name)
    return fields(table) if is_dataclass(table) else ()


def _put(tables: Tables, path: str, value: str) -> None:
    """Set one value by its dotted path; a namespace of log.levels has dots of its own.

    Commands have one more part, their name.
    """
    section, _, key = path.partition(".")
    table = tables.setdefault(section, {})
    if key.startswith("levels.") and section == "log" and isinstance(table, dict):
        table = table.setdefault("levels", {})
        key = key.removeprefix("levels.")
    elif section == "commands" and "." in key and isinstance(table, dict):
        name, _, key = key.partition(".")
        table = table.setdefault(name, {})
    if isinstance(table, dict):
        table[key] = value


def _fault(details: ErrorDetails) -> Fault:
    """Say what pydantic found in our words."""
    named = _dotted(details["loc"])
    where = printable(named)
    kind, context = details["type"], details.get("ctx", {})
    if kind in ("unexpected_keyword_argument", "extra_forbidden"):
        return _unknown_in_table(details["loc"]) if len(details["loc"]) > 2 else _unknown(named)
    if kind == "missing":
        return Fault(where, "is missing", "etc/bitrixmail.toml shows it")
    if kind == "setting":
        return Fault(where, context["what"], context["remedy"])
    if kind.startswith("dataclass"):
        return Fault(where, "is not a section", f"write it as a table: [{where}]")
    given = printable(repr(details["input"]), 80)
    if kind == "string_pattern_mismatch":
        choice = context["pattern"].strip("^$()").replace("|", " or ")
        return Fault(where, f"{given} will not do", f"it must be {choice}")
    return Fault(where, f"{given}: {details['msg'].lower()}", "etc/bitrixmail.toml shows it")


def _dotted(loc: tuple[int | str, ...]) -> str:
    """Write where something stands: `smtp.max_size`, `dns.servers.0`, `outbound.route[2].to`.

    Tables of a list are counted from 1, as a person does.
    """
    text = ""
    for part, following in zip(loc, (*loc[1:], None), strict=True):
        if part == "[key]":  # it was named before
            continue
        if isinstance(part, int) and isinstance(following, str):
            text += f"[{part + 1}]"
        else:
            text += f".{part}" if text else str(part)
    return text


def _unknown_in_table(loc: tuple[int | str, ...]) -> Fault:
    """Name the known key of a table in a list that an unknown one most resembles."""
    kind = Command if loc[0] == "commands" else _TABLES.get(str(loc[1]), Route)
    known = [field.name for field in fields(kind)]
    where, key = _dotted(loc), str(loc[-1])
    close = get_close_matches(key, known, 1)
    remedy = f'did you mean "{close[0]}"?' if close else f"it has {', '.join(known)}"
    return Fault(printable(where), "there is no such setting", remedy)


def _unknown(where: str) -> Fault:
    """Name the known key that an unknown one most resembles."""
    section, _, key = where.partition(".")
    known = {field.name: _keys(field.name) for field in fields(Settings)}
    if not key:
        close = get_close_matches(section, known, 1)
        remedy = f'did you mean "[{close[0]}]"?' if close else f"sections: {', '.join(known)}"
        return Fault(printable(where), "there is no such section", remedy)
    elsewhere = [f"{name}.{key}" for name, keys in known.items() if key in keys]
    close = [f"{section}.{name}" for name in get_close_matches(key, known.get(section, ()), 1)]
    remedy = f'did you mean "{(close or elsewhere)[0]}"?' if close or elsewhere else ""
    if not remedy:
        remedy = f"[{section}] has {', '.join(known.get(section, ()))}"
    return Fault(printable(where), "there is no such setting", remedy)


def _keys(section: str) -> tuple[str, ...]:
    values = getattr(Settings(), section)
    return tuple(field.name for field in fields(values)) if is_dataclass(values) else ()


def _complete(
    settings: Settings, name_of_machine: Callable[[], str]
) -> tuple[Settings, list[Fault]]:
    """Fill in what depends on other settings or the machine, and check what needs both."""
    faults: list[Fault] = []
    server, tls = settings.server, settings.tls
    data_dir = Path(server.data_dir or ".").absolute()
    try:
        hostname = to_ascii(server.hostname or name_of_machine())
    except ValueError as error:
        hostname = ""
        shown = printable(repr(server.hostname), 80)
        remedy = 'the name of this server, like "mx.example.org"'
        faults.append(Fault("server.hostname", f"{shown}: {error}", remedy))
    domains: list[str] = []
    for name in server.domains:
        try:
            domains.append(to_ascii(name))
        except ValueError as error:
            where = f"server.domains: {printable(name, 80)}"
            faults.append(Fault(where, str(error), 'write it like "example.org"'))
    if server.drain_timeout > MAX_DRAIN_S:
        faults.append(Fault("server.drain_timeout", "is longer than 30s", 'at most "30s"'))
    if bool(tls.certificate) != bool(tls.key):
        missing = "tls.key" if tls.certificate else "tls.certificate"
        faults.append(Fault(missing, "is missing", "give both the certificate and its key"))
    faults += _twice(settings)
    outbound, actions = settings.outbound, settings.actions
    secret_files = {name: _absolute(path) for name, path in actions.secret_files.items()}
    url, more = _database_url(settings.database.url, data_dir)
    complete = replace(
        settings,
        server=replace(server, hostname=hostname, data_dir=str(data_dir), domains=tuple(domains)),
        tls=replace(tls, certificate=_absolute(tls.certificate), key=_absolute(tls.key)),
        database=replace(settings.database, url=url),
        actions=replace(actions, secret_files=secret_files),
        outbound=replace(
            outbound,
            smarthost_password_file=_absolute(outbound.smarthost_password_file),
            route=tuple(
                replace(route, password_file=_absolute(route.password_file))
                for route in outbound.route
            ),
        ),
    )
    return complete, faults + more


def _twice(settings: Settings) -> Iterator[Fault]:
    """Find the endpoints that stand in their list again."""
    for door in (field.name for field in fields(settings.listen)):
        texts = [endpoint.text for endpoint in settings.listen.door(door)]
        for text in dict.fromkeys(text for text in texts if texts.count(text) > 1):
            yield Fault(
                f"listen.{door}", f'"{printable(text)}" stands there twice', "leave one out"
            )


def _absolute(path: str) -> str:
    return str(Path(path).absolute()) if path else ""


def _database_url(url: str, data_dir: Path) -> tuple[str, list[Fault]]:
    if not url:
        return f"{_SQLITE}{data_dir / 'bitrixmail.sqlite'}", []
    path = url.removeprefix(_SQLITE)
    if path == url or not path or "?" in path or path == ":memory:":
        shown = printable(url.partition("@")[2] or url, 80)
        remedy = (
            'this version keeps its data in a file of SQLite: "sqlite:///var/bitrixmail.sqlite"'
        )
        return url, [Fault("database.url", f'"{shown}" can\'t be used', remedy)]
    return f"{_SQLITE}{Path(path).absolute()}", []
