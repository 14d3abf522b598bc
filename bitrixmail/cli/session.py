"""What the commands are handed: the use cases, the settings, and how to wait for a coroutine."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import click

if TYPE_CHECKING:  # what they import is slow, and `--help` needs none of it
    from bitrixmail.admin.accounts import Accounts
    from bitrixmail.admin.dkim import DKIM
    from bitrixmail.admin.grants import Grants
    from bitrixmail.admin.mail_export import MailExport
    from bitrixmail.admin.mail_import import MailImport
    from bitrixmail.admin.messages import Messages
    from bitrixmail.admin.quarantine import Quarantine
    from bitrixmail.admin.queue import Queue
    from bitrixmail.admin.routes import Routes
    from bitrixmail.admin.rule_book import RuleBook
    from bitrixmail.admin.rule_runs import RuleRuns
    from bitrixmail.admin.rules import Rules
    from bitrixmail.admin.senders import Senders
    from bitrixmail.admin.site import Sites
    from bitrixmail.admin.spam import Spam
    from bitrixmail.admin.spam_thresholds import SpamThresholds
    from bitrixmail.admin.suppressions import Suppressions
    from bitrixmail.admin.tickets import Tickets
    from bitrixmail.model.finding import Finding

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class GlobalOptions:
    """The options before the command, as given."""

    config: str | None = None
    overrides: tuple[str, ...] = ()
    data_dir: str | None = None


@dataclass(frozen=True, slots=True)
class Office:
    """The use cases over opened stores. Made by the composer, ends with the command.

    `hostname` is the name of the server.
    """

    accounts: Accounts
    grants: Grants
    messages: Messages
    rules: Rules
    sites: Sites
    runs: RuleRuns
    rule_book: RuleBook
    mail_import: MailImport
    mail_export: MailExport
    queue: Queue
    routes: Routes
    suppressions: Suppressions
    tickets: Tickets
    dkim: DKIM
    spam: Spam
    thresholds: SpamThresholds
    senders: Senders
    quarantine: Quarantine
    hostname: str


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
