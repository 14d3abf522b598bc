"""What settings are called on their page, what their choices mean, and their values in words."""

from __future__ import annotations

import re

from babel.numbers import format_decimal
from babel.units import format_unit

from bitrixmail.admin.settings_words.russian import name_in_russian
from bitrixmail.model.settings_book import Kind, Setting, Source
from bitrixmail.web.words import _

# A section whose key says too little
_SECTIONS = {
    "listen": "Listeners",
    "tls": "Certificate",
    "dns": "DNS",
    "smtp": "Receiving",
    "access": "Reading mail",
    "submission": "Sending from mailboxes",
    "outbound": "Delivery to others",
    "actions": "Actions of rules",
    "pickup": "Mail of programs",
    "commands": "Programs",
    "web": "Pages and API",
}
CHOICES = {
    "auto": _("by itself"),
    "yes": _("yes"),
    "no": _("no"),
    "debug": _("everything, for a search of errors"),
    "info": _("what happens"),
    "warn": _("what is to be minded"),
    "error": _("errors"),
    "critical": _("only what is fatal"),
    "text": _("lines"),
    "json": _("JSON objects"),
}
_MEASURE = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w|B|KB|MB|GB|KiB|MiB|GiB)")
_LASTING = {
    "ms": "duration-millisecond",
    "s": "duration-second",
    "m": "duration-minute",
    "h": "duration-hour",
    "d": "duration-day",
    "w": "duration-week",
}
_SIZES = {"KB": "КБ", "MB": "МБ", "GB": "ГБ", "KiB": "КиБ", "MiB": "МиБ", "GiB": "ГиБ"}


def name_of(path: str, language: str) -> str:
    """Return what a setting or a section is called."""
    if language == "ru":
        return name_in_russian(path)
    key = path.rpartition(".")[2]
    return _SECTIONS.get(path) or key.replace("_", " ").capitalize()


def in_words(setting: Setting, text: str, language: str) -> str:
    """Return a size or a duration in words; empty for what needs none, or is not one."""
    found = _MEASURE.fullmatch(text.strip())
    if found is None or setting.kind not in {Kind.SIZE, Kind.DURATION}:
        return ""
    number, unit = float(found[1]), found[2]
    number = int(number) if number.is_integer() else number
    if unit in _LASTING:
        return str(format_unit(number, _LASTING[unit], "long", locale=language))
    if unit == "B":
        return str(format_unit(number, "digital-byte", "long", locale=language))
    shown = format_decimal(number, locale=language)
    return f"{shown} {_SIZES[unit] if language == 'ru' else unit}"


def is_default(setting: Setting) -> bool:
    """Tell whether a setting is as it would be if nobody had said anything."""
    if setting.source is Source.DEFAULT:
        return True
    same = not setting.secret and setting.value == setting.default
    return setting.source is Source.FILE and same
