"""What the pages print is in the language of who reads."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bitrixmail.admin.mailbox_troubles import Trouble
from bitrixmail.web.rendering import Rendering

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
REFUSED = (
    "550 5.6.0 Content has CR or LF standing alone (from <ann@example.net> at 127.0.0.1, 66 times"
    " in this minute)"
)


def written(language: str, source: str, **values: object) -> str:
    template = Rendering({})._environments[language].from_string(source)
    return template.render(values)


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "mail refused: 550 5.6.0 Content has CR or LF standing alone (from"),
        (
            "ru",
            (
                "письмо не принято: в письме есть CR или LF поодиночке, а не парой CR LF (550)"
                " (от ann@example.net с 127.0.0.1, раз за минуту: 66)"
            ),
        ),
    ],
)
def test_the_last_error_of_a_mailbox_is_told_as_on_the_page_of_the_log(
    language: str, expected: str
) -> None:
    source = '{% import "accounts_parts.html" as mine %}{{ mine.trouble(trouble, zone) }}'
    page = written(language, source, trouble=Trouble(AT, text=REFUSED), zone=UTC)
    assert expected in page


def test_a_listener_that_fails_is_not_called_as_a_kind_of_the_log_is() -> None:
    source = '{{ _("failed") }}, {{ _("does not listen") }}'
    assert written("ru", source) == "не удалось, не запущен"
