"""The settings of the running server for its pages: see ISettingsBook."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_type_hints

from twisted.internet.defer import DeferredLock
from zope.interface import implementer

from bitrixmail.app.sending.ways import rules_of
from bitrixmail.app.settings.commands import Command
from bitrixmail.app.settings.file import change_file, remedies_for
from bitrixmail.app.settings.forms import (
    description_of,
    holds_tables,
    is_secret,
    kind_of,
    masked,
    text_of,
    unmasked,
    value_of,
)
from bitrixmail.app.settings.loading import origins, tables_of
from bitrixmail.app.settings.reload import is_live
from bitrixmail.app.settings.sources import SettingSources
from bitrixmail.app.settings.tree import Settings
from bitrixmail.interfaces.settings_book import ISettingsBook
from bitrixmail.interfaces.threads import IThreads
from bitrixmail.model.errors import ChangedMeanwhileError, Fault, InputError, SetupError
from bitrixmail.model.settings_book import (
    HIDDEN,
    Book,
    Change,
    Kind,
    Section,
    Setting,
    Source,
    mark_of,
)
from bitrixmail.model.text import printable
from bitrixmail.net.tls import ServerTLS

_MOST_TOLD = 500
_Tables = Mapping[str, Mapping[str, Any]]


@implementer(ISettingsBook)
class SettingsBook:
    """See ISettingsBook. Made by who composes the pages; one change at a time."""

    def __init__(self, sources: SettingSources, threads: IThreads) -> None:
        self._sources = sources
        self._threads = threads
        self._lock = DeferredLock()

    async def read(self) -> Book:
        """See ISettingsBook."""
        return await self._threads.run(self._read)

    def _read(self) -> Book:
        settings = self._sources.load()
        tables, defaults = tables_of(settings), _defaults(settings)
        where = origins(self._sources.file, self._sources.environment, self._sources.overrides)
        file = self._sources.file
        return Book(
            file="" if file is None else str(file),
            sections=tuple(_sections(tables, defaults, where)),
            remedies=() if file is None else remedies_for(file),
            warnings=settings.warnings(),
        )

    async def write(
        self, texts: Mapping[str, str | None], seen: Mapping[str, str]
    ) -> tuple[Change, ...]:
        """See ISettingsBook."""
        return await self._lock.run(self._threads.run, self._write, texts, seen)

    def _write(
        self, texts: Mapping[str, str | None], seen: Mapping[str, str]
    ) -> tuple[Change, ...]:
        book = self._read()
        known = {setting.path: setting for section in book.sections for setting in section.settings}
        values: dict[str, Any] = {}
        faults: list[Fault] = []
        stale: list[Fault] = []
        for path, text in texts.items():
            if text is not None and seen.get(path) == mark_of(text):
                continue
            setting = known.get(path)
            if setting is None:
                faults.append(Fault(path, "there is no such setting"))
                continue
            if setting.locked:
                faults.append(Fault(path, f"is set by {setting.by}", "change it there"))
                continue
            if seen.get(path, setting.mark) != setting.mark and _differs(setting, text):
                stale.append(_meanwhile(setting))
            elif text is None or (setting.kind is Kind.TOML and not _as_shown(text)):
                if text is None or setting.value:
                    values[path] = None
            elif _as_shown(text) != setting.value or (setting.secret and text):
                try:
                    values[path] = value_of(setting.kind, path, text)
                except InputError as error:
                    faults += error.faults
        if stale:
            raise ChangedMeanwhileError(*stale, *faults)
        return self._put(values, faults)

    async def put_back(self, path: str, before: str) -> tuple[Change, ...]:
        """See ISettingsBook."""
        if before == json.dumps(HIDDEN):
            raise InputError(Fault(path, "was a secret, which nobody has written down"))
        value = json.loads(before) if before else None
        return await self._lock.run(self._threads.run, self._put, {path: value})

    def _put(self, values: Mapping[str, Any], faults: Sequence[Fault] = ()) -> tuple[Change, ...]:
        """Put values into the file, or tell all that is wrong with it and what was found before."""
        file = self._sources.file
        if file is None:
            what = "there is no file of settings"
            remedy = "make one: cp etc/bitrixmail.toml FILE, and start with --config FILE"
            raise InputError(Fault("settings", what, remedy))
        tables = tables_of(self._sources.load())
        whole = {
            path: None if value is None else unmasked(value, _found(tables, path))
            for path, value in values.items()
        }
        private = any(value and HIDDEN in _told(path, value) for path, value in whole.items())

        def check(fresh: Path) -> None:
            found = [*faults]
            try:
                self._check(fresh)
            except InputError as error:
                found += error.faults
            if found:
                raise InputError(*found)

        changed = change_file(file, whole, check, private=private)
        if faults:  # with nothing else to be changed, nothing was checked
            raise InputError(*faults)
        return tuple(
            Change(path, _told(path, before), _told(path, after))
            for path, (before, after) in changed.items()
        )

    def _check(self, file: Path) -> None:
        """Find whether a server would start with it. Raises InputError."""
        settings = self._sources.load(file)
        rules_of(settings)
        settings.actions.read_secrets()
        if settings.tls.certificate:
            files = Path(settings.tls.certificate), Path(settings.tls.key)
            try:
                ServerTLS().load(*files, datetime.now(UTC))  # noqa: TID251 - as an expiry is
            except SetupError as error:
                where, _, what = error.problem.partition(": ")
                raise InputError(Fault(where, what, "; ".join(error.remedies))) from error


def _defaults(settings: Settings) -> _Tables:
    """Return the defaults as they are where this server keeps its data."""
    data_dir = f"server.data_dir={settings.server.data_dir}"
    defaults = tables_of(SettingSources(overrides=(data_dir,)).load())
    defaults["server"]["data_dir"] = Settings().server.data_dir
    return defaults


def _sections(
    tables: _Tables, defaults: _Tables, where: Mapping[str, tuple[Source, str]]
) -> Iterator[Section]:
    for section in fields(Settings):
        shown = getattr(Settings(), section.name)
        if not is_dataclass(shown):  # tables that the owner names
            text = inspect.cleandoc(Command.__doc__ or "")
            setting = _setting(section.name, Kind.TOML, (tables, defaults), where, help_text=text)
            yield Section(section.name, text, (setting,))
            continue
        hints = get_type_hints(type(shown), include_extras=True)
        found = []
        for key in fields(shown):
            hint, path = hints[key.name], f"{section.name}.{key.name}"
            kind, choices = kind_of(hint, defaults[section.name].get(key.name))
            kind = Kind.TOML if holds_tables(hint) else kind
            help_text = description_of(hint)
            found.append(
                _setting(path, kind, (tables, defaults), where, choices, help_text=help_text)
            )
        yield Section(section.name, inspect.cleandoc(type(shown).__doc__ or ""), tuple(found))


def _setting(
    path: str,
    kind: Kind,
    both: tuple[_Tables, _Tables],
    where: Mapping[str, tuple[Source, str]],
    choices: tuple[str, ...] = (),
    *,
    help_text: str,
) -> Setting:
    tables, defaults = both
    value, secret = _found(tables, path), is_secret(path) and kind is not Kind.TOML
    source, by = where.get(path, (Source.DEFAULT, ""))
    return Setting(
        path=path,
        help=help_text,
        kind=kind,
        value="" if secret else text_of(kind, path, value),
        default="" if secret else text_of(kind, path, _found(defaults, path)),
        source=source,
        live=is_live(path),
        choices=choices,
        secret=secret,
        is_set=bool(value),
        by=by,
    )


def _found(tables: _Tables, path: str) -> Any:
    section, _, key = path.partition(".")
    table = tables.get(section, {})
    return table.get(key) if key else table


def _as_shown(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _differs(setting: Setting, text: str | None) -> bool:
    """Whether a text says something else than what is in force; None says the default."""
    return setting.source is Source.FILE if text is None else _as_shown(text) != setting.value


def _meanwhile(setting: Setting) -> Fault:
    now = printable(setting.value, _MOST_TOLD)
    what = f'somebody else has changed it meanwhile: it is now "{now}"'
    return Fault(setting.path, what, "save again to put yours in its place")


def _told(path: str, value: Any) -> str:
    """Write a value down for those who look later; no secret."""
    if value is None:
        return ""
    key = path.rpartition(".")[2]
    shown = HIDDEN if is_secret(key) and not isinstance(value, dict) else masked(value, key)
    return json.dumps(shown, ensure_ascii=False, default=str)
