"""The command `ticket`: the help desk inside."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bitrixmail.cli.consent import RefusedError, agreed
from bitrixmail.cli.examples import examples
from bitrixmail.cli.failures import message_wanted
from bitrixmail.cli.output import echo, json_option, moment, print_json, say, table
from bitrixmail.cli.session import Session, pass_session
from bitrixmail.model.text import printable
from bitrixmail.model.ticket import Direction, TicketState

if TYPE_CHECKING:
    from bitrixmail.admin.tickets import Said, TicketShown
    from bitrixmail.model.ticket import Ticket

_Command = TypeVar("_Command", bound=Callable[..., Any])
_STATES = {"open": (TicketState.OPEN,), "closed": (TicketState.CLOSED,), "all": ()}
_WIDE = 1000


@click.group(epilog=examples("bitrixmail ticket list", "bitrixmail ticket show 17"))
def ticket() -> None:
    """Tickets of the help desk: letters that the action `ticket` of a rule has gathered."""


def _of_desk(command: _Command) -> _Command:
    """Give a command the option that says which desk is meant."""
    option = click.option("--desk", default="", metavar="MAILBOX", help="Of this mailbox.")
    return option(command)


def _naming(command: _Command) -> _Command:
    """Give a command what names one ticket."""
    return click.argument("number", metavar="NUMBER")(_of_desk(command))


@ticket.command(
    "list", epilog=examples("bitrixmail ticket list --desk help@example.org --state all")
)
@_of_desk
@click.option(
    "--state", type=click.Choice(list(_STATES)), default="open", show_default=True,
    help="In this state.",
)  # fmt: skip
@click.option("--owner", default="", metavar="ADDRESS", help="Opened by this address.")
@click.option("--category", default="", metavar="WORD", help="Of this category.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=100, show_default=True, metavar="N",
    help="How many, those changed last.",
)  # fmt: skip
@json_option
@pass_session
def list_tickets(
    session: Session, desk: str, *, state: str, owner: str, category: str, limit: int, as_json: bool
) -> None:
    """List tickets, those changed last first."""
    listing = session.office.tickets.listing(
        _STATES[state], desk, owner=owner, category=category, limit=limit
    )
    found = session.wait(listing)
    if as_json:
        print_json([_data(each) for each in found])
        return
    headings = ("Number", "State", "Desk", "Owner", "Subject", "Changed", "Category", "Of")
    rows = [
        (
            str(each.number),
            each.state.value,
            each.desk,
            printable(each.owner, 40),
            printable(each.subject, 60),
            moment(each.changed),
            " ".join(filter(None, (each.category, each.criticality))),
            each.assignee,
        )
        for each in found
    ]
    table(headings, rows)
    if len(found) == limit:
        say(f"there may be more than these {limit}: give a higher --limit")


@ticket.command("show", epilog=examples("bitrixmail ticket show 17 --json"))
@_naming
@json_option
@pass_session
def show(session: Session, number: str, desk: str, as_json: bool) -> None:
    """Show a ticket: what is known of it, and all that was said."""
    with message_wanted():
        shown = session.wait(session.office.tickets.show(number, desk))
    if as_json:
        said = [_message_data(each) for each in shown.messages]
        print_json(_data(shown.ticket) | {"reply_to": shown.reply_to, "messages": said})
        return
    _show(shown)


def _show(shown: TicketShown) -> None:
    found = shown.ticket
    echo(printable(f"{found.mark} {found.subject}", _WIDE))
    echo(f"  {found.state}, of {found.owner}, at {found.desk}")
    for name, value in (
        ("category", found.category),
        ("criticality", found.criticality),
        ("looked after by", found.assignee),
        ("might belong to", f"[#{found.linked}]" if found.linked else ""),
        ("answers to", shown.reply_to),
    ):
        if value:
            echo(printable(f"  {name} {value}", _WIDE))
    for said in shown.messages:
        message = said.message
        arrow = "from" if message.direction is Direction.IN else "by"
        hidden = ", hidden" if message.hidden else ""
        queue_id = f"  {message.queue_id}" if message.queue_id else ""
        echo()
        echo(f"{moment(message.at)}{queue_id}  {arrow} {printable(message.author)}{hidden}")
        echo(printable(f"  {message.how}", _WIDE))
        # A stranger wrote it, and a terminal obeys what it reads.
        for line in said.text.split("\n") if said.text else ():
            echo(f"  | {printable(line, len(line) * 8 + 1)}".rstrip())


def _text(given: str | None) -> str:
    """Return the text of an option, or what comes on standard input."""
    if given is not None:
        return given
    if sys.stdin.isatty():
        say("write it here, and end it by Ctrl-D on a line of its own")
    return sys.stdin.buffer.read().decode("utf-8", "replace")


_text_option = click.option("--text", metavar="TEXT", help="What to write; else standard input.")


@ticket.command(
    "reply",
    epilog=examples(
        "cat answer.txt | bitrixmail ticket reply 17",
        'bitrixmail ticket reply 17 --text "It is mended." --close',
    ),
)
@_naming
@_text_option
@click.option("--close", is_flag=True, help="Close the ticket with it.")
@pass_session
def reply(session: Session, number: str, desk: str, text: str | None, close: bool) -> None:
    """Send an answer to the owner of a ticket, from the address of its desk.

    It is in the queue, and in the ticket, when this returns.
    """
    who = session.composer.author()
    answering = session.office.tickets.reply(number, desk, _text(text), who=who, close=close)
    with message_wanted():
        found, queue_id = session.wait(answering)
    closed = ", the ticket is closed" if close else ""
    say(f"ticket {found.mark}: the answer to {found.owner} is in the queue as {queue_id}{closed}")


@ticket.command("note", epilog=examples('bitrixmail ticket note 17 --text "He will call."'))
@_naming
@_text_option
@pass_session
def note(session: Session, number: str, desk: str, text: str | None) -> None:
    """Write something down in a ticket that its owner does not get."""
    who = session.composer.author()
    with message_wanted():
        found = session.wait(session.office.tickets.note(number, desk, _text(text), who))
    say(f"ticket {found.mark}: noted")


@ticket.command("close", epilog=examples("bitrixmail ticket close 17"))
@_naming
@pass_session
def close(session: Session, number: str, desk: str) -> None:
    """Close a ticket. A letter that comes into it later opens it again."""
    _set_state(session, number, desk, TicketState.CLOSED)


@ticket.command("reopen", epilog=examples("bitrixmail ticket reopen 17"))
@_naming
@pass_session
def reopen(session: Session, number: str, desk: str) -> None:
    """Open a ticket again."""
    _set_state(session, number, desk, TicketState.OPEN)


def _set_state(session: Session, number: str, desk: str, state: TicketState) -> None:
    who = session.composer.author()
    with message_wanted():
        found = session.wait(session.office.tickets.set_state(number, desk, state, who))
    say(f"ticket {found.mark} of {found.owner} is {found.state}")


@ticket.command("assign", epilog=examples("bitrixmail ticket assign 17 anna"))
@_naming
@click.argument("assignee", metavar="[WHO]", default="")
@pass_session
def assign(session: Session, number: str, desk: str, assignee: str) -> None:
    """Say who looks after a ticket: any name of yours; without one nobody does."""
    who = session.composer.author()
    with message_wanted():
        found = session.wait(session.office.tickets.assign(number, desk, assignee, who))
    say(f"ticket {found.mark} is looked after by {found.assignee or 'nobody'}")


@ticket.command("delete", epilog=examples("bitrixmail ticket delete 17 --yes"))
@_naming
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@pass_session
def delete(session: Session, number: str, desk: str, yes: bool) -> None:
    """Remove a ticket; its letters stay in the folders where they lie."""
    with message_wanted():
        found = session.wait(session.office.tickets.find(number, desk))
    what = f"ticket {found.mark} of {printable(found.owner)}"
    if not yes and not sys.stdin.isatty():
        raise click.UsageError(f"to delete {what} give --yes")
    if not yes and not agreed(f"Delete {what}?"):
        raise RefusedError
    session.wait(session.office.tickets.delete(number, found.desk, session.composer.author()))
    say(f"ticket {found.mark} deleted")


def _data(found: Ticket) -> dict[str, object]:
    return {
        "number": found.number,
        "desk": found.desk,
        "state": found.state.value,
        "owner": found.owner,
        "subject": found.subject,
        "category": found.category,
        "criticality": found.criticality,
        "assignee": found.assignee,
        "might_belong_to": found.linked or None,
        "created": found.created,
        "changed": found.changed,
    }


def _message_data(said: Said) -> dict[str, object]:
    message = said.message
    return {
        "at": message.at,
        "direction": message.direction.value,
        "author": message.author,
        "queue_id": message.queue_id,
        "message_id": message.message_id,
        "how": message.how,
        "hidden": message.hidden,
        "automatic": message.automatic,
        "text": said.text,
    }
