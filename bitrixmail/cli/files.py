"""Files that commands read and write; `-` is standard input or output."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import click

from bitrixmail.cli.failures import NoInputError
from bitrixmail.model.text import printable

# A message has at most 50 MiB by default; nobody types a file of a quarter of a GiB.
MAX_OCTETS = 256 * 2**20


def name_of(file: str) -> str:
    """Return how faults name a file."""
    return "standard input" if file == "-" else printable(file)


def read_octets(name: str) -> bytes:
    """Read a file whole, bounded. Raises NoInputError."""
    try:
        if name == "-":
            octets = sys.stdin.buffer.read(MAX_OCTETS + 1)
        else:
            with Path(name).open("rb") as file:
                octets = file.read(MAX_OCTETS + 1)
    except OSError as error:
        code = os.EX_NOPERM if isinstance(error, PermissionError) else os.EX_NOINPUT
        remedy = "see who may read it" if code == os.EX_NOPERM else "see whether the path is right"
        line = f"{name_of(name)}: {error.strerror or error} ({remedy})"
        raise NoInputError(line, exit_code=code) from None
    if len(octets) > MAX_OCTETS:
        line = f"{name_of(name)}: has more than {MAX_OCTETS >> 20} MiB (split it)"
        raise NoInputError(line, exit_code=os.EX_DATAERR)
    return octets


def read_text(name: str) -> str:
    """Read a file of UTF-8, with or without a byte order mark. Raises NoInputError."""
    try:
        return read_octets(name).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = f"{name_of(name)}: is not UTF-8 at octet {error.start} (save it in UTF-8)"
        raise NoInputError(line, exit_code=os.EX_DATAERR) from None


def write_octets(name: str, octets: bytes) -> None:
    """Write a file nobody else may read, or standard output. Raises NoInputError if it can't be."""
    if name == "-":
        stream = sys.stdout.buffer
        stream.write(octets)
        stream.flush()
        return
    try:
        with os.fdopen(_opened(name), "wb") as file:
            file.write(octets)
    except OSError as error:
        code = os.EX_NOPERM if isinstance(error, PermissionError) else os.EX_CANTCREAT
        line = f"{name_of(name)}: {error.strerror or error} (name another place)"
        raise NoInputError(line, exit_code=code) from None


def _opened(name: str) -> int:
    """Open for writing: what is written is mail, and what stood there may have been for all."""
    descriptor = os.open(name, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        # A terminal, a pipe or /dev/null stays as it is
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.fchmod(descriptor, 0o600)
            os.ftruncate(descriptor, 0)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def password_line() -> str:
    """Read a password from the first line of standard input. Raises UsageError if there is none."""
    line = sys.stdin.buffer.readline(64 * 1024)
    try:
        text = line.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise click.UsageError("the password on standard input is not UTF-8") from None
    if not text:
        raise click.UsageError("no password on standard input: printf 'secret word' | bitrixmail …")
    return text


def typed_password() -> str | None:
    """Ask for a password at a terminal, twice; None where nobody sits at one."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    answer: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return answer
