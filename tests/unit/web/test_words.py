"""Every text of the pages has its Russian, and each place in it stands in the Russian too."""

from __future__ import annotations

import re
from typing import Any

from bitrixmail.web.words.__main__ import collected, kept

_PLACE = re.compile(r"%\(\w+\)s|\{[a-z_:A-Z0-9]+\}")
_NAMES = {"{secret:NAME}": "{secret:ИМЯ}"}


def _texts(message: Any) -> list[tuple[str, str]]:
    if isinstance(message.id, tuple):
        return [(message.id[1], text) for text in message.string]
    return [(message.id, message.string)]


def test_every_text_has_its_russian() -> None:
    russian = kept("ru")
    missing = []
    for message in collected():
        found = russian.get(message.id) if message.id else message
        if found is None or not found.string or not all(found.string):
            missing.append(message.id)
    assert not [text for text in missing if text]


def test_what_is_filled_in_stands_in_the_russian() -> None:
    wrong = []
    for message in kept("ru"):
        if not message.id or not message.string:
            continue
        for english, text in _texts(message):
            wanted = {_NAMES.get(place, place) for place in _PLACE.findall(english)}
            if wanted != set(re.findall(r"%\(\w+\)s|\{[a-z_:A-Z0-9А-Я]+\}", text)):
                wrong.append(english)
    assert not wrong
