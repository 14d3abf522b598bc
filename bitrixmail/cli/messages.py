"""The commands `message` and `trace`: what was kept, and what became of a message."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bitrixmail.admin.trace_words import trace_data, trace_lines
from bitrixmail.cli.examples import examples
from bitrixmail.cli.failures import message_wanted
from bitrixmail.cli.files import write_octets
from bitrixmail.cli.language import lang_option
from bitrixmail.cli.output import echo, json_option, moment, print_json, say, size, table
from bitrixmail.cli.session import Session, pass_session
from bitrixmail.model.text import printable

if TYPE_CHECKING:
    from bitrixmail.admin.messages import Shown, Told

_WIDE = 1000
_Command = TypeVar("_Command", bound=Callable[..., Any])


def _limit(default: int) -> Callable[[_Command], _Command]:
    return click.option(
        "--limit", type=click.IntRange(min=1), default=default, show_default=True, metavar="N",
        help="How many, the newest.",
    )  # fmt: skip


@click.group(epilog=examples("bitrixmail message list info@example.org"))
def message() -> None:
    """Messages that were kept."""


@message.command(
    "list", epilog=examples("bitrixmail message list info@example.org --folder Invoices")
)
@click.argument("mailbox")
@click.option("--folder", metavar="FOLDER", help="Only this folder.")
@_limit(100)
@json_option
@pass_session
def list_messages(
    session: Session, mailbox: str, folder: str | None, limit: int, as_json: bool
) -> None:
    """List the messages of a mailbox, newest first."""
    found = session.wait(session.office.messages.listing(mailbox, folder, limit))
    if as_json:
        print_json(found)
        return
    headings = ("ID", "Received", "Folder", "From", "Subject", "Size", "Marks")
    rows = [
        (
            each.queue_id,
            moment(each.received),
            each.folder,
            printable(each.header_from or each.sender, 40),
            printable(each.subject, 60),
            size(each.size_octets),
            " ".join((*sorted(each.flags), *sorted(each.tags))),
        )
        for each in found
    ]
    table(headings, rows)
    if len(found) == limit:
        say(f"there may be more than these {limit}: give a higher --limit")


@message.command("show", epilog=examples("bitrixmail message show ID"))
@click.argument("queue_id", metavar="ID")
@json_option
@pass_session
def show(session: Session, queue_id: str, as_json: bool) -> None:
    """Show where a message lies, its header section, and what happened to it."""
    with message_wanted():
        shown = session.wait(session.office.messages.show(queue_id))
    if as_json:
        fields = [{"name": name, "value": value} for name, value in shown.fields]
        print_json(
            {
                "queue_id": shown.queue_id,
                "places": shown.places,
                "fields": fields,
                "events": [_event_data(told) for told in shown.events],
            }
        )
        return
    _show(shown, session.composer.language())


def _show(shown: Shown, language: str) -> None:
    echo(f"message {printable(shown.queue_id)}")
    for place in shown.places:
        where = f"{place.mailbox}, folder {place.folder}, UID {place.uid}"
        marks = "".join(f", {mark}" for mark in (*sorted(place.flags), *sorted(place.tags)))
        echo(printable(f"  {where}, {size(place.size_octets)}{marks}", _WIDE))
    if not shown.places:
        echo("  no mailbox keeps it")
    echo()
    for name, value in shown.fields:
        echo(printable(f"{name}: {value}", _WIDE))
    if shown.fields:
        echo()
    _tell(shown.events, language)


@message.command(
    "export",
    epilog=examples(
        "bitrixmail message export ID --output letter.eml", "bitrixmail message export ID | less"
    ),
)
@click.argument("queue_id", metavar="ID")
@click.option("-o", "--output", metavar="FILE", default="-", help="Write it there, not to stdout.")
@pass_session
def export_message(session: Session, queue_id: str, output: str) -> None:
    """Write a message as it is stored, with the trace field that was put before it."""
    with message_wanted():
        octets = session.wait(session.office.messages.export(queue_id))
    if output == "-" and sys.stdout.isatty():
        # A stranger wrote it, and a terminal obeys what it reads.
        for line in octets.decode("utf-8", "replace").split("\r\n"):
            echo(printable(line.replace("\t", "    "), len(line) * 4 + 1))
    else:
        write_octets(output, octets)


@click.command(
    epilog=examples("bitrixmail trace ID", "bitrixmail trace info@example.org --limit 10")
)
@click.argument("what", metavar="ID|ADDRESS")
@_limit(100)
@lang_option
@json_option
@pass_session
def trace(session: Session, what: str, limit: int, lang: str | None, as_json: bool) -> None:
    """Tell what happened to a message, or at an address, and why.

    Every rule that was asked, what each condition saw, and what was done. Refusals too.
    """
    with message_wanted():
        told = session.wait(session.office.messages.trace(what, limit))
    if as_json:
        print_json([_event_data(each) for each in told])
    else:
        _tell(told, lang or session.composer.language())
        if told[-1].event.kind == "deferred":
            say(f"what becomes of it next: bitrixmail queue show {told[-1].event.queue_id}")


def _event_data(told: Told) -> dict[str, object]:
    event = told.event
    return {
        "at": event.at,
        "kind": event.kind,
        "queue_id": event.queue_id,
        "address": event.address,
        "text": event.text,
        "trace": trace_data(told.trace) if told.trace else None,
    }


def _tell(events: tuple[Told, ...], language: str) -> None:
    for told in events:
        event = told.event
        text = event.text.removeprefix(event.kind).lstrip(": ")
        parts = (moment(event.at), event.kind, event.queue_id, event.address, text)
        echo(printable("  ".join(part for part in parts if part), _WIDE))
        if told.trace is not None:
            for line in trace_lines(told.trace, language):
                echo(line)
