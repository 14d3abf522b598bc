"""A moment as a person types it, taken in the time zone of the rules where none is named."""

from __future__ import annotations

from datetime import datetime

from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.text import printable
from bitrixmail.rules.times import read_moment, zone_of


def typed_moment(text: str, where: str, timezone: str) -> datetime:
    """Return the first instant of a day or moment; `where` names the option. Raises InputError."""
    try:
        return read_moment(text).span(zone_of(timezone))[0]
    except ValueError as error:
        remedy = 'for example 2026-01-31 or "2026-01-31 14:00"'
        raise InputError(Fault(f'{where} "{printable(text, 80)}"', str(error), remedy)) from None
