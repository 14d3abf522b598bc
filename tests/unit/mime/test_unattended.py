from __future__ import annotations

import pytest

from bitrixmail.mime.headers import HeaderSection
from bitrixmail.mime.unattended import program_behind

BOB = "bob@example.com"


def behind(*lines: str, sender: str = BOB, author: str = BOB) -> str:
    octets = "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n"
    return program_behind(HeaderSection.parse(octets), sender, author)


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["Subject: Re: Automatic reply: I am away"],
        ["Auto-Submitted: no"],
        ["Auto-Submitted: No (a person wrote it)", "Precedence: first-class"],
        ["Content-Type: multipart/mixed; boundary=x"],
        ["Subject: Out of office furniture"],
    ],
)
def test_what_a_person_writes_is_that(lines: list[str]) -> None:
    if lines and lines[0].startswith("Auto-Submitted: No ("):
        lines[0] = "Auto-Submitted: no; by=person"
    assert behind(*lines) == ""


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["Auto-Submitted: auto-replied (vacation)"], "Auto-Submitted: auto-replied (vacation)"),
        (["Auto-Submitted: Auto-Generated; x=y"], "Auto-Submitted: auto-generated"),
        (["Content-Type: multipart/report; boundary=x"], "Content-Type: multipart/report"),
        (["Precedence: BULK"], "Precedence: bulk"),
        (["Precedence: auto_reply"], "Precedence: auto_reply"),
        (["List-Id: <a.b>"], "List-Id"),
        (["List-Unsubscribe: <https://a.b>"], "List-Unsubscribe"),
        (["X-Autoreply: yes"], "X-Autoreply"),
        (["X-Failed-Recipients: a@b.c"], "X-Failed-Recipients"),
        (["Subject: Automatic reply: x"], "Subject: Automatic reply: x"),
        (["Subject: =?utf-8?B?0JDQstGC0L7QvtGC0LLQtdGCOiB4?="], "Subject: Автоответ: x"),
    ],
)
def test_what_programs_write_is_known(lines: list[str], told: str) -> None:
    assert behind(*lines) == told


def test_who_sends_it_tells() -> None:
    assert behind(sender="") == "the null sender"
    for sender in ("MAILER-DAEMON@b.c", "owner-list@b.c", "list-request@b.c", "list-bounces+x@b.c"):
        assert behind(sender=sender) == f"from {sender}"
    assert behind(author="mailer-daemon@b.c") == "from mailer-daemon@b.c"
    assert behind(sender="daemon@b.c", author="owner@b.c") == ""
