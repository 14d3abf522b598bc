from __future__ import annotations

import pytest

from bitrixmail.mime.charset import codec_name, guess_charset, warm

CYRILLIC = ("windows-1251", "koi8-r", "cp866", "iso-8859-5")
SHORT = (
    "Привет", "Счет", "Отчёт за июль", "Анна", "СРОЧНО!!!", "СЧЁТ НА ОПЛАТУ", "Акт", "Re: договор",
    "ИВАН ПЕТРОВ", "Иван Петров", "RE: ВАШ ЗАКАЗ", "Прайс-лист", "Да", "Мы", "тест", "Уведомление",
    "Яндекс", "Отпуск", "Объявление", "Бухгалтерия", "Доставка: заказ собран", "Fwd: Акт сверки",
    "СЧЕТ", "СЧЕТ 5", "СЧЁТ 5", "ЧЕК", "Re: КП", "ОПЛАТА", "ЗАКАЗ 17", "НДС",
)  # fmt: skip


@pytest.mark.parametrize("charset", CYRILLIC)
@pytest.mark.parametrize("text", SHORT)
def test_a_short_russian_text_is_read(text: str, charset: str) -> None:
    octets = text.encode(charset)
    assert octets.decode(guess_charset(octets)) == text


@pytest.mark.parametrize("charset", CYRILLIC)
def test_a_long_russian_text_is_read(charset: str) -> None:
    text = "Добрый день! Направляем вам счёт за июль, просим оплатить его до пятницы. " * 50
    octets = text.encode(charset)
    assert octets.decode(guess_charset(octets)) == text


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        ("Größe für Übung", "cp1252"),
        ("España año", "cp1252"),
        ("Smörgåsbord à la carte", "cp1252"),
        ("您的订单已发货", "gb18030"),
        ("發票通知", "big5"),
        ("注文確認のお知らせ", "euc_jp"),
        ("안녕하세요", "cp949"),
        ("Τιμολόγιο για την παραγγελία", "cp1253"),
    ],
)
def test_what_is_not_cyrillic_is_not_made_so(text: str, charset: str) -> None:
    octets = text.encode(charset)
    assert octets.decode(guess_charset(octets)) == text


def test_octets_without_meaning_are_guessed_too() -> None:
    for sample in (b"", b"\x80", bytes(range(256)), b"\xff" * 5000, b"\r\n" * 99):
        sample.decode(guess_charset(sample), "replace")


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("UTF-8", "utf_8"),
        (' "Windows-1251" ', "cp1251"),
        ("x-cp1251", "cp1251"),
        ("KOI8-R", "koi8_r"),
        ("utf-8*ru", "utf_8"),
        ("ibm866", "cp866"),
        ("x-mac-cyrillic", "mac_cyrillic"),
        ("iso-8859-1", "cp1252"),
        ("unknown-8bit", None),
        ("rot13", None),
        ("zlib", None),
        ("", None),
        ("a" * 100_000, None),
        ("../../etc", None),
    ],
)
def test_names_of_charsets(name: str, codec: str | None) -> None:
    assert codec_name(name) == codec


def test_warming_makes_the_tables_ready() -> None:
    warm()
