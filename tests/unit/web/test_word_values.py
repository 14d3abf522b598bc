"""A translated text has the same values in it as the English one: else its page would fail."""

from __future__ import annotations

import re

from bitrixmail.web.words.__main__ import kept

_VALUE = re.compile(r"%\((\w+)\)s")


def test_the_values_are_the_same() -> None:
    russian = kept("ru")
    assert russian.num_plurals == 3
    for message in russian:
        english = message.id[-1] if isinstance(message.id, tuple) else str(message.id)
        said = (message.string,) if isinstance(message.string, str) else message.string or ()
        for text in filter(None, said if english else ()):
            assert set(_VALUE.findall(text)) == set(_VALUE.findall(english)), english
