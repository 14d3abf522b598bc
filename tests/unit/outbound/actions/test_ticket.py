"""Letters are given to the help desk inside, which finds their tickets."""

from __future__ import annotations

from typing import cast

import pytest
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from bitrixmail.interfaces.courier import ICourier
from bitrixmail.interfaces.tickets import ISenderProof, ITicketDesk
from bitrixmail.model.job import Job, Result
from bitrixmail.model.queue import Search
from bitrixmail.model.ticket import Direction, TicketSearch, TicketState, WhoMayAdd
from bitrixmail.outbound.actions.ticket_desk import OwnDesk
from bitrixmail.store.opening import done
from bitrixmail.tasks import utcnow
from tests.fakes.help_desk import BOB, DESK, Elsewhere, key, letter, rule
from tests.unit.outbound.actions.conftest import Make


def test_they_keep_their_interfaces(make: Make) -> None:
    desk = make()
    verifyObject(ICourier, desk.courier)
    verifyObject(ITicketDesk, OwnDesk(desk.tickets, key))
    verifyObject(ISenderProof, desk.proof)


def test_a_letter_opens_a_ticket(make: Make) -> None:
    desk = make('category = "Hardware"', 'criticality = "high"', "hidden = true")
    said = desk.write(
        letter("Принтер", "Message-ID: <1@example.com>", sender="Bob <Bob@Example.com>")
    )
    assert said == "ticket [#1]: opened"
    ticket = desk.ticket(1)
    assert (ticket.owner, ticket.subject, ticket.state) == (BOB, "Принтер", TicketState.OPEN)
    assert (ticket.category, ticket.criticality, ticket.linked) == ("Hardware", "high", 0)
    (message,) = desk.messages(1)
    assert (message.direction, message.author, message.message_id) == (
        Direction.IN,
        BOB,
        "<1@example.com>",
    )
    assert message.hidden
    assert b"It is broken." in done(desk.stores.messages.export(message.queue_id))
    events = done(desk.stores.messages.events(message.queue_id, None, 9))
    assert "ticket [#1]: opened" in events[-1].text


def test_an_answer_to_the_reply_address_joins(make: Make) -> None:
    desk = make()
    desk.write(letter())
    said = desk.write(letter("Re: printer"), to=desk.address(1))
    assert said == "ticket [#1]: joined by its reply address"
    assert len(desk.messages(1)) == 2
    # in whatever case, and also where only To names it; no folder comes of it
    said = desk.write(letter("Re: printer", f"To: x@y.z, <{desk.address(1).upper()}>"))
    assert said == "ticket [#1]: joined by its reply address"
    mailbox = done(desk.stores.directory.mailbox(DESK))
    assert done(desk.stores.messages.folders(mailbox.id)) == ("INBOX",)


def test_from_alone_joins_nothing(make: Make) -> None:
    desk = make()
    desk.write(letter("Printer", "Message-ID: <1@example.com>"))
    said = desk.write(letter("Re: [#1] Printer", "In-Reply-To: <1@example.com>"))
    assert said == (
        "ticket [#2]: opened, might belong to [#1] by its References: nothing proves that it is"
        " from bob@example.com, as its reply address would"
    )
    assert desk.ticket(2).linked == 1
    said = desk.write(letter("Re: [#1] Printer"))
    assert "might belong to [#1] by its subject" in said
    assert len(desk.messages(1)) == 1


@pytest.mark.parametrize(
    "sender",
    [
        "xbob@example.com",
        "bob@example.com.evil.example",
        '"bob@example.com" <eve@evil.example>',
        "bob@example.com, eve@evil.example",
        "bob@example.com <eve@evil.example>",
        "bob@sub.example.com",
        "ann@example.com",
        "",
    ],
)
def test_the_owner_is_an_address_not_a_part_of_one(make: Make, sender: str) -> None:
    desk = make()
    desk.write(letter())
    said = desk.write(letter(sender=sender), to=desk.address(1), sender="eve@evil.example")
    assert said.startswith("ticket [#2]: opened, might belong to [#1] by its reply address: it")
    assert len(desk.messages(1)) == 1


@pytest.mark.parametrize(
    ("owner", "sender", "joins"),
    [
        (BOB, "ann@example.com", True),
        (BOB, "ann@EXAMPLE.com", True),
        (BOB, "ann@sub.example.com", False),
        (BOB, "ann@notexample.com", False),
        ("bob@gmail.com", "ann@gmail.com", False),
        ("bob@gmail.com", "bob@gmail.com", True),
        ("bob@yandex.ru", "ann@yandex.ru", False),
    ],
)
def test_the_owners_domain_may_add_unless_it_is_everybodys(
    make: Make, owner: str, sender: str, joins: bool
) -> None:
    desk = make('who_may_add = "domain"')
    desk.write(letter(sender=owner))
    said = desk.write(letter(sender=sender), to=desk.address(1))
    assert ("joined" in said) is joins
    # and not by his word alone
    assert "joined" not in desk.write(letter("Re: [#1]", sender=owner))


def test_anybody_may_add_where_that_is_said(make: Make) -> None:
    desk = make('who_may_add = "anyone"')
    desk.write(letter("Printer", "Message-ID: <1@example.com>"))
    desk.write(letter("Phone", "Message-ID: <2@example.com>"))
    assert (
        desk.write(letter("Re: [#1] x", sender="eve@b.c")) == "ticket [#1]: joined by its subject"
    )
    answer = letter("Re: [#1] x", "References: <2@example.com> <0@b.c>", sender="eve@b.c")
    assert desk.write(answer) == ("ticket [#2]: joined by its References (its subject names [#1])")
    said = desk.write(answer, to=desk.address(1))
    assert said == "ticket [#1]: joined by its reply address (its References name [#2])"


def test_nobody_guesses_or_borrows_a_reply_address(make: Make) -> None:
    desk = make()
    desk.write(letter())
    desk.write(letter("Another", sender="eve@evil.example"))
    forged = desk.address(2).replace("+t2.", "+t1.")
    for to in (
        forged,
        "desk+t1.abcdefghijklmnop@example.org",
        "desk+t9.abcdefghijklmnop@example.org",
    ):
        assert desk.write(letter("x"), to=to).endswith(": opened")
    assert len(desk.messages(1)) == 1


def test_two_reply_addresses_in_to_say_nothing(make: Make) -> None:
    desk = make()
    desk.write(letter())
    desk.write(letter())
    both = letter("x", f"To: {desk.address(1)}", f"Cc: {desk.address(2)}")
    assert desk.write(both) == "ticket [#3]: opened"
    # that to which it came says it
    assert desk.write(both, to=desk.address(2)) == "ticket [#2]: joined by its reply address"


def test_what_is_in_two_tickets_says_nothing(make: Make) -> None:
    desk = make('who_may_add = "anyone"')
    desk.write(letter("a", "Message-ID: <1@example.com>"))
    desk.write(letter("b", "Message-ID: <1@example.com>"))
    desk.write(letter("c", "Message-ID: <2@example.com>"))
    said = desk.write(letter("d", "In-Reply-To: <1@example.com>", "References: <2@example.com>"))
    assert said == "ticket [#3]: joined by its References"


@pytest.mark.parametrize(
    ("fields", "sender"),
    [
        (["Auto-Submitted: auto-replied"], BOB),
        (["Precedence: bulk"], BOB),
        (["List-Id: <a.b>"], BOB),
        (["Content-Type: multipart/report"], BOB),
        ([], ""),
        ([], "MAILER-DAEMON@example.com"),
    ],
)
def test_programs_open_no_ticket_and_reopen_none(
    make: Make, fields: list[str], sender: str
) -> None:
    desk = make('acknowledge = "Thanks"')
    said = desk.write(letter("x", *fields), sender=sender)
    assert said.startswith("no ticket: a program wrote it (")
    desk.write(letter("y"))
    done(desk.tickets.change(desk.ticket(1), utcnow(desk.clock), state=TicketState.CLOSED))
    said = desk.write(letter("Re: [#1] y", *fields), sender=sender)
    assert said.startswith("no ticket: a program wrote it (")
    said = desk.write(letter("Re: y", *fields), to=desk.address(1), sender=sender)
    assert "joined by its reply address; a program wrote it (" in said
    assert said.endswith("so nothing changes")
    assert desk.ticket(1).state is TicketState.CLOSED
    assert desk.messages(1)[-1].automatic
    assert len(done(desk.tickets.listing(TicketSearch(), 9))) == 1


def test_an_answer_opens_what_was_closed(make: Make) -> None:
    desk = make()
    desk.write(letter())
    done(desk.tickets.change(desk.ticket(1), utcnow(desk.clock), state=TicketState.CLOSED))
    said = desk.write(letter(), to=desk.address(1))
    assert said == "ticket [#1]: joined by its reply address; it was closed and is open again"
    assert desk.ticket(1).state is TicketState.OPEN


def test_one_sender_can_not_fill_the_desk(make: Make) -> None:
    desk = make("most_per_hour = 3")
    for number in (1, 2, 3):
        assert desk.write(letter()) == f"ticket [#{number}]: opened"
    assert desk.write(letter()) == (
        "no ticket: 3 messages of bob@example.com came in within an hour"
    )
    assert desk.write(letter(), to=desk.address(1)).startswith("no ticket: 3 messages")
    assert desk.write(letter(sender="ann@example.com")) == "ticket [#4]: opened"
    cast("Clock", desk.clock).advance(3601)
    assert desk.write(letter()) == "ticket [#5]: opened"


def test_a_job_that_is_repeated_has_one_effect(make: Make) -> None:
    desk = make('acknowledge = "Thanks"', "most_per_hour = 1")
    desk.receive(letter())
    (job,) = desk.leased()
    first, second = desk.carried_out(job), desk.carried_out(job)
    assert first.reply == second.reply == "ticket [#1]: opened; acknowledged"
    assert len(desk.messages(1)) == 2
    assert len(done(desk.stores.queue.find(Search(recipient=BOB), 9))) == 1


def test_without_a_subject_it_is_called_by_its_first_words(make: Make) -> None:
    desk = make()
    desk.write(
        letter(" ", body="\nIt  is\nbroken, and has been for so long a time that I do not know.")
    )
    assert desk.ticket(1).subject == "It is broken, and has been for so long a time tha…"
    desk.write(letter("", body=""))
    assert desk.ticket(2).subject == "(no subject)"


def test_numbers_are_found_by_the_rules_own_patterns(make: Make) -> None:
    patterns = r"""subject_patterns = ['\bTID#(\d+)', '(x+x+)+y', '(\w+)-ticket']"""
    desk = make('who_may_add = "anyone"', patterns)
    desk.write(letter())
    assert desk.write(letter("Fwd: tid#1")) == "ticket [#1]: joined by its subject"
    for subject in ("[#1]", "TID#99", "TID#" + "1" * 30, "one-ticket", "x" * 900):
        assert desk.write(letter(subject)).endswith(": opened")


def test_reply_to_is_the_owner_where_that_is_said(make: Make) -> None:
    desk = make('sender = "reply_to"')
    desk.write(letter("x", f"Reply-To: {BOB}", sender="form@shop.example"))
    assert desk.ticket(1).owner == BOB


def test_what_is_proven_needs_no_reply_address(make: Make) -> None:
    desk = make()

    async def proven(job: Job, author: str) -> bool:
        return author == BOB

    desk.proof.proven = proven  # type: ignore[method-assign]  # as a check of DMARC would tell
    desk.write(letter())
    assert desk.write(letter("Re: [#1]")) == "ticket [#1]: joined by its subject"
    said = desk.write(letter("Re: [#1]", sender="eve@example.com"))
    assert "only bob@example.com may add to that" in said


def test_another_help_desk_gets_what_its_rule_gives_it(make: Make) -> None:
    desk = make('desk = "elsewhere"', 'category = "A"', 'acknowledge = "Thanks"')
    other = Elsewhere()
    verifyObject(ITicketDesk, other)
    desk.courier = desk.courier_of(OwnDesk(desk.tickets, key), other)
    said = desk.write(letter("Printer", "In-Reply-To: <1@b.c>"))
    assert said == "ticket 7 of elsewhere"  # which tells its owner itself
    ((found, terms, octets),) = other.letters
    assert (found.author, found.subject, found.references) == (BOB, "Printer", ("<1@b.c>",))
    assert (terms.category, terms.who) == ("A", WhoMayAdd.OWNER)
    assert octets.endswith(b"It is broken.\r\n")
    assert len(octets) == found.size_octets
    assert done(desk.tickets.listing(TicketSearch(), 9)) == ()
    desk.receive(letter("No"))
    (job,) = desk.leased()
    attempt = desk.carried_out(job)
    assert (attempt.result, attempt.reply) == (Result.DEFERRED, "451 4.4.1 It is down")


def test_a_desk_that_is_not_there_is_told(make: Make) -> None:
    desk = make('desk = "elsewhere"')
    desk.receive(letter())
    (job,) = desk.leased()
    attempt = desk.carried_out(job)
    assert attempt.result is Result.FAILED
    assert attempt.reply == "550 5.3.5 there is no help desk named elsewhere"


def test_a_mailbox_that_went_meanwhile_is_told(make: Make) -> None:
    desk = make()
    desk.obey(rule("", "[[rule.action]]", 'do = "discard"'))
    desk.receive(letter())
    (job,) = desk.leased()
    done(desk.stores.directory.remove_mailbox(DESK))
    attempt = desk.carried_out(job)
    assert attempt.result is Result.FAILED
    assert "no such mailbox" in attempt.reply


def test_a_large_letter_is_read_as_well(make: Make) -> None:
    desk = make()
    desk.write(letter("", body="Large. " + "x" * 200_000))
    assert desk.ticket(1).subject.startswith("Large. xxx")
