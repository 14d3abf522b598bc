"""The language in which rules and traces are told: as asked, or as the surroundings have it."""

from __future__ import annotations

from collections.abc import Mapping

import click

_LANGUAGES = ("en", "ru")

lang_option = click.option(
    "--lang",
    type=click.Choice(_LANGUAGES),
    help="In English or Russian; by default as LC_ALL, LC_MESSAGES or LANG say.",
)


def language_of(environment: Mapping[str, str]) -> str:
    """Return the language of the surroundings; the first variable that is set counts."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if environment.get(name):
            return "ru" if environment[name].lower().startswith("ru") else "en"
    return "en"
