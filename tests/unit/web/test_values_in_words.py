"""Names, sizes, durations and places of the pages, in the language of who reads."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bitrixmail.model.settings_book import HIDDEN, Kind, Setting, Source
from bitrixmail.web.rendering import coded, size, tenths
from bitrixmail.web.visit import Visit
from bitrixmail.web.words.deeds import changed_values
from bitrixmail.web.words.settings import in_words, is_default, name_of

SETTING = Setting("smtp.data_timeout", "", Kind.DURATION, "5m", "5m", Source.FILE, live=True)


@pytest.mark.parametrize(
    ("kind", "text", "russian", "english"),
    [
        (Kind.DURATION, "1m", "1 минута", "1 minute"),
        (Kind.DURATION, "2h", "2 часа", "2 hours"),
        (Kind.DURATION, "5d", "5 дней", "5 days"),
        (Kind.DURATION, "21s", "21 секунда", "21 seconds"),
        (Kind.SIZE, "1.5MiB", "1,5 МиБ", "1.5 MiB"),
        (Kind.SIZE, "512B", "512 байт", "512 bytes"),
        (Kind.SIZE, "large", "", ""),
        (Kind.TEXT, "5m", "", ""),
    ],
)
def test_a_value_is_said_in_words(kind: Kind, text: str, russian: str, english: str) -> None:
    setting = replace(SETTING, kind=kind)
    assert in_words(setting, text, "ru") == russian
    assert in_words(setting, text, "en") == english


def test_what_the_file_says_as_the_default_is_the_default() -> None:
    assert is_default(SETTING)
    assert is_default(replace(SETTING, source=Source.DEFAULT))
    assert not is_default(replace(SETTING, value="6m"))
    assert not is_default(replace(SETTING, source=Source.OPTION))
    assert not is_default(replace(SETTING, value="", default="", secret=True))


def test_a_setting_has_a_name_in_words() -> None:
    assert name_of("smtp.max_size", "ru") == "Размер письма"
    assert name_of("smtp.max_size", "en") == "Max size"
    assert name_of("outbound", "en") == "Delivery to others"


@pytest.mark.parametrize(
    ("octets", "russian", "english"),
    [(5, "5 Б", "5 B"), (1536, "1,5 КиБ", "1.5 KiB"), (2**40 * 3, "3,0 ТиБ", "3.0 TiB")],
)
def test_a_size_is_written_as_people_read_it(octets: int, russian: str, english: str) -> None:
    assert size(octets, "ru") == russian
    assert size(octets, "en") == english
    assert tenths(1234.56, "ru") == "1\N{NO-BREAK SPACE}234,6"


def test_code_is_marked_and_nothing_else_gets_through() -> None:
    assert coded("see `a<b` & <i>") == "see <code>a&lt;b</code> &amp; &lt;i&gt;"


def test_the_other_language_shows_the_same_page() -> None:
    visit = Visit(
        "GET", "/log", {"what": ("a b", "ю&"), "kind": ("",)}, {}, {}, "", "", False, False
    )
    assert visit.here == "/log?what=a+b&what=%D1%8E%26&kind="
    assert replace(visit, query={}).here == "/log"
    assert (
        replace(visit, method="POST", came_from="/rules/edit?name=x").here == "/rules/edit?name=x"
    )


def test_a_secret_is_only_said_to_be_changed() -> None:
    assert changed_values('{"from": "1", "to": "2"}') == ("1", "2")
    assert changed_values(f'{{"from": "", "to": "\\"{HIDDEN}\\""}}') is None
    assert changed_values("cut of") is None
