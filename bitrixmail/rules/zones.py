"""Names of time zones: which one was probably meant by a word that is none.

Pure; only the table of time zones is read from the system, once.
"""

from __future__ import annotations

import difflib
import re
from functools import lru_cache
from zoneinfo import available_timezones

_MAX_WORD = 40
# What people call a time zone and the table does not.
_CALLED = {
    "msk": "Europe/Moscow",
    "мск": "Europe/Moscow",
    "москва": "Europe/Moscow",
    "петербург": "Europe/Moscow",
    "санкт-петербург": "Europe/Moscow",
    "russia": "Europe/Moscow",
    "россия": "Europe/Moscow",
    "калининград": "Europe/Kaliningrad",
    "самара": "Europe/Samara",
    "екатеринбург": "Asia/Yekaterinburg",
    "ekaterinburg": "Asia/Yekaterinburg",
    "yekt": "Asia/Yekaterinburg",
    "омск": "Asia/Omsk",
    "новосибирск": "Asia/Novosibirsk",
    "красноярск": "Asia/Krasnoyarsk",
    "иркутск": "Asia/Irkutsk",
    "якутск": "Asia/Yakutsk",
    "владивосток": "Asia/Vladivostok",
    "камчатка": "Asia/Kamchatka",
    "минск": "Europe/Minsk",
    "алматы": "Asia/Almaty",
    "ташкент": "Asia/Tashkent",
    "киев": "Europe/Kyiv",
    "cest": "Europe/Berlin",
    "bst": "Europe/London",
    "edt": "America/New_York",
    "pst": "America/Los_Angeles",
    "pdt": "America/Los_Angeles",
}
# POSIX counts these westwards (the file `etcetera` of the tz database).
_TURNED = re.compile(r"Etc/GMT([+-])(\d{1,2})", re.ASCII | re.IGNORECASE)


@lru_cache(maxsize=1)
def _cities() -> dict[str, str]:
    """Return the zones by their names and by their cities, all in small letters."""
    zones = sorted(zone for zone in available_timezones() if not zone.startswith("Etc/"))
    cities = {zone.rpartition("/")[2].lower(): zone for zone in zones if "/" in zone}
    return cities | _CALLED | {zone.lower(): zone for zone in zones}


def meant_zone(word: str) -> str:
    """Return the name of the zone that was probably meant; empty if none comes to mind."""
    known = _cities()
    word = "_".join(word.lower().split())
    found = known.get(word) or known.get(word.rpartition("/")[2])
    if found or not 2 < len(word) <= _MAX_WORD:
        return found or ""
    # A slip is seldom in the first letter; a file may have thousands of slips.
    alike = [name for name in known if name[0] == word[0]]
    near = difflib.get_close_matches(word, alike, 1, 0.75)
    return known[near[0]] if near else ""


def turned_zone(name: str) -> str:
    """Say what a zone such as `Etc/GMT+3` means, the contrary of what it seems; else nothing."""
    found = _TURNED.fullmatch(name)
    if not found or not int(found[2]):
        return ""
    hours = f"{int(found[2]):02}:00"
    real, seeming = ("-", "+") if found[1] == "+" else ("+", "-")
    return f'"{name}" means UTC{real}{hours}; write "{seeming}{hours}" or "{real}{hours}"'
