"""Errors as a shell meets them: lines on stderr and a code of sysexits.h. Mapped here only."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from bitrixmail.cli.consent import RefusedError
from bitrixmail.cli.output import complain, say
from bitrixmail.cli.session import SettingsError
from bitrixmail.model.errors import (
    ExistsError,
    InputError,
    MailError,
    NotFoundError,
    SetupError,
    StoreFullError,
    TemporaryError,
)

INTERRUPTED = 130  # as a shell has it: 128 + SIGINT


class NoInputError(Exception):
    """A file or message that a command should read is not there, or can't be read."""

    def __init__(self, *lines: str, exit_code: int = os.EX_NOINPUT) -> None:
        super().__init__("; ".join(lines))
        self.lines = lines
        self.exit_code = exit_code


@contextmanager
def message_wanted() -> Iterator[None]:
    """Tell a message that is not there (66) from a mailbox that is not there (67)."""
    try:
        yield
    except NotFoundError as error:
        raise NoInputError(*map(str, error.faults)) from None


def exit_code(error: BaseException) -> int:
    """Tell an error on stderr, one line per fault, and return the code for the shell."""
    if _in_consequence_of(error, KeyboardInterrupt):
        return _interrupted(error)
    for kind, tell in _TOLD:
        if isinstance(error, kind):
            return tell(error)
    # Not bad input but a bug: whoever mends it needs to know where.
    say("error: a bug in bitrixmail; what follows tells where")
    for line in "".join(traceback.format_exception(error)).rstrip("\n").split("\n"):
        say(line)
    return os.EX_SOFTWARE


def _in_consequence_of(error: BaseException, kind: type[BaseException]) -> bool:
    """Tell whether an error came while another was on its way, as where ^C hits amid a commit."""
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        if isinstance(found, kind):
            return True
        seen.add(id(found))
        found = found.__cause__ or found.__context__
    return False


def _help(error: click.UsageError) -> int:
    click.echo(error.format_message(), err=True)
    return os.EX_USAGE


def _usage(error: click.UsageError) -> int:
    hint = f" (see {error.ctx.command_path} --help)" if error.ctx else ""
    say(f"error: {error.format_message().removesuffix('.')}{hint}")
    return os.EX_USAGE


def _interrupted(_error: BaseException) -> int:
    say("interrupted")
    return INTERRUPTED


def _refused(error: RefusedError) -> int:
    say(str(error))
    return error.exit_code


def _input(error: InputError) -> int:
    complain(error.faults)
    if isinstance(error, NotFoundError):
        return os.EX_NOUSER
    return os.EX_CANTCREAT if isinstance(error, ExistsError) else os.EX_DATAERR


def _settings(error: SettingsError) -> int:
    for line in error.faults:
        say(f"error: {line}")
    return os.EX_CONFIG


def _setup(error: SetupError) -> int:
    ways = f" ({'; or '.join(error.remedies)})" if error.remedies else ""
    say(f"error: {error.problem}{ways}")
    return error.exit_code


def _no_input(error: NoInputError) -> int:
    for line in error.lines:
        say(f"error: {line}")
    return error.exit_code


def _mail(error: MailError) -> int:
    what = "is full" if isinstance(error, StoreFullError) else "is not available now"
    say(f"error: the store {what}: {error.cause or error.reply} (try again later)")
    return os.EX_TEMPFAIL if isinstance(error, TemporaryError) else os.EX_UNAVAILABLE


def _not_text(error: UnicodeEncodeError) -> int:
    """Tell of an argument in another encoding: Python has half letters for its octets."""
    say(f'error: "{error.object}": is not UTF-8 (see what the terminal sends)')
    return os.EX_DATAERR


def _system(error: OSError) -> int:
    say(f"error: {error.filename or 'output'}: {error.strerror or error}")
    return os.EX_NOPERM if isinstance(error, PermissionError) else os.EX_IOERR


# The first that fits tells the error.
_TOLD: tuple[tuple[type[BaseException], Callable[[Any], int]], ...] = (
    (click.exceptions.NoArgsIsHelpError, _help),
    (click.UsageError, _usage),
    (click.Abort, _interrupted),
    (KeyboardInterrupt, _interrupted),
    (RefusedError, _refused),
    (InputError, _input),
    (SettingsError, _settings),
    (SetupError, _setup),
    (NoInputError, _no_input),
    (MailError, _mail),
    (UnicodeEncodeError, _not_text),
    (OSError, _system),
)
