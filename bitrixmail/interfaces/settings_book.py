"""The settings of the running server, to be read and changed in their file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.interface import Interface

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bitrixmail.model.settings_book import Book, Change


class ISettingsBook(Interface):
    """Reads all sources anew each time. Secrets do not leave it."""

    async def read() -> Book:
        """Return all settings. Raises InputError if the file can't be used as it is."""

    async def write(texts: Mapping[str, str | None], seen: Mapping[str, str]) -> tuple[Change, ...]:
        """Change settings in the file: by dotted path the text of a form, None for the default.

        What is the same as before is left alone. All or nothing, and comments stay. Raises
        InputError with every fault, each at the path of its setting; the file is then as before.

        `seen`: the marks of what the form showed, see `mark_of`. A text that is the one shown is
        left alone; ChangedMeanwhileError: another has changed what is to be changed.
        """

    async def put_back(path: str, before: str) -> tuple[Change, ...]:
        """Give a setting the value of a Change; empty: take it out of the file. Raises InputError.

        A secret in it stays what it is now.
        """
