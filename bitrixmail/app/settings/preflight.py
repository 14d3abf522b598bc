"""What settings name beyond themselves: files, programs' users and directories, extensions.

Looked at by whoever checks them, who is told everything that is wrong at once. The server finds the
same at its start, or as late as somebody needs it.
"""

from __future__ import annotations

import pwd
from collections.abc import Callable, Iterator
from pathlib import Path

from bitrixmail.app.extending.extensions import extension_faults
from bitrixmail.app.sending.ways import rules_of
from bitrixmail.app.settings.tree import Settings
from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.text import printable


def preflight(settings: Settings) -> Iterator[Fault]:
    """Find what is not there, or can't be used. Extensions are loaded, as a command does it."""
    yield from _raised(lambda: rules_of(settings))
    yield from _raised(settings.actions.read_secrets)
    yield from _of_commands(settings)
    yield from extension_faults(settings)


def _raised(look: Callable[[], object]) -> tuple[Fault, ...]:
    try:
        look()
    except InputError as error:
        return error.faults
    return ()


def _of_commands(settings: Settings) -> Iterator[Fault]:
    for name, command in settings.commands.items():
        where = f"commands.{printable(name, 60)}"
        if command.user and not _is_user(command.user):
            what = f'"{command.user}" is no user of this machine'
            yield Fault(f"{where}.user", what, f"make it: useradd --system {command.user}")
        directory = command.directory
        if directory.startswith("/") and not Path(directory).is_dir():
            what = f"{printable(directory)} is no directory"
            yield Fault(f"{where}.directory", what, "make it, or name another one")


def _is_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True
