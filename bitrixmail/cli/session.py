"""What the commands are handed: the use cases, the settings, and how to wait for a coroutine."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import click

if TYPE_CHECKING:  # what they import is slow, and `--help` needs none of it
    from bitrixmail.admin.office import Office
    from bitrixmail.model.finding import Finding

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class GlobalOptions:
    """The options before the command, as given."""

    config: str | None = None
    overrides: tuple[str, ...] = ()
    data_dir: str | None = None


@dataclass(frozen=True, slots=True)
class ShownSettings:
    """The settings in force as tables of a file, the defaults likewise, and what to know."""

    file: str
    tables: dict[str, dict[str, Any]]
    defaults: dict[str, dict[str, Any]]
    warnings: tuple[str, ...] = ()


class Composer(Protocol):
    """What composes for the commands: made by the console script, lives as long as it."""

    def office(self, options: GlobalOptions) -> AbstractContextManager[Office]:
        """Open the stores; raises SettingsError, SetupError, MailError."""

    def settings(self, options: GlobalOptions, *, files: bool = False) -> ShownSettings:
        """Read the settings, with `files` also those of passwords; raises SettingsError."""

    def wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Return the result of a coroutine over the stores, or raise its error."""

    def examine(
        self, options: GlobalOptions, only: Sequence[str], progress: Callable[[str, int, int], None]
    ) -> tuple[Finding, ...]:
        """Look at the surroundings, or at what is named; raises SettingsError, InputError.

        `progress` is told what has been looked at, how many, and of how many.
        """

    def check_names(
        self, options: GlobalOptions, domain: str
    ) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
        """Look at the records of a domain; return what was found, and which keys now sign.

        Raises what `office` does, and NotFoundError.
        """

    def version(self) -> str:
        """Return the versions of the program and of what it stands on."""

    def author(self) -> str:
        """Return who is at work, for the history of the rules."""

    def language(self) -> str:
        """Return the language of the surroundings: `en` or `ru`."""


class SettingsError(Exception):
    """The settings can't be used; `faults` are one line each."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


@dataclass(slots=True)
class Session:
    """One call of the command line: opens the stores when the first use case is asked for.

    Made by the root command, closed with its context.
    """

    composer: Composer
    options: GlobalOptions
    context: click.Context
    _office: Office | None = field(default=None, init=False)

    @property
    def office(self) -> Office:
        """The use cases; opened at the first call."""
        if self._office is None:
            self._office = self.context.with_resource(self.composer.office(self.options))
        return self._office

    def wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Return the result of a use case, or raise its error."""
        return self.composer.wait(coroutine)


def pass_session(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command its session as the first argument."""
    return click.pass_obj(function)
