"""Faults in Russian: pure, English sentences in, Russian ones out; what is code stands in `…`.

The rooms below tell faults in English; a face says them in its reader's language. A sentence that
is not known stays as it is; a test reads all that can be raised from the source.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

from bitrixmail.admin.faults.notes_russian import NOTES
from bitrixmail.admin.faults.people_russian import PEOPLE
from bitrixmail.admin.faults.places_russian import PLACES
from bitrixmail.admin.faults.rules_russian import RULES
from bitrixmail.admin.faults.settings_russian import SETTINGS
from bitrixmail.admin.findings.faults_russian import FAULT_SENTENCES
from bitrixmail.admin.phrasebook import Phrasebook
from bitrixmail.model.errors import Fault

_KEY = re.compile(r"[a-z][a-z0-9_.:-]*")


def fault_in_russian(fault: Fault) -> Fault:
    """Say what is wrong, where, and how to mend it in Russian."""
    return replace(
        fault,
        where=place_in_russian(fault.where),
        what=sentence_in_russian(fault.what),
        remedy=sentence_in_russian(fault.remedy),
    )


def sentence_in_russian(text: str) -> str:
    """Say what is wrong, or how to mend it."""
    return _sentences().said(text) or text


def place_in_russian(text: str) -> str:
    """Say where a fault is: whole, or each place on the way to it."""
    found = _places().said(text)
    return found or ": ".join(map(_part, text.split(": ")))


def _part(text: str) -> str:
    """Say one place; a key that has no word of its own is code."""
    return _places().said(text) or (f"`{text}`" if _KEY.fullmatch(text) else text)


@cache
def _sentences() -> Phrasebook:
    from bitrixmail.rules.templates import load_templates  # noqa: PLC0415 - slow, and for few

    slots = [slot for template in load_templates() for slot in template.slots]
    filled = {f"{slot.name}=…: {slot.english}": slot.russian for slot in slots}
    tables = (PEOPLE, RULES, NOTES, SETTINGS, filled)
    return Phrasebook(FAULT_SENTENCES, *(table.items() for table in tables))


@cache
def _places() -> Phrasebook:
    return Phrasebook(PLACES.items())
