"""What settings are for, in Russian: by dotted path, of a section by its name."""

from __future__ import annotations

from dataclasses import replace

from bitrixmail.admin.settings_words.doors_russian import DOORS
from bitrixmail.admin.settings_words.mail_russian import MAIL
from bitrixmail.model.settings_book import Section

WORDS = {**DOORS, **MAIL}


def section_in_russian(section: Section) -> Section:
    """Say what a section and its settings are for in Russian; what is not known stays English."""
    settings = tuple(
        replace(each, help=WORDS.get(each.path, each.help)) for each in section.settings
    )
    return replace(section, help=WORDS.get(section.name, section.help), settings=settings)
