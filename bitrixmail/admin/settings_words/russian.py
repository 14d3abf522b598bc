"""What settings are called and for, in Russian: by dotted path, of a section by its name.

What is code stands in `…`.
"""

from __future__ import annotations

from dataclasses import replace

from bitrixmail.admin.settings_words.doors_russian import DOORS
from bitrixmail.admin.settings_words.mail_russian import MAIL
from bitrixmail.admin.settings_words.names_russian import NAMES
from bitrixmail.model.settings_book import Section

WORDS = {**DOORS, **MAIL}


def section_in_russian(section: Section) -> Section:
    """Say what a section and its settings are for in Russian; what is not known stays English."""
    settings = tuple(
        replace(each, help=WORDS.get(each.path, each.help)) for each in section.settings
    )
    return replace(section, help=WORDS.get(section.name, section.help), settings=settings)


def name_in_russian(path: str) -> str:
    """Return what a setting, or a section, is called; its own name if that is not known."""
    return NAMES.get(path, path.rpartition(".")[2])
