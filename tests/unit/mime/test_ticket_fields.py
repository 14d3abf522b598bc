from __future__ import annotations

import pytest

from bitrixmail.mime.headers import HeaderSection
from bitrixmail.mime.ticket_fields import (
    Author,
    author_of,
    message_id_of,
    references_of,
    tokens_of,
)
from bitrixmail.model.ticket import Token


def headers(*lines: str) -> HeaderSection:
    return HeaderSection.parse("".join(f"{line}\r\n" for line in lines).encode() + b"\r\n")


@pytest.mark.parametrize(
    ("lines", "author"),
    [
        (["From: Bob <Bob@Example.COM>"], Author("bob@example.com", sole=True)),
        (["From: bob@пример.рф"], Author("bob@xn--e1afmkfd.xn--p1ai", sole=True)),
        (["From: a@b.c, bob@example.com"], Author("a@b.c", sole=False)),
        (["From: a@b.c", "From: bob@example.com"], Author("a@b.c", sole=False)),
        (['From: "bob@example.com" <eve@evil.example>'], Author("eve@evil.example", sole=True)),
        (["From: <eve@evil.example> <bob@example.com>"], Author("", sole=False)),
        (["From: bob@example.com <eve@evil.example>"], Author("eve@evil.example", sole=True)),
        (["From: nobody"], Author("", sole=False)),
        (["From:"], Author("", sole=False)),
        ([], Author("", sole=False)),
    ],
)
def test_the_author_is_the_only_one_named(lines: list[str], author: Author) -> None:
    assert author_of(headers(*lines)) == author


def test_reply_to_counts_where_it_is_asked_for() -> None:
    form = headers("From: form@shop.example", "Reply-To: Bob <bob@example.com>")
    assert author_of(form) == Author("form@shop.example", sole=True)
    assert author_of(form, "reply-to") == Author("bob@example.com", sole=True)
    assert author_of(headers("From: a@b.c"), "reply-to") == Author("a@b.c", sole=True)


def test_references_come_nearest_first() -> None:
    found = headers("In-Reply-To: <d@x> (of Bob)", "References: <a@x>\r\n <b@x>\r\n\t<c@x> <d@x>")
    assert references_of(found) == ("<d@x>", "<c@x>", "<b@x>", "<a@x>")
    assert references_of(headers("In-Reply-To: Your letter of Monday")) == ()
    many = headers("References: " + " ".join(f"<{number}@x>" for number in range(300)))
    assert references_of(many)[0] == "<299@x>"
    assert len(references_of(many)) == 100


def test_a_message_has_one_id_or_none() -> None:
    assert message_id_of(headers("Message-ID:  <a@x> ")) == "<a@x>"
    assert message_id_of(headers("Message-ID: <a@x>", "Message-ID: <b@x>")) == ""
    assert message_id_of(headers("Message-ID: a@x")) == ""


def test_tokens_are_read_in_to_and_cc() -> None:
    proof = "abcdefghijklmnop"
    found = headers(
        f"To: Desk <desk+t7.{proof}@example.org>, bob+tag@b.c",
        f"Cc: desk+T8.{proof.upper()}@example.org, desk+t7.{proof}@example.org",
        f"Subject: desk+t9.{proof}@example.org",
        f"From: desk+t9.{proof}@example.org",
    )
    assert tokens_of(found) == (Token(7, proof), Token(8, proof))
