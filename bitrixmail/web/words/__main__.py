"""Collect the texts of pages and templates into the files of words: `make words`.

A text that is gone is dropped; a new one stands there with no translation.
"""

from __future__ import annotations

from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOM = Path(__file__).parents[1]
_METHODS = [("**.py", "python"), ("templates/**.html", "jinja2.ext:babel_extract")]
_OPTIONS = {"templates/**.html": {"trim_blocks": "true", "lstrip_blocks": "true"}}
_KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2)}


def collected() -> Catalog:
    """Return all texts there are, without translations."""
    catalog = Catalog(fuzzy=False)
    found = extract_from_dir(ROOM, _METHODS, _OPTIONS, keywords=_KEYWORDS)
    for _file, _line, text, _comments, context in found:
        catalog.add(text, context=context)
    return catalog


def kept(language: str) -> Catalog:
    """Read the words of a language."""
    source = ROOM / "words" / f"{language}.po"
    if not source.is_file():
        return Catalog(language, fuzzy=False)
    with source.open("rb") as stream:
        return read_po(stream, locale=language)


def main() -> None:
    """Bring every language up to date."""
    for language in ("ru",):
        words = kept(language)
        words.update(collected(), no_fuzzy_matching=True, update_header_comment=False)
        words.obsolete.clear()
        words.fuzzy = False
        with (ROOM / "words" / f"{language}.po").open("wb") as stream:
            write_po(stream, words, width=100, sort_output=True, no_location=True, omit_header=True)


if __name__ == "__main__":
    main()
