"""Which ticket a letter belongs to, and whether it may come into it. Pure.

A signed reply address counts most, then the messages that it answers, then a number in its subject.
From is what anybody writes as he likes: where a ticket is not open to all, a letter comes in only
by its reply address, or if authentication proves where it is from.
"""

from __future__ import annotations

from typing import NamedTuple

from bitrixmail.mime.public_mailboxes import is_public
from bitrixmail.model.text import printable
from bitrixmail.model.ticket import Letter, Ticket, TicketState, TicketTerms, WhoMayAdd

_BY_ADDRESS, _BY_REFERENCES, _BY_SUBJECT = "reply address", "References", "subject"
OPENED = "opened"


class Named(NamedTuple):
    """The tickets of the desk that a letter names, each in another way."""

    signed: Ticket | None = None
    referenced: Ticket | None = None
    numbered: Ticket | None = None


class Choice(NamedTuple):
    """What is to be done with a letter; `how` tells it, without a new ticket's number.

    It joins `ticket`, or opens one (`opens`) that is linked to the number `linked` if that is not
    0; or nothing is done. `state` is that of the ticket then, None if it stays as it is.
    """

    how: str
    ticket: Ticket | None = None
    opens: bool = False
    linked: int = 0
    state: TicketState | None = None


def choose(letter: Letter, terms: TicketTerms, named: Named) -> Choice:
    """Choose the ticket of a letter."""
    by = next((way for way, ticket in _ways(named) if ticket is not None), "")
    found = named.signed or named.referenced or named.numbered
    if found is None:
        return _without(letter) if letter.automatic else Choice(OPENED, opens=True)
    doubt = _doubt(letter, terms, found, signed=named.signed is not None)
    if not doubt:
        return _joined(letter, found, f"joined by its {by}{_others(named, found)}")
    if letter.automatic:
        return _without(letter)
    how = f"{OPENED}, might belong to {found.mark} by its {by}{_others(named, found)}: {doubt}"
    return Choice(how, opens=True, linked=found.number)


def _ways(named: Named) -> tuple[tuple[str, Ticket | None], ...]:
    return tuple(zip((_BY_ADDRESS, _BY_REFERENCES, _BY_SUBJECT), named, strict=True))


def _others(named: Named, chosen: Ticket) -> str:
    """Say which other tickets it names, and how."""
    told = [
        f"its {way} {'name' if way.endswith('s') and way != _BY_ADDRESS else 'names'} {each.mark}"
        for way, each in _ways(named)
        if each is not None and each.number != chosen.number
    ]
    return f" ({', '.join(told)})" if told else ""


def _without(letter: Letter) -> Choice:
    return Choice(f"no ticket: a program wrote it ({letter.automatic})")


def _joined(letter: Letter, found: Ticket, how: str) -> Choice:
    if letter.automatic:
        return Choice(f"{how}; a program wrote it ({letter.automatic}), so nothing changes", found)
    if found.state is TicketState.CLOSED:
        return Choice(f"{how}; it was closed and is open again", found, state=TicketState.OPEN)
    return Choice(how, found)


def _doubt(letter: Letter, terms: TicketTerms, ticket: Ticket, *, signed: bool) -> str:
    """Say why a letter may not come into a ticket; empty if it may."""
    if terms.who is WhoMayAdd.ANYONE:
        return ""
    if not letter.sole:
        return "its From names not just one author"
    author, owner = printable(letter.author, 120), printable(ticket.owner, 120)
    if not _is_theirs(letter, terms, ticket.owner):
        allowed = owner if terms.who is WhoMayAdd.OWNER else f"{owner} and his domain"
        return f"it is from {author}, and only {allowed} may add to that"
    if not (signed or letter.proven):
        return f"nothing proves that it is from {author}, as its reply address would"
    return ""


def _is_theirs(letter: Letter, terms: TicketTerms, owner: str) -> bool:
    """Tell whether a letter says to be from those who may add: addresses alike in every letter."""
    if letter.author == owner:
        return True
    domain = owner.rpartition("@")[2]
    return (
        terms.who is WhoMayAdd.DOMAIN
        and letter.author.rpartition("@")[2] == domain
        and not is_public(domain)
    )
