"""What a program has sent is known as such, by the envelope, by header fields, or by its text."""

from __future__ import annotations

from pathlib import Path

import pytest

from bitrixmail.mime.automatic import automatic, telling
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
    assert "is a program" in automatic(headers, f"{local}@shop.example")


def test_it_takes_time_in_proportion() -> None:
    long = "-" * 200_000
    assert not automatic(HeaderSection.parse(WRITTEN["question"].octets()), f"{long}@x.example")
