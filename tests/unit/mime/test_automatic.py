"""What a program has sent is known as such, by the envelope, by header fields, or by its text."""

from __future__ import annotations

from pathlib import Path

import pytest

from bitrixmail.mime.automatic import automatic, program_behind, telling
from bitrixmail.mime.dsn_reading import read_bounce
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.mime.parts import parse_body
from tests.corpus.automatic import AUTOMATIC, WRITTEN
from tests.corpus.bounce_facts import FOLDER


def why(octets: bytes, sender: str) -> str:
    headers = HeaderSection.parse(octets)
    bounce = "a bounce" if read_bounce(octets, headers) else ""
    text = parse_body(octets, headers).text
    return automatic(headers, sender) or bounce or telling(headers, text)


@pytest.mark.parametrize("name", AUTOMATIC)
def test_what_a_program_wrote(name: str) -> None:
    assert why(AUTOMATIC[name].octets(), AUTOMATIC[name].sender)


@pytest.mark.parametrize("name", WRITTEN)
def test_what_people_write(name: str) -> None:
    assert why(WRITTEN[name].octets(), WRITTEN[name].sender) == ""


@pytest.mark.parametrize("name", WRITTEN)
def test_the_null_sender_is_never_a_person(name: str) -> None:
    assert automatic(HeaderSection.parse(WRITTEN[name].octets()), "") == "it has the null sender"


# A question of a person about a bounce, and news with nothing that tells them from a letter
_PEOPLE = {"not-question.eml", "not-newsletter.eml"}


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.eml")), ids=lambda path: path.name)
def test_bounces_are_known_without_their_envelope(path: Path) -> None:
    octets = path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    found = why(octets, "ann@shop.example")
    assert bool(found) is (path.name not in _PEOPLE), found


@pytest.mark.parametrize(
    "local",
    [
        "MAILER-DAEMON", "noreply", "no-reply", "no.reply", "No_Reply", "donotreply",
        "do-not-reply",
        "owner-talk", "talk-owner", "talk-request", "talk-bounces", "bounce+x=y", "bounces-17",
        "postmaster", "listserv", "majordomo", "www-data", "autoresponder", "sales-noreply",
        "notifications", "msprvs1=abc=bounces-1",
    ],
)  # fmt: skip
def test_senders_that_are_programs(local: str) -> None:
    headers = HeaderSection.parse(WRITTEN["question"].octets())
    assert f"{local}@shop.example" in automatic(headers, f"{local}@shop.example")


def test_it_takes_time_in_proportion() -> None:
    long = "-" * 200_000
    assert not automatic(HeaderSection.parse(WRITTEN["question"].octets()), f"{long}@x.example")


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
        (["Auto-Submitted: Auto-Generated; x=y"], "Auto-Submitted: Auto-Generated; x=y"),
        (["Content-Type: multipart/report; boundary=x"], "Content-Type: multipart/report"),
        (["Content-Type: text/plain; report-type=x"], "Content-Type: text/plain"),
        (["Precedence: BULK"], "Precedence: BULK"),
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


# Nobody answers these, and there may be somebody behind them who asks for something
_NO_ANSWER_AND_A_TICKET = {
    "absence of Notes", "absence of GroupWise", "answer of another desk",
    "order of a shop", "order of a shop by a provider", "word of a bank", "receipt in Russian",
    "bounce of a mailbox", "bounce fetched from elsewhere", "notice of ours",
    "spam that a filter has marked", "without From", "with an empty From",
}  # fmt: skip


def test_what_opens_no_ticket_is_not_answered_either() -> None:
    opens = set()
    for name, mail in AUTOMATIC.items():
        headers = HeaderSection.parse(mail.octets())
        assert automatic(headers, mail.sender) or not program_behind(headers, mail.sender)
        if not program_behind(headers, mail.sender):
            opens.add(name)
    assert opens == _NO_ANSWER_AND_A_TICKET
    for mail in WRITTEN.values():
        assert not program_behind(HeaderSection.parse(mail.octets()), mail.sender)
