"""The `bitrixmail` command starts here: composes what its commands are handed.

Heavy imports wait until a command needs them, so that `--help` is quick.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from bitrixmail.admin.probes.users import user_name
from bitrixmail.cli.language import language_of
from bitrixmail.cli.root import root
from bitrixmail.cli.session import GlobalOptions, SettingsError, ShownSettings
from bitrixmail.model.errors import InputError

if TYPE_CHECKING:
    from bitrixmail.admin.office import Office
    from bitrixmail.app.settings.sources import SettingSources
    from bitrixmail.app.settings.tree import Settings
    from bitrixmail.model.finding import Finding

T = TypeVar("T")


def main() -> None:
    """Run the command line of this process, then leave it."""
    root.main(prog_name="bitrixmail", obj=Composition(os.environ))


class Composition:
    """See cli.session.Composer. Made by `main`, lives as long as the process."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    @contextmanager
    def office(self, options: GlobalOptions) -> Iterator[Office]:
        """See Composer."""
        from bitrixmail.app.office import opened_office  # noqa: PLC0415 - half a second

        with opened_office(self._load(options)) as office:
            yield office

    def settings(self, options: GlobalOptions, *, files: bool = False) -> ShownSettings:
        """See Composer."""
        from bitrixmail.app.settings.loading import load_settings, tables_of  # noqa: PLC0415 - slow

        settings = self._load(options, files=files)
        # The place of the database follows from that of the data: it is not changed by itself.
        data_dir = f"server.data_dir={settings.server.data_dir}"
        defaults = tables_of(load_settings(overrides=[data_dir]))
        defaults["server"]["data_dir"] = load_settings().server.data_dir
        file = self._file(options)
        shown = "" if file is None else str(file)
        return ShownSettings(shown, tables_of(settings), defaults, settings.warnings())

    def _file(self, options: GlobalOptions) -> Path | None:
        from bitrixmail.app.settings.loading import settings_file  # noqa: PLC0415 - slow

        return settings_file(options.config, self._environment)

    def _sources(self, options: GlobalOptions) -> SettingSources:
        from bitrixmail.app.settings.sources import SettingSources  # noqa: PLC0415 - slow

        overrides = options.overrides
        if options.data_dir is not None:
            overrides += (f"server.data_dir={options.data_dir}",)
        return SettingSources(self._file(options), self._environment, overrides)

    def _load(self, options: GlobalOptions, *, files: bool = False) -> Settings:
        from bitrixmail.app.sending.ways import rules_of  # noqa: PLC0415 - slow

        try:
            settings = self._sources(options).load(beyond=files)
            if not files:  # else it was looked at with the rest
                rules_of(settings, secrets=False)
        except InputError as error:
            raise SettingsError(tuple(map(str, error.faults))) from error
        return settings

    def wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """See Composer. The stores do everything at once: nothing is waited for."""
        from bitrixmail.store.opening import done  # noqa: PLC0415 - half a second

        result: T = done(coroutine)
        return result

    def examine(
        self, options: GlobalOptions, only: Sequence[str], progress: Callable[[str, int, int], None]
    ) -> tuple[Finding, ...]:
        """See Composer. Runs the reactor of this process: once."""
        from bitrixmail.app.looks.doctor import examination  # noqa: PLC0415 - half a second

        return examination(self._load(options), only, progress, self._sources(options).command())

    def check_names(
        self, options: GlobalOptions, domain: str
    ) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
        """See Composer. Runs the reactor of this process: once."""
        from bitrixmail.app.looks.dns_check import checked_names  # noqa: PLC0415 - half a second

        return checked_names(self._load(options), domain)

    def version(self) -> str:
        """See Composer."""
        from bitrixmail.app.options import versions  # noqa: PLC0415 - slow

        return versions()

    def author(self) -> str:
        """See Composer. Of who became root by sudo it is the one who did."""
        user = self._environment.get("SUDO_USER", "") if os.getuid() == 0 else ""
        return user or user_name(os.getuid())

    def language(self) -> str:
        """See Composer."""
        return language_of(self._environment)
