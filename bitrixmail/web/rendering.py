"""Templates in two languages: Jinja2 with all values escaped, gettext, times for people."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from importlib import resources
from io import BytesIO
from typing import Any

from babel.dates import format_datetime, format_timedelta
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import Translations
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from bitrixmail.admin.events_russian import event_in_russian, rule_in_russian, trouble_in_russian
from bitrixmail.admin.faults.russian import place_in_russian, sentence_in_russian
from bitrixmail.model.text import printable
from bitrixmail.web.visit import LANGUAGES, Visit
from bitrixmail.web.words.probes import PROBES

_PACKAGE = "bitrixmail.web"
_UNITS = {"en": ("KiB", "MiB", "GiB", "TiB"), "ru": ("КиБ", "МиБ", "ГиБ", "ТиБ")}
_CODE = re.compile(r"`([^`\n]+)`")


class Rendering:
    """Writes pages. Made by compose once the room is wanted, lives as long as the server.

    `shared` are values that every page has.
    """

    def __init__(self, shared: Mapping[str, Any]) -> None:
        self._translations = {language: _translations(language) for language in LANGUAGES}
        self._environments = {
            language: _environment(language, translations)
            for language, translations in self._translations.items()
        }
        self._shared = dict(shared)

    def prepare(self) -> None:
        """Read the phrasebooks. Takes a moment: call it in a thread."""
        for say in (sentence_in_russian, place_in_russian, event_in_russian, trouble_in_russian):
            say("-")

    def page(self, visit: Visit, template: str, context: Mapping[str, Any]) -> str:
        """Return a page in the language of who asks, with times in his zone."""
        environment = self._environments[visit.language]
        return environment.get_template(template).render(
            {
                **self._shared,
                "said": "",
                "said_failed": False,
                **context,
                "visit": visit,
                "zone": visit.zone,
                "csrf": lambda: _hidden(visit),
            }
        )

    def said(self, language: str, text: str, **values: object) -> str:
        """Translate one sentence, then put values into it."""
        found: str = self._translations[language].gettext(text)
        return found % values if values else found


def _translations(language: str) -> Translations:
    """Read the words of a language; English is what the templates say."""
    source = resources.files(_PACKAGE) / "words" / f"{language}.po"
    if not source.is_file():
        return Translations()
    compiled = BytesIO()
    with source.open("rb") as stream:
        write_mo(compiled, read_po(stream, locale=language))
    compiled.seek(0)
    return Translations(compiled)


def _environment(language: str, translations: Translations) -> Environment:
    environment = Environment(
        loader=PackageLoader(_PACKAGE),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.install_gettext_translations(translations, newstyle=True)  # type: ignore[attr-defined]
    environment.filters |= {
        "size": lambda octets: size(octets, language),
        "tenths": lambda value: tenths(value, language),
        "printable": printable,
        "moment": lambda at, zone: moment(at, zone, language),
        "lasting": lambda delta: format_timedelta(delta, locale=language),
        "seconds": lambda seconds: format_timedelta(timedelta(seconds=seconds), locale=language),
        "number": lambda number: format_decimal(number, locale=language),
        "coded": coded,
        "probe": lambda code: translations.gettext(str(PROBES.get(code, code))),
    }
    russian = language == "ru"
    environment.filters |= {
        "told": (lambda text: coded(sentence_in_russian(text))) if russian else escape,
        "place": (lambda text: coded(place_in_russian(text))) if russian else escape,
        "subject": _subject if russian else escape,
        "rule_name": rule_in_russian if russian else str,
        "trouble": (lambda text: coded(trouble_in_russian(text))) if russian else escape,
        "happened": (lambda text: coded(event_in_russian(text))) if russian else escape,
    }
    return environment


def _subject(text: str) -> Markup:
    """Write what a finding is about on a page in Russian: a name in Latin letters is code."""
    return coded(f"`{text}`" if text and text.isascii() else text)


def coded(text: str) -> Markup:
    """Write what stands in `…` as code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped before


def _hidden(visit: Visit) -> Markup:
    """Return the field that shows that a form is one of ours."""
    token = "" if visit.session is None else visit.session.csrf
    return Markup('<input type="hidden" name="csrf" value="{}">').format(token)


def size(octets: int, language: str) -> str:
    """Write a size as people read it."""
    if octets < 1024:
        return f"{octets} {'Б' if language == 'ru' else 'B'}"
    value, unit = octets / 1024, 0
    while value >= 1000 and unit < len(_UNITS["en"]) - 1:
        value, unit = value / 1024, unit + 1
    return f"{tenths(value, language)} {_UNITS[language][unit]}"


def tenths(value: float, language: str) -> str:
    """Write a number with one digit behind its point."""
    return str(format_decimal(value, "#,##0.0", locale=language))


def moment(at: datetime | None, zone: tzinfo, language: str) -> str:
    """Write a moment in the zone of who reads; nothing for none."""
    if at is None:
        return ""
    return format_datetime(at.astimezone(zone), "d MMM y, HH:mm:ss", locale=language)
