from __future__ import annotations

from dataclasses import replace

import pytest

from bitrixmail.mime.headers import HeaderSection
from bitrixmail.mime.parts import parse_body
from bitrixmail.mime.ticket_mail import DeskMail, compose, subject_of
from tests.fakes.drafts import RECEIVED

MAIL = DeskMail(
    desk="desk@example.org",
    to="bob@example.com",
    number=7,
    subject="Принтер\r\nBcc: eve@evil.example",
    text="Починили.\n\nDesk\n",
    message_id="<Q1@mx.example.org>",
    at=RECEIVED,
    reply_to="desk+t7.abcdefghijklmnop@example.org",
    references=["<a@x>", "<b@x>"],
)


def test_an_answer_leads_back_into_its_ticket() -> None:
    octets = compose(MAIL)
    headers = HeaderSection.parse(octets)
    assert octets.isascii()
    assert [name.decode() for name, _ in headers.fields()] == [
        "From", "To", "Reply-To", "Subject", "Date", "Message-ID", "In-Reply-To", "References",
        "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
    ]  # fmt: skip
    assert headers.text("reply-to") == "<desk+t7.abcdefghijklmnop@example.org>"
    assert headers.text("subject") == "Re: [#7] Принтер Bcc: eve@evil.example"
    assert headers.text("in-reply-to") == "<b@x>"
    assert headers.text("references") == "<a@x> <b@x>"
    assert parse_body(octets, headers).text == "Починили.\n\nDesk\n"
    assert all(len(line) <= 78 for line in octets.split(b"\r\n"))


def test_what_a_program_says_is_marked() -> None:
    octets = compose(replace(MAIL, automatic=True, reply_to="", references=()))
    headers = HeaderSection.parse(octets)
    assert headers.text("auto-submitted") == "auto-replied"
    for name in ("reply-to", "in-reply-to", "references"):
        assert headers.count(name) == 0


@pytest.mark.parametrize(
    ("subject", "written"),
    [
        ("Printer", "Re: [#7] Printer"),
        ("Re: Printer", "Re: [#7] Printer"),
        ("RE: Fwd: [#7] Re: Printer", "Re: [#7] Printer"),
        ("[#8] Printer", "Re: [#7] [#8] Printer"),
        ("", "Re: [#7]"),
    ],
)
def test_a_subject_has_its_number_once(subject: str, written: str) -> None:
    assert subject_of(7, subject) == written
