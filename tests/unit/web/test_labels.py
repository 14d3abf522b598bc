"""What a button is called for who hears it begins with what it is for who sees it (WCAG 2.5.3)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import bitrixmail.web
from bitrixmail.web.pages.tokens import RIGHTS
from bitrixmail.web.pages.users import ROLES
from bitrixmail.web.words.__main__ import kept

_TEMPLATES = Path(bitrixmail.web.__file__).parent / "templates"
_TEXT = r"""\{\{ _\((?:'([^']+)'|"([^"]+)")[^}]*\) \}\}"""
_BUTTON = re.compile(rf"<button[^<]*? aria-label=\"{_TEXT}\"(?:(?!</button>).)*?>{_TEXT}</button>")


def named() -> list[tuple[str, str]]:
    """Return the name of each button that has one of its own, and what stands on it."""
    texts = "\n".join(file.read_text() for file in sorted(_TEMPLATES.glob("*.html")))
    return [(each[1] or each[2], each[3] or each[4]) for each in _BUTTON.finditer(texts)]


@pytest.mark.parametrize("language", ["en", "ru"])
def test_what_stands_on_a_button_is_in_its_name(language: str) -> None:
    words = kept(language)

    def said(text: str) -> str:
        found = words.get(text)
        return str(found.string if found is not None else text).casefold()

    assert len(named()) > 5
    assert [pair for pair in named() if said(pair[1]) not in said(pair[0])] == []


def test_nobody_is_told_that_he_sees_what_he_does_not() -> None:
    words = kept("ru")
    for told in (*ROLES.values(), *RIGHTS.values()):
        found = words.get(told)
        assert found is not None
        assert "everything" not in told
        assert "всё" not in str(found.string)
