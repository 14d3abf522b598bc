"""Whoever opens a ticket is told so, if a program may answer him."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

import pytest
from twisted.internet.task import Clock

from bitrixmail.mime.headers import HeaderSection
from bitrixmail.mime.parts import parse_body
from bitrixmail.model.answer import Bounds
from bitrixmail.model.job import Kind
from bitrixmail.model.queue import Search
from bitrixmail.model.suppression import Suppressed
from bitrixmail.model.ticket import Direction
from bitrixmail.store.opening import done
from bitrixmail.tasks import utcnow
from tests.fakes.help_desk import BOB, DESK, HelpDesk, letter
from tests.unit.outbound.actions.conftest import Make


def test_whoever_opens_a_ticket_is_told_by_which_address_to_answer(make: Make) -> None:
    desk = make('acknowledge = "{sender}, we have {subject} as {number}."')
    desk.write(letter("Printer", "Message-ID: <1@example.com>"))
    (job,) = done(desk.stores.queue.find(Search(recipient=BOB), 9))
    assert (job.sender, job.kind) == ("", Kind.REMOTE)
    octets = done(desk.stores.messages.export(job.queue_id))
    text = octets.decode()
    for line in (
        f"From: <{DESK}>",
        f"Reply-To: <{desk.address(1)}>",
        "Subject: Re: [#1] Printer",
        "In-Reply-To: <1@example.com>",
        "Auto-Submitted: auto-replied",
    ):
        assert f"{line}\r\n" in text
    said = parse_body(octets, HeaderSection.parse(octets)).text
    assert said == "bob@example.com, we have Printer as 1.\n"
    (_, told) = desk.messages(1)
    assert (told.direction, told.how, told.automatic) == (Direction.OUT, "acknowledged", True)
    # An answer to it that a program gives goes nowhere
    away = letter(
        "Re: [#1] Printer", f"In-Reply-To: {told.message_id}", "Auto-Submitted: auto-replied"
    )
    assert desk.write(away).startswith("no ticket")
    assert len(done(desk.stores.queue.find(Search(recipient=BOB), 9))) == 1


def test_it_is_told_three_times_an_hour_and_never_to_the_desk(make: Make) -> None:
    desk = make('acknowledge = "Thanks"')
    said = [desk.write(letter()) for _ in range(5)]
    assert [each.endswith("acknowledged") for each in said] == [True] * 3 + [False] * 2
    assert desk.write(letter(sender=DESK), sender=DESK) == "ticket [#6]: opened"
    now = utcnow(desk.clock)
    suppressed = Suppressed("eve@example.com", "unknown user", now, now + timedelta(days=1))
    done(desk.stores.suppressions.add(suppressed))
    assert desk.write(letter(sender="eve@example.com"), sender="eve@example.com") == (
        "ticket [#7]: opened; not acknowledged: 550 5.7.1 Nothing is sent to eve@example.com:"
        " unknown user"
    )


def waiting_for(desk: HelpDesk, recipient: str) -> int:
    return len(done(desk.stores.queue.find(Search(recipient=recipient), 99)))


def test_nobody_is_written_to_because_a_stranger_names_him(make: Make) -> None:
    desk = make('acknowledge = "Thanks"')
    said = desk.write(letter(sender="victim@far.example"), sender="eve@evil.example")
    assert said == (
        "ticket [#1]: opened; not acknowledged: it is from victim@far.example, and was sent by"
        " eve@evil.example"
    )
    assert waiting_for(desk, "victim@far.example") == waiting_for(desk, "eve@evil.example") == 0
    # whatever the letter's own way of writing it
    desk.write(letter(sender="Bob <Bob@Example.com>"), sender="bob@EXAMPLE.com")
    assert waiting_for(desk, BOB) == 1


@pytest.mark.parametrize(
    ("text", "sender", "why"),
    [
        (letter(sender="noreply@b.c"), "noreply@b.c", "its sender noreply@b.c is a program"),
        (letter("x", "Sender: no-reply@b.c"), BOB, "Sender is a program: no-reply@b.c"),
        (
            letter("x", "X-Auto-Response-Suppress: All"),
            BOB,
            "it says X-Auto-Response-Suppress",
        ),
        (letter("x", "Feedback-ID: a:b"), BOB, "it says Feedback-Id"),
        (letter("x", "X-Spam-Flag: YES"), BOB, "it says X-Spam-Flag: YES"),
        (letter("Я в отпуске"), BOB, "it is an automatic reply by its subject"),
        (
            letter(
                "Undelivered Mail Returned to Sender",
                body="I could not deliver your message to <x@b.c>: user unknown",
            ),
            BOB,
            "it is a bounce",
        ),
    ],
)
def test_what_is_filed_all_the_same_gets_no_answer(
    make: Make, text: str, sender: str, why: str
) -> None:
    desk = make('acknowledge = "Thanks"')
    assert desk.write(text, sender=sender) == f"ticket [#1]: opened; not acknowledged: {why}"
    assert waiting_for(desk, sender) == 0


def test_spam_is_not_acknowledged(make: Make) -> None:
    desk = make('acknowledge = "Thanks"', "[[rule.action]]", 'do = "move"', 'folder = "Spam"')
    said = desk.write(letter())
    assert said.endswith("; not acknowledged: it is taken for spam, or thrown away")
    assert waiting_for(desk, BOB) == 0


def test_acknowledgements_count_as_answers(make: Make) -> None:
    desk = make('acknowledge = "Thanks"')
    desk.shop.bounds = Bounds(replies=3)
    people = [f"p{number}@example.com" for number in range(3)]
    said = [desk.write(letter(sender=each), sender=each) for each in (*people[:2], *people)]
    assert [each.rpartition("; ")[2] for each in said] == [
        *["acknowledged"] * 3,
        *[f"not acknowledged: {DESK} has given 3 answers within an hour"] * 2,
    ]
    cast("Clock", desk.clock).advance(3601)
    assert desk.write(letter()).endswith("; acknowledged")
