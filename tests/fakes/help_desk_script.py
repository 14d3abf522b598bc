"""Letters to help desks, at random from a seed, whose token, References, subject and From disagree.

It is known of each letter where it belongs: by `Script.place`, which says in a few lines what
docs/tickets.md promises, and shares no code with what is tested.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

# Each desk, and who may add to its tickets
DESKS = {
    f"desk{number}@example.org": who
    for number, who in enumerate(("owner", "owner", "owner", "domain", "domain", "anyone") * 2)
}
_DOMAINS = ("firm.example", "shop.example", "gmail.com", "mail.ru")
_PEOPLE = ("bob", "ann", "ivan", "olga")
PUBLIC = {"gmail.com", "mail.ru"}
_EVE = "eve@evil.example"


@dataclass
class Known:
    """A ticket as it must be. `letters` are the Message-IDs in it."""

    number: int
    owner: str
    letters: list[str] = field(default_factory=list)
    linked: int = 0


@dataclass(frozen=True)
class Scripted:
    """A letter, and what it says of itself: tickets by number, 0 for none.

    `author` is empty if its From names nobody alone; `first` is the first that it names.
    """

    desk: str
    message_id: str
    to: str
    sender: str
    octets: bytes
    author: str
    first: str
    signed: int
    referenced: int
    numbered: int
    by_program: bool
    forged: bool


class Script:
    """Made by a test; `letters` for a round, then `place` each in the order in which it came.

    `address` gives the reply address of a desk's ticket, as the server would write it.
    """

    def __init__(self, seed: int, address: Callable[[str, int], str]) -> None:
        self.random = Random(seed)
        self.tickets: dict[str, list[Known]] = {desk: [] for desk in DESKS}
        self._address = address
        self._made = 0

    def letters(self, count: int) -> list[Scripted]:
        return [self._letter() for _ in range(count)]

    def place(self, letter: Scripted) -> Known | None:
        """Return the ticket in which a letter must be, a new one if need be; None: in none."""
        tickets = self.tickets[letter.desk]
        number = letter.signed or letter.referenced or letter.numbered
        if number:
            ticket = tickets[number - 1]
            who = DESKS[letter.desk]
            domain = ticket.owner.partition("@")[2]
            theirs = letter.author == ticket.owner or (
                who == "domain" and domain not in PUBLIC and letter.author.endswith(f"@{domain}")
            )
            if who == "anyone" or (theirs and letter.signed):
                ticket.letters.append(letter.message_id)
                return ticket
        if letter.by_program:
            return None
        new = Known(len(tickets) + 1, letter.first, [letter.message_id], number)
        tickets.append(new)
        return new

    def _letter(self) -> Scripted:
        self._made += 1
        random = self.random
        desk = random.choice(list(DESKS))
        signed, token = self._token(desk)
        referenced, references = self._references(desk)
        numbered, subject = self._subject(desk)
        meant = signed or referenced or numbered
        owner = self.tickets[desk][meant - 1].owner if meant else ""
        written, author, first = self._author(owner)
        fields, by_program, sender = self._program(first)
        message_id = f"<{self._made}@far.example>"
        to = desk
        if token and random.random() < 0.7:
            to = token
        elif token:
            fields = [*fields, f"To: Desk <{token}>, other@far.example"]
        lines = [f"From: {written}", f"Subject: {subject}", f"Message-ID: {message_id}"]
        lines += [*references, *fields, "", f"Letter {self._made}.", ""]
        return Scripted(
            desk=desk,
            message_id=message_id,
            to=to,
            sender=sender,
            octets="\r\n".join(lines).encode(),
            author=author,
            first=first,
            signed=signed,
            referenced=referenced,
            numbered=numbered,
            by_program=by_program,
            forged=bool(owner) and author == owner and not signed,
        )

    def _one_of(self, desk: str) -> Known | None:
        found = self.tickets[desk]
        return self.random.choice(found) if found else None

    def _token(self, desk: str) -> tuple[int, str]:
        """Return the ticket that a reply address names, and the address: perhaps a false one."""
        ticket = self._one_of(desk)
        kind = self.random.choice(("none", "none", "true", "true", "torn", "other", "foreign"))
        if ticket is None or kind == "none":
            return 0, ""
        true = self._address(desk, ticket.number)
        local_part, _, domain = true.partition("@")
        name, _, proof = local_part.partition(".")
        if kind == "true":
            return ticket.number, self.random.choice((true, f"{local_part.upper()}@{domain}"))
        if kind == "torn":
            place = self.random.randrange(len(proof))
            letter = "a" if proof[place] != "a" else "b"
            return 0, f"{name}.{proof[:place]}{letter}{proof[place + 1 :]}@{domain}"
        if kind == "other":
            other = self._one_of(desk)
            if other is None or other is ticket:
                return 0, ""
            return 0, f"{desk.partition('@')[0]}+t{other.number}.{proof}@{domain}"
        elsewhere = self.random.choice([each for each in DESKS if each != desk])
        theirs = self._one_of(elsewhere)
        if theirs is None:
            return 0, ""
        foreign = self._address(elsewhere, theirs.number).partition("@")[0]
        return 0, f"{desk.partition('@')[0]}+{foreign.partition('+')[2]}@{domain}"

    def _references(self, desk: str) -> tuple[int, list[str]]:
        ticket = self._one_of(desk)
        kind = self.random.choice(("none", "none", "parent", "thread", "unknown", "elsewhere"))
        if ticket is None or kind == "none":
            return 0, []
        known = self.random.choice(ticket.letters)
        if kind == "parent":
            return ticket.number, [f"In-Reply-To: {known}", "References: <never@seen.example>"]
        if kind == "thread":
            far = self._one_of(desk)
            first = self.random.choice(far.letters) if far else "<x@y.example>"
            above = f"References: {first} <never@seen.example>\r\n {known} <new@seen.example>"
            return ticket.number, [above]
        if kind == "unknown":
            return 0, ["In-Reply-To: <never@seen.example>"]
        other = self._one_of(self.random.choice([each for each in DESKS if each != desk]))
        return 0, [f"In-Reply-To: {other.letters[0]}"] if other else []

    def _subject(self, desk: str) -> tuple[int, str]:
        ticket = self._one_of(desk)
        words = self.random.choice(("Printer", "Re: Printer", "Fwd: Счёт № 17", "#3 [3] (#3)"))
        kind = self.random.choice(("none", "none", "number", "number", "none there"))
        if ticket is None or kind == "none":
            return 0, words
        if kind == "number":
            return ticket.number, f"Re: [#{ticket.number}] {words}"
        return 0, f"Re: [#{len(self.tickets[desk]) + 500}] {words}"

    def _author(self, owner: str) -> tuple[str, str, str]:
        """Return a From field, whom it names alone, and whom first."""
        random = self.random
        stranger = f"{random.choice(_PEOPLE)}@{random.choice(_DOMAINS)}"
        if not owner or random.random() < 0.15:
            return f"Some One <{stranger}>", stranger, stranger
        local_part, _, domain = owner.partition("@")
        like = (
            f"x{owner}",
            f"{owner}.evil.example",
            f"{local_part}@sub.{domain}",
            f"{local_part}@not{domain}",
            f"colleague@{domain}",
        )
        kind = random.random()
        if kind < 0.55:
            return random.choice((owner, f"Bob <{owner.upper()}>")), owner, owner
        if kind < 0.85:
            found = random.choice(like)
            return found, found, found
        if kind < 0.93:
            return f'"{owner}" <{_EVE}>', _EVE, _EVE
        return f"{owner}, {_EVE}", "", owner

    def _program(self, author: str) -> tuple[list[str], bool, str]:
        kind = self.random.random()
        if kind > 0.15:
            return [], False, author
        if kind > 0.12:
            return [], True, ""
        fields: Sequence[str] = (
            "Auto-Submitted: auto-replied",
            "Precedence: bulk",
            "List-Id: <news.far.example>",
            "Content-Type: multipart/report",
        )
        return [self.random.choice(fields)], True, author
