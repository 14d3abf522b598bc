"""List files: values of a test that are kept apart from the rules, one a line.

Pure: who has the folder hands in the reading. Names are words and never paths.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.rule import Test
from bitrixmail.model.text import printable

MAX_LIST_VALUES = 100_000
_NAME = re.compile(r"\w[\w.-]{0,99}")
# Texts whose line ends and runs of blanks count as one blank where they are compared.
_SPACED_FIELDS = ("body", "message")

# Returns the values of a list file by its name. If it can't be read, raises InputError where rules
# are looked at before they are used, and LookupError where mail goes on without it.
Lists = Callable[[str], tuple[str, ...]]


def list_name(text: str) -> str:
    """Return the name of a list file. Raises ValueError with a sentence for people."""
    if not _NAME.fullmatch(text):
        raise ValueError("a list is named by letters, digits, dots and dashes, without a folder")
    return text


def parse_list(text: str) -> tuple[str, ...]:
    """Read the text of a list file, a value a line; a line that begins with `#` is for people.

    What follows the value number MAX_LIST_VALUES is not looked at.
    """
    lines = (line.strip() for line in text.removeprefix("\ufeff").splitlines())
    values = dict.fromkeys(line for line in lines if line and not line.startswith("#"))
    return tuple(values)[:MAX_LIST_VALUES]


def no_lists(name: str) -> tuple[str, ...]:
    """Know no list at all: for who has no folder of them. Raises InputError always."""
    remedy = "put the file into the folder lists of the server's data_dir"
    raise InputError(Fault(f"list {printable(name, 60)}", "there are no lists here", remedy))


def values_of(test: Test, lists: Lists = no_lists) -> tuple[str, ...]:
    """Return all values of a test, those of its lists behind its own, ready to be folded.

    Raises InputError and LookupError as `lists` does.
    """
    values = test.value
    if test.lists:
        listed = (value for name in test.lists for value in lists(name))
        values = tuple(dict.fromkeys((*values, *listed)))
    if test.field in _SPACED_FIELDS and test.op != "regex":
        values = tuple(re.sub(r"\s+", " ", value) for value in values)
    return values
