"""The settings as a person sees and changes them: each with its help, and where it comes from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import Enum

HIDDEN = "(hidden)"
_MARK_DIGITS = 16


def mark_of(text: str) -> str:
    """Return what a form remembers of a text that it shows; line ends are those of its page."""
    shown = text.replace("\r\n", "\n").strip()
    return hashlib.sha256(shown.encode("utf-8", "replace")).hexdigest()[:_MARK_DIGITS]


class Kind(Enum):
    """How a setting is written, and so which field of a form it has."""

    FLAG = "flag"
    CHOICE = "choice"
    NUMBER = "number"
    SIZE = "size"
    DURATION = "duration"
    TEXT = "text"
    LINES = "lines"  # a list, one entry a line
    TOML = "toml"  # a table or several, as in the file


class Source(Enum):
    """Where a value comes from; what is above the file can't be changed in it."""

    DEFAULT = "default"
    FILE = "file"
    ENVIRONMENT = "environment"
    OPTION = "option"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting. Texts are as a form has them; of a secret they are empty.

    `live`: a change takes effect without a restart. `by`: which variable or option sets it, if
    that is not the file.
    """

    path: str
    help: str
    kind: Kind
    value: str
    default: str
    source: Source
    live: bool
    choices: tuple[str, ...] = ()
    secret: bool = False
    is_set: bool = False
    by: str = ""

    @property
    def key(self) -> str:
        """Its name within its section."""
        return self.path.partition(".")[2] or self.path

    @property
    def mark(self) -> str:
        """What a form remembers of it, see `mark_of`."""
        return mark_of(self.value)

    @property
    def locked(self) -> bool:
        """Whether the file does not decide it."""
        return self.source in {Source.ENVIRONMENT, Source.OPTION}


@dataclass(frozen=True, slots=True)
class Section:
    """A section with its help, and its settings in the order of the annotated file."""

    name: str
    help: str
    settings: tuple[Setting, ...]


@dataclass(frozen=True, slots=True)
class Book:
    """All settings. `file`: empty if there is none; `remedies`: how to let the server write it."""

    file: str
    sections: tuple[Section, ...]
    remedies: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def writable(self) -> bool:
        """Whether settings can be changed here."""
        return bool(self.file) and not self.remedies


@dataclass(frozen=True, slots=True)
class Change:
    """What was changed in the file. `before`, `after`: as JSON; empty: it did not stand there.

    Secrets in them say HIDDEN.
    """

    path: str
    before: str
    after: str
