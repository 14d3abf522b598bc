"""The help desk in the composed server: letters come by the gate, jobs by the dispatcher."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from time import perf_counter

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred

from bitrixmail.app.sending.ticket_desk import TICKETS
from bitrixmail.mime.ticket_addresses import ReplyAddresses
from bitrixmail.model.address import Address
from bitrixmail.model.client import Client
from bitrixmail.model.directory import Mailbox
from bitrixmail.model.envelope import RecipientParameters, SenderParameters
from bitrixmail.model.job import JobState, Kind
from bitrixmail.model.queue import Search
from bitrixmail.model.ticket import Ticket, TicketSearch
from bitrixmail.rules.syntax import parse_rules
from bitrixmail.tasks import gather
from tests.fakes.delivering import pause, reactor
from tests.fakes.help_desk_script import DESKS, Script, Scripted
from tests.internet.net import Internet
from tests.internet.sender import Sender

SEED = 20261128
ROUNDS, LETTERS = 8, 125
BOB = "bob@shop.example"
OUTSIDE = Client("192.0.2.1", 4242, "S", helo="mx.example", esmtp=True)
RULE = """[[rule]]
name = "Desk {desk}"
mailbox = "{desk}"
[[rule.action]]
do = "ticket"
who_may_add = "{who}"
most_per_hour = 1000
"""
_REPLY_TO = re.compile(r"^Reply-To:\s+<(.*)>\r$", re.MULTILINE)


class Desks:
    """The desks of a server. Made by a test."""

    def __init__(self, sender: Sender) -> None:
        self.sender = sender
        self.stores = sender.stores
        self.known: dict[tuple[str, int], Ticket] = {}
        self.addresses: ReplyAddresses | None = None

    async def open(self, rules: str, *desks: str) -> None:
        for desk in desks:
            await self.stores.directory.add_mailbox(Mailbox(0, desk), None)
        await self.stores.rulebook.replace(parse_rules(rules, "rules.toml"), "me", "")
        await self.sender.reception.judge.load()

    async def receive(self, octets: bytes, to: str, sender: str) -> None:
        transaction = self.sender.reception.gate.open(OUTSIDE)
        reverse_path = Address.of(sender) if sender else None
        await transaction.sender(reverse_path, SenderParameters())
        await transaction.recipient(Address.of(to), RecipientParameters())
        transaction.body().write(octets)
        await transaction.commit()

    async def write(self, letters: list[Scripted]) -> None:
        for letter in letters:
            await self.receive(letter.octets, letter.to, letter.sender)

    async def filed(self) -> None:
        """Wait until no letter waits to be filed."""
        open_ones = Search(kind=Kind.TICKET, states=(JobState.WAITING, JobState.LEASED))
        end = reactor().seconds() + 15
        while await self.stores.queue.find(open_ones, 1):
            assert reactor().seconds() < end, "letters are filed too slowly"
            await pause(0.02)

    async def learn(self) -> None:
        """Take note of the tickets there are, and of the key of their addresses."""
        for ticket in await self.stores.tickets.listing(TicketSearch(), 10_000):
            self.known[ticket.desk, ticket.number] = ticket
        key = (self.sender.reception.settings.data_dir / TICKETS).read_bytes()
        self.addresses = ReplyAddresses([key])

    def address(self, desk: str, number: int) -> str:
        assert self.addresses is not None
        return self.addresses.make(self.known[desk, number])


@dataclass
class Result:
    """Where letters must be and where they are: ticket numbers by desk and Message-ID."""

    script: Script
    desks: Desks
    written: list[Scripted] = field(default_factory=list)
    right: dict[tuple[str, str], int] = field(default_factory=dict)
    found: dict[tuple[str, str], int] = field(default_factory=dict)
    elapsed_s: float = 0.0


async def _written(sender: Sender) -> Result:
    began = perf_counter()
    desks = Desks(sender)
    rules = "".join(RULE.format(desk=desk, who=who) for desk, who in DESKS.items())
    await desks.open(rules, *DESKS)
    result = Result(Script(SEED, desks.address), desks)
    for _ in range(ROUNDS):
        letters = result.script.letters(LETTERS)
        by_desk = [[each for each in letters if each.desk == desk] for desk in DESKS]
        await gather(*map(desks.write, by_desk))
        await desks.filed()
        await desks.learn()
        for letter in letters:
            place = result.script.place(letter)
            if place is not None:
                result.right[letter.desk, letter.message_id] = place.number
        result.written += letters
    for ticket in desks.known.values():
        for message in await desks.stores.tickets.messages(ticket):
            key = ticket.desk, message.message_id
            assert key not in result.found
            result.found[key] = ticket.number
    result.elapsed_s = perf_counter() - began
    return result


@pytest.fixture
def thousand(sender: Sender) -> Result:
    """All letters, filed: on a busy machine that takes longer than a test may."""
    result: Result = pytest_twisted.blockon(Deferred.fromCoroutine(_written(sender)))
    return result


def test_a_thousand_letters_that_contradict_themselves(thousand: Result) -> None:
    script, found, right = thousand.script, thousand.found, thousand.right
    wrong = {key for key in found.keys() | right.keys() if found.get(key) != right.get(key)}
    assert not wrong, [(each, found.get(each), right.get(each)) for each in sorted(wrong)[:5]]
    known = thousand.desks.known
    must = {(desk, each.number): each for desk in DESKS for each in script.tickets[desk]}
    assert {key: ticket.owner for key, ticket in known.items()} == {
        key: each.owner for key, each in must.items()
    }
    assert {key: ticket.linked for key, ticket in known.items()} == {
        key: each.linked for key, each in must.items()
    }
    written = thousand.written
    forged = [each for each in written if each.forged and DESKS[each.desk] != "anyone"]
    assert not [each for each in forged if not _opened(script, each, found)]
    count = Counter(
        conflict=sum(map(_contradicts, written)),
        forged=len(forged),
        programs=sum(each.by_program for each in written),
        tickets=len(known),
        joined=sum(len(each.letters) - 1 for each in must.values()),
        nowhere=len(written) - len(right),
    )
    print(f"{len(written)} letters, {thousand.elapsed_s:.1f} s: {dict(count)}; wrong 0")
    assert len(written) == 1000
    assert min(count.values()) > 50  # none of it is idle


def _contradicts(letter: Scripted) -> bool:
    return len({letter.signed, letter.referenced, letter.numbered} - {0}) > 1


def _opened(script: Script, letter: Scripted, found: dict[tuple[str, str], int]) -> bool:
    """Tell whether a letter is in no ticket, or in one that it opened itself."""
    number = found.get((letter.desk, letter.message_id))
    first = script.tickets[letter.desk][number - 1].letters[0] if number else letter.message_id
    return first == letter.message_id


async def test_a_customer_is_told_and_answers(net: Internet, sender: Sender) -> None:
    host = net.site("shop.example")
    desks = Desks(sender)
    desk = "help@example.org"
    rules = RULE.format(desk=desk, who="owner") + 'acknowledge = "It has the number {number}."'
    await desks.open(rules, desk)
    letter = f"From: {BOB}\r\nSubject: Printer\r\n\r\nBroken.\r\n".encode()
    await desks.receive(letter, desk, BOB)
    await sender.until(lambda: bool(host.letters), "no acknowledgement")
    (told,) = host.letters
    assert told.mail.startswith("FROM:<>")
    text = told.content.decode()
    assert "Auto-Submitted: auto-replied\r\n" in text
    reply_to = _REPLY_TO.search(text)
    assert reply_to is not None
    await desks.receive(letter, reply_to[1], BOB)
    await desks.filed()
    (ticket,) = await desks.stores.tickets.listing(TicketSearch(), 9)
    hows = [each.how for each in await desks.stores.tickets.messages(ticket)]
    assert hows == ["opened", "acknowledged", "joined by its reply address"]
    # What a program answers to the acknowledgement goes no further
    away = letter.replace(b"\r\n", b"\r\nAuto-Submitted: auto-replied\r\n", 1)
    await desks.receive(away, desk, BOB)
    await desks.filed()
    assert len(await desks.stores.tickets.listing(TicketSearch(), 9)) == 1
    assert len(host.letters) == 1


async def test_two_desks_that_write_to_each_other_stop(sender: Sender) -> None:
    desks = Desks(sender)
    one, two = "one@example.org", "two@example.org"
    told = 'acknowledge = "It has the number {number}."\n'
    rules = "".join(RULE.format(desk=each, who="anyone") + told for each in (one, two))
    await desks.open(rules, one, two)
    letter = f"From: {one}\r\nSubject: Printer\r\n\r\nBroken.\r\n".encode()
    await desks.receive(letter, two, one)
    mailbox = await desks.stores.directory.mailbox(one)
    assert mailbox is not None
    for _ in range(500):  # until the acknowledgement is there, and has been looked at
        if (view := await desks.stores.messages.index(mailbox.id, "INBOX")) and view.uids:
            break
        await pause(0.01)
    await desks.filed()
    await pause(0.1)
    view = await desks.stores.messages.index(mailbox.id, "INBOX")
    (ticket,) = await desks.stores.tickets.listing(TicketSearch(), 9)
    assert (ticket.desk, ticket.owner) == (two, one)
    assert view is not None
    assert len(view.uids) == 1
    assert len(await desks.stores.tickets.messages(ticket)) == 2


async def test_a_message_is_in_one_ticket_of_a_desk_however_often_it_is_put_there(
    net: Internet, sender: Sender
) -> None:
    desks = Desks(sender)
    desk = "help@example.org"
    rules = "".join(
        f'[[rule]]\nname = "{number}"\nmailbox = "{desk}"\n[[rule.action]]\ndo = "ticket"\n'
        f'category = "{number}"\nacknowledge = "It is {{number}}"\n'
        for number in range(3)
    )
    shop = net.site("shop.example")
    await desks.open(rules, desk)
    for _ in range(2):
        await desks.receive(b"From: <" + BOB.encode() + b">\r\nSubject: x\r\n\r\nx\r\n", desk, BOB)
        await desks.filed()
    tickets = await desks.stores.tickets.listing(TicketSearch(), 10)
    assert [(ticket.number, ticket.category) for ticket in tickets] == [(2, "0"), (1, "0")]
    said = [
        job.last and job.last.reply for job in await desks.stores.queue.find(Search(), 99)
        if job.kind is Kind.TICKET
    ]  # fmt: skip
    assert [one for one in said if one and "already" in one] == [
        *["ticket [#1]: the message is in it already"] * 2,
        *["ticket [#2]: the message is in it already"] * 2,
    ]
    await sender.until(lambda: len(shop.letters) == 2, "acknowledgements")
