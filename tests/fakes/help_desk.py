"""The real courier of tickets over real stores, and the door by which letters come to its desk."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import cast

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock
from zope.interface import implementer

from bitrixmail.interfaces.tickets import ITicketDesk
from bitrixmail.mime.ticket_addresses import ReplyAddresses
from bitrixmail.model.address import Address
from bitrixmail.model.answer import Bounds
from bitrixmail.model.client import Client
from bitrixmail.model.directory import Domain, Mailbox
from bitrixmail.model.envelope import RecipientParameters, SenderParameters
from bitrixmail.model.errors import TemporaryError
from bitrixmail.model.job import Attempt, Job, JobState, Kind, Settlement
from bitrixmail.model.queue import Wanted
from bitrixmail.model.reply import Reply
from bitrixmail.model.ticket import Filed, Letter, Ticket, TicketMessage, TicketTerms
from bitrixmail.outbound.actions.rewriting import Rewriting
from bitrixmail.outbound.actions.shop import Shop
from bitrixmail.outbound.actions.ticket import NothingProven, TicketCourier
from bitrixmail.outbound.actions.ticket_desk import OwnDesk
from bitrixmail.outbound.actions.ticket_greeting import Greeter
from bitrixmail.pipeline.routing import Router
from bitrixmail.rules.syntax import parse_rules
from bitrixmail.store.opening import InlineStores, done
from bitrixmail.tasks import InlineThreads, utcnow
from tests.fakes.real_gate import House

DESK = "desk@example.org"
BOB = "bob@example.com"
KEY = b"k" * 32
OUTSIDE = Client("192.0.2.1", 4242, "S1", helo="mx.example.com", esmtp=True)


def rule(*settings: str) -> str:
    """Return a file of one rule that gives all letters of the desk to it."""
    lines = ["[[rule]]", 'name = "Desk"', f'mailbox = "{DESK}"', "[[rule.action]]"]
    return "\n".join([*lines, 'do = "ticket"', *settings, ""])


async def key() -> bytes:
    return KEY


class HelpDesk:
    """Made by a test. `write` brings a letter in and has it filed; it returns what was done."""

    def __init__(self, stores: InlineStores, clock: Clock, *settings: str) -> None:
        done(stores.directory.add_domain(Domain("example.org")))
        done(stores.directory.add_mailbox(Mailbox(0, DESK, plus_folders=True), None))
        self.stores = stores
        self.tickets = stores.tickets
        self.clock = cast("IReactorTime", clock)
        self.house = House(stores, clock)
        self.addresses = ReplyAddresses([KEY])
        self.proof = NothingProven()
        self.obey(rule(*settings))
        self.shop = Shop(
            gate=self.house.gate,
            jobs=stores.jobs,
            router=Router(stores.directory, "example.org"),
            directory=stores.directory,
            rewriting=Rewriting(key, self.clock),
            answers=stores.answers,
            threads=InlineThreads(),
            clock=self.clock,
            hostname="mx.example.org",
            timezone=UTC,
            bounds=Bounds(),
        )
        self.courier = self.courier_of(OwnDesk(stores.tickets, key))

    def courier_of(self, *desks: ITicketDesk) -> TicketCourier:
        greeter = Greeter(self.shop, self.tickets)
        return TicketCourier(self.stores.jobs, desks, self.proof, greeter, self.clock)

    def obey(self, rules: str) -> None:
        done(self.stores.rulebook.replace(parse_rules(rules, "rules.toml"), "me", ""))
        done(self.house.judge.load())

    def receive(self, text: str, *, to: str = DESK, sender: str = BOB) -> None:
        transaction = self.house.gate.open(OUTSIDE)
        reverse_path = Address.of(sender) if sender else None
        done(transaction.sender(reverse_path, SenderParameters()))
        done(transaction.recipient(Address.of(to), RecipientParameters()))
        transaction.body().write(text.replace("\n", "\r\n").encode())
        done(transaction.commit())

    def leased(self) -> tuple[Job, ...]:
        now = utcnow(self.clock)
        wanted = [Wanted(Kind.TICKET, "", 10)]
        jobs = self.stores.jobs.lease("s", now + timedelta(hours=1), wanted, now)
        return cast("tuple[Job, ...]", done(jobs))

    def carried_out(self, job: Job) -> Attempt:
        """Have the courier try a job, and leave it as it is."""
        (attempt,) = done(self.courier.deliver([job])).attempts
        return cast("Attempt", attempt)

    def write(self, text: str, *, to: str = DESK, sender: str = BOB) -> str:
        self.receive(text, to=to, sender=sender)
        (job,) = self.leased()
        attempt = self.carried_out(job)
        done(self.stores.jobs.settle([Settlement(job, JobState.DONE, attempt)]))
        return attempt.reply

    def ticket(self, number: int) -> Ticket:
        found = done(self.tickets.find(DESK, number))
        assert found is not None
        return cast("Ticket", found)

    def messages(self, number: int) -> tuple[TicketMessage, ...]:
        return cast("tuple[TicketMessage, ...]", done(self.tickets.messages(self.ticket(number))))

    def address(self, number: int) -> str:
        return self.addresses.make(self.ticket(number))


def letter(
    subject: str = "Printer", *fields: str, sender: str = BOB, body: str = "It is broken."
) -> str:
    """Return a letter; `fields` are more lines of its header section."""
    return "\n".join([f"From: {sender}", f"Subject: {subject}", *fields, "", body, ""])


@implementer(ITicketDesk)
class Elsewhere:
    """A help desk of somebody else's. Made by a test; a letter named `No` is refused for now."""

    name = "elsewhere"

    def __init__(self) -> None:
        self.letters: list[tuple[Letter, TicketTerms, bytes]] = []

    async def file(self, letter: Letter, terms: TicketTerms) -> Filed:
        octets = await letter.read(0, letter.size_octets)
        self.letters.append((letter, terms, octets))
        if letter.subject == "No":
            raise TemporaryError(Reply(451, "4.4.1", "It is down"))
        return Filed("ticket 7 of elsewhere", 7, opened=True)
