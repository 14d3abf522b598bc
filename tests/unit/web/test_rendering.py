"""What the pages print is in the language of who reads."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from bitrixmail.admin.mailbox_troubles import Trouble
from bitrixmail.model.finding import Finding, Severity
from bitrixmail.web.rendering import Rendering
from bitrixmail.web.words.probes import PROBES
from tests.fakes.fault_texts import ROOM

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


@pytest.mark.parametrize(
    ("probe", "subject", "english", "russian"),
    [
        ("mx", "example.org", "Where mail comes to (MX): example.org",
         "Куда приходит почта (MX): <code>example.org</code>"),
        ("clock", "clock", "Clock", "Часы"),
        ("clock", "часы", "Clock: часы", "Часы"),
        ("ptr", "PTR", "Name of the address (PTR)", "Имя адреса (PTR)"),
    ],
)  # fmt: skip
def test_the_doctor_says_in_words_what_it_looked_at(
    probe: str, subject: str, english: str, russian: str
) -> None:
    source = '{% from "finding.html" import told with context %}{{ told(finding, is_command) }}'
    for language, heading in (("en", english), ("ru", russian)):
        found = Finding(probe, subject, Severity.OK, "x")
        page = written(language, source, finding=found, is_command=bool)
        assert f"{heading} <small><code>{probe}</code></small></h3>" in " ".join(page.split())


def test_every_probe_has_a_name_in_words() -> None:
    files = [*(ROOM / "admin").rglob("*.py"), *(ROOM / "app" / "looks").glob("*.py")]
    constant = re.compile(r'^(?:NAME|PROBE) = "([a-z]+)"', re.MULTILINE)
    called = re.compile(r'\b(?:Finding|AskingProbe)\(\s*"([a-z]+)"')
    own = re.compile(r'^    name = "([a-z]+)"$', re.MULTILINE)
    codes: set[str] = set()
    for file in files:
        text = file.read_text()
        codes |= {*constant.findall(text), *called.findall(text)}
        if file.parent.name == "probes":
            codes |= set(own.findall(text))
    assert codes == set(PROBES)


def test_name_and_address_of_an_author_stand_apart_on_one_line_too() -> None:
    source = '{% import "parts.html" as parts with context %}{{ parts.author(text) }}'
    made = written("en", source, text="Мария <b>x</b> <maria@example.net>")
    text = re.sub(r"<br>", "", made).replace("</span>", "")
    assert re.sub(r"<span[^>]*>", "", text).strip() == (
        "Мария &lt;b&gt;x&lt;/b&gt; maria@example.net"
    )
    assert written("en", source, text="maria@example.net").strip() == "maria@example.net"
