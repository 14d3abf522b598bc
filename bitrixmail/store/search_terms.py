"""What is sought, in the words of the database. Runs in a reader's thread."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, false, not_, or_, select, true

from bitrixmail.model.message import QUARANTINE
from bitrixmail.model.searching import FLAGGED, READ, Field, Sought, Term, folded
from bitrixmail.store.schema import folder, mailbox, message, place
from bitrixmail.store.schema_search import search_entry
from bitrixmail.store.values import to_us

# As mail programs call the folder
_SPAM_FOLDERS = frozenset({"spam", "junk", "junk e-mail", "спам"})
_JUNK = "$Junk"
_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    ">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le, "=": operator.eq,
}  # fmt: skip
_TEXTS = {
    Field.FROM: search_entry.c.author,
    Field.TO: search_entry.c.recipients,
    Field.SUBJECT: search_entry.c.subject,
}
Condition = ColumnElement[bool]


@dataclass(slots=True)
class Conditions:
    """Made for one question. `range` limits what is gone through, `others` what is then taken.

    `mailbox_id`: all of it lies in that mailbox. `nothing`: nothing can be found.
    """

    range: list[Condition] = field(default_factory=list)
    others: list[Condition] = field(default_factory=list)
    mailbox_id: int | None = None
    nothing: bool = False


def conditions_of(connection: Connection, sought: Sought) -> Conditions:
    """Return the conditions of a search; names are looked up."""
    found = Conditions()
    for term in sought.terms:
        if term.field in {Field.BEFORE, Field.AFTER}:
            found.range.append(_negated(term, _moment(term)))
        elif term.field is Field.ID:
            _take_id(connection, term, found)
        elif term.field is Field.MAILBOX:
            _take_mailbox(connection, term, found)
        else:
            found.others.append(_negated(term, _condition(connection, term)))
    return found


def _negated(term: Term, condition: Condition) -> Condition:
    return not_(condition) if term.negated else condition


def _moment(term: Term) -> Condition:
    at = to_us(term.moment) if term.moment is not None else 0
    received = search_entry.c.received
    return received < at if term.field is Field.BEFORE else received >= at


def _take_id(connection: Connection, term: Term, found: Conditions) -> None:
    query = select(message.c.received, message.c.id).where(message.c.queue_id == term.text)
    row = connection.execute(query).first()
    if row is None:
        found.nothing = found.nothing or not term.negated
        return
    if term.negated:
        found.others.append(search_entry.c.message_id != row.id)
    else:
        found.range.append(search_entry.c.received == row.received)
        found.others.append(search_entry.c.message_id == row.id)


def _take_mailbox(connection: Connection, term: Term, found: Conditions) -> None:
    whole = select(mailbox.c.id).where(mailbox.c.address == term.text)
    ids = list(connection.execute(whole).scalars())
    if not ids:
        part = select(mailbox.c.id).where(mailbox.c.address.contains(term.text, autoescape=True))
        ids = list(connection.execute(part).scalars())
    if term.negated:
        found.others.append(_in_mailboxes(ids) if not ids else not_(_in_mailboxes(ids)))
    elif not ids:
        found.nothing = True
    elif len(ids) == 1 and found.mailbox_id is None:
        found.mailbox_id = ids[0]
    else:
        found.others.append(_in_mailboxes(ids))


def _in_mailboxes(ids: list[int]) -> Condition:
    # Said so that no index serves it: the order is that of the entries
    return place.c.mailbox_id.op("+")(0).in_(ids) if ids else true()


def _condition(connection: Connection, term: Term) -> Condition:
    entry = search_entry.c
    found: Condition = false()
    match term.field:
        case Field.WORDS:
            found = or_(_has(entry.subject, term.text), _has(entry.author, term.text))
        case Field.FROM | Field.TO | Field.SUBJECT:
            found = _has(_TEXTS[term.field], term.text)
        case Field.ATTACHED:
            found = entry.attached.is_(True)
        case Field.FOLDER:
            found = folder.c.name.in_(_folders(connection, lambda name: name == term.text))
        case Field.IS:
            found = _state(connection, term.text)
        case Field.SIZE:
            found = _compared(entry.size_octets, term, term.number)
        case Field.SCORE:
            compared = _compared(entry.score, term, round(term.number * 100))
            found = and_(entry.score.is_not(None), compared)
    return found


def _has(column: Any, text: str) -> Condition:
    found: Condition = column.contains(text, autoescape=True)
    return found


def _compared(column: Any, term: Term, number: float) -> Condition:
    found: Condition = _COMPARISONS[term.op](column, number)
    return found


def _folders(connection: Connection, wanted: Callable[[str], bool]) -> list[str]:
    """Return the names of folders that are wanted by their folded form."""
    names = connection.execute(select(folder.c.name).distinct()).scalars()
    return [name for name in names if wanted(folded(name))]


def _state(connection: Connection, state: str) -> Condition:
    if state in {"read", "unread"}:
        read = place.c.flags.contains(READ, autoescape=True)
        return read if state == "read" else not_(read)
    if state == "flagged":
        return _has(place.c.flags, FLAGGED)
    names = _folders(connection, _SPAM_FOLDERS.__contains__)
    return or_(folder.c.name.in_([QUARANTINE, *names]), _has(place.c.flags, _JUNK))
