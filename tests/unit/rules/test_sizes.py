"""Sizes as they are typed, in either language, wherever one is."""

from __future__ import annotations

import pytest
from pydantic_core import PydanticCustomError

from bitrixmail.admin import typed
from bitrixmail.app.settings.values import parse_size
from bitrixmail.model.errors import InputError
from bitrixmail.rules.operators import size_octets
from bitrixmail.web.rendering import size

SIZES = [
    ("0", 0),
    ("512", 512),
    ("10MB", 10_000_000),
    ("10 мб", 10_000_000),
    ("5Кб", 5000),
    ("3 гб", 3 * 10**9),
    ("64киб", 65_536),
    ("1 KiB", 1024),
    ("1,5 МиБ", 3 * 2**19),
    ("1.5MiB", 3 * 2**19),
    ("2,0\N{NO-BREAK SPACE}ГиБ", 2**31),
    ("100 байт", 100),
    ("7Б", 7),
]


@pytest.mark.parametrize(("text", "octets"), SIZES)
def test_settings_quotas_and_rules_take_the_same_sizes(text: str, octets: int) -> None:
    assert parse_size(text) == typed.size_octets(text) == size_octets(text) == octets


@pytest.mark.parametrize(
    "text", ["", "x", "МиБ", "1 5", "-1", "1,", "1,500MB", "10 м", "1 МиБит", "0,5"]
)
def test_what_is_no_size_is_none_anywhere(text: str) -> None:
    with pytest.raises(PydanticCustomError):
        parse_size(text)
    with pytest.raises(InputError):
        typed.size_octets(text)
    with pytest.raises(ValueError, match="a size is"):
        size_octets(text)


@pytest.mark.parametrize("octets", [512, 1024, 2**21, 2**31, 5 * 2**29, 3 * 2**40])
def test_what_a_page_prints_can_be_typed(octets: int) -> None:
    for language in ("en", "ru"):
        assert typed.size_octets(size(octets, language)) == octets
