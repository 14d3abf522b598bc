"""The settings of commands that rules may have run: [commands.NAME]. See `settings`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import ceil
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, ConfigDict

from bitrixmail.app.settings.values import (
    FORBID,
    Count,
    Octets,
    Patience,
    Seconds,
    as_list,
    as_table,
    doc,
    wrong,
)
from bitrixmail.model import command as model
from bitrixmail.model.errors import Fault
from bitrixmail.model.text import printable

_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
_LONGEST_S = 900.0
_USER = re.compile(r"[a-z_][a-z0-9_.-]{0,31}")
_OURS = "BITRIXMAIL_"
# Nothing can be run with less
_LEAST_OCTETS = 16 * 2**20
_LEAST_FILES = 16
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,60}")


def _argv(given: object) -> object:
    """Return a program and its arguments; the program by its whole path."""
    if isinstance(given, str) and given.lstrip().startswith("["):
        given = as_list(given)
    if not isinstance(given, list | tuple) or not all(isinstance(each, str) for each in given):
        raise wrong(
            f"{printable(repr(given), 80)} is not a list of texts",
            'a program and its arguments, each by itself: ["/usr/bin/php", "/srv/shop/mail.php"]',
        )
    if not given or not given[0].startswith("/") or any("\0" in each for each in given):
        raise wrong(
            "the program is not named by its whole path", 'for example ["/usr/bin/php", "…"]'
        )
    return tuple(given)


def _places(given: object) -> object:
    if isinstance(given, bool) or not isinstance(given, int | str) or not 1 <= int(given) <= 100:
        raise wrong(f"{printable(repr(given), 80)} will not do", "from 1 to 100")
    return int(given)


def _user(given: object) -> object:
    if not isinstance(given, str) or (given and not _USER.fullmatch(given)):
        raise wrong(f"{printable(repr(given), 80)} is no name of a user", 'for example "www-data"')
    return given


def _environment(given: object) -> object:
    given = as_table(given)
    if isinstance(given, dict):
        for name, text in given.items():
            shown = printable(str(name), 40)
            if not _VARIABLE.fullmatch(str(name)) or "\0" in str(text):
                raise wrong(f'"{shown}" can\'t be a variable', "its name: letters, digits and _")
            if str(name).startswith(_OURS):
                what = f'"{shown}" is told by this program itself'
                raise wrong(what, f"a name that does not begin with {_OURS}")
    return given


@dataclass(frozen=True, slots=True)
class Command:
    """A program that a rule may have run: do = "command", name = "NAME": docs/extending.md.

    Only what stands here can be run: whoever may write rules chooses among these, and no more.
    Reread at SIGHUP.
    """

    __pydantic_config__: ClassVar[ConfigDict] = FORBID

    argv: Annotated[
        tuple[str, ...],
        BeforeValidator(_argv),
        doc("The program by its whole path, and its arguments; there is no shell."),
    ]
    timeout: Annotated[
        Patience, doc("How long it may take; then it gets SIGTERM, and 5 s later SIGKILL.")
    ] = 60.0
    at_once: Annotated[
        int, BeforeValidator(_places), doc("How many of it run at one time; of all commands 8.")
    ] = 2
    user: Annotated[
        str,
        BeforeValidator(_user),
        doc(
            "The user it runs as, by name. Empty: the server's own. It needs a server that runs as"
            " root, or has the capabilities CAP_SETUID and CAP_SETGID."
        ),
    ] = ""
    directory: Annotated[str, doc("Where it runs.")] = "/"
    memory: Annotated[
        Octets,
        doc(
            "Address space it may use; 0: no limit, as programs need that reserve much more than"
            " they use (Node.js, Java)."
        ),
    ] = 2**30
    cpu: Annotated[Seconds, doc("Processor time it may use; 0: no limit.")] = 60.0
    file_size: Annotated[Octets, doc("Size of each file it may write; 0: no limit.")] = 2**30
    files: Annotated[Count, doc("Files it may have open; 0: no limit.")] = 256
    processes: Annotated[
        Count, doc("Processes of its user, with all others of him; 0: no limit.")
    ] = 0
    environment: Annotated[
        dict[str, str],
        BeforeValidator(_environment),
        doc('Further variables of its environment: { LANG = "ru_RU.UTF-8" }.'),
    ] = field(default_factory=dict)

    def allowed(self) -> model.Command:
        """Return it as the runner takes it."""
        return model.Command(
            argv=self.argv,
            timeout_s=self.timeout,
            at_once=self.at_once,
            user=self.user,
            directory=self.directory or "/",
            memory_octets=self.memory,
            cpu_s=ceil(self.cpu),
            file_octets=self.file_size,
            open_files=self.files,
            processes=self.processes,
            environment=tuple(self.environment.items()),
        )


Commands = Annotated[dict[str, Command], BeforeValidator(as_table)]


def command_faults(commands: dict[str, Command]) -> Iterator[Fault]:
    """Find what is wrong with names, and what no program or attempt can keep to."""
    for name, command in commands.items():
        where = f"commands.{printable(name, 60)}"
        if command.timeout > _LONGEST_S:
            what = f"{command.timeout:.0f} s are more than an attempt may take"
            yield Fault(f"{where}.timeout", what, 'at most "15m"')
        if command.directory and not command.directory.startswith("/"):
            what = f'"{printable(command.directory)}" is no whole path'
            yield Fault(f"{where}.directory", what, 'for example "/srv/shop"')
        if 0 < command.memory < _LEAST_OCTETS:
            what = "is too little for any program"
            yield Fault(f"{where}.memory", what, 'at least "16MiB"; 0: no limit')
        if 0 < command.files < _LEAST_FILES:
            what = "are too few for any program"
            yield Fault(f"{where}.files", what, f"at least {_LEAST_FILES}; 0: no limit")
        if not _NAME.fullmatch(name):
            yield Fault(where, "is no name", "letters, digits, - and _, up to 40 of them")


def allowed_commands(commands: dict[str, Any]) -> dict[str, model.Command]:
    """Return the commands as the courier takes them, by their names."""
    return {name: command.allowed() for name, command in commands.items()}
