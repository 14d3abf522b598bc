"""The command `sender`: whose mail is let in or kept out, whatever the filter says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

import click

from bitrixmail.cli.examples import examples
from bitrixmail.cli.output import json_option, moment, print_json, say, table
from bitrixmail.cli.session import Session, pass_session

_Command = TypeVar("_Command", bound=Callable[..., Any])
_for_option = click.option(
    "--for", "whose", metavar="ADDRESS|DOMAIN", default="",
    help="For this mailbox, or those of this domain; by default for all.",
)  # fmt: skip


def _entry_options(command: _Command) -> _Command:
    for option in (
        click.option("--note", default="", metavar="TEXT", help="Why, for whoever looks at it."),
        click.option(
            "--days", type=click.IntRange(min=1, max=36500), metavar="N",
            help="So long; else for good.",
        ),
        _for_option,
        click.argument("address", metavar="ADDRESS|@DOMAIN"),
    ):  # fmt: skip
        command = option(command)
    return command


@click.group(epilog=examples("bitrixmail sender block @shop.example", "bitrixmail sender list"))
def sender() -> None:
    """Senders who are let in or kept out by hand, before their mail is rated.

    Both the envelope and From count. From can be forged as long as nothing authenticates it: who
    is let in by it is let in for whoever writes that name.
    """


@sender.command("allow", epilog=examples("bitrixmail sender allow ann@example.com --days 30"))
@_entry_options
@pass_session
def allow(session: Session, *, address: str, whose: str, days: int | None, note: str) -> None:
    """Rate mail of an address, or of a "@domain", 0: it is no spam."""
    _put(session, address, whose, days, note, allowed=True)


@sender.command("block", epilog=examples("bitrixmail sender block @shop.example --for example.org"))
@_entry_options
@pass_session
def block(session: Session, *, address: str, whose: str, days: int | None, note: str) -> None:
    """Rate mail of an address, or of a "@domain", 100: it is spam."""
    _put(session, address, whose, days, note, allowed=False)


def _put(
    session: Session, address: str, whose: str, days: int | None, note: str, *, allowed: bool
) -> None:
    lasting = None if days is None else timedelta(days=days)
    put = session.wait(session.office.senders.put(address, whose, note, lasting, allowed=allowed))
    entry = put.entry
    verb = "let in" if allowed else "blocked"
    until = "" if entry.until is None else f" until {moment(entry.until)}"
    say(f"{entry.address} is {verb} for {entry.whose or 'all'}{until}")
    if not put.noticed:
        say("note: no rule asks for the score yet, so nothing follows: bitrixmail spam threshold")


@sender.command("remove", epilog=examples("bitrixmail sender remove @shop.example"))
@_for_option
@click.argument("address", metavar="ADDRESS|@DOMAIN")
@pass_session
def remove(session: Session, address: str, whose: str) -> None:
    """Take an entry off the list."""
    entry = session.wait(session.office.senders.remove(address, whose))
    verb = "let in" if entry.allowed else "blocked"
    say(f"{entry.address} is no longer {verb} for {entry.whose or 'all'}")


@sender.command("list", epilog=examples("bitrixmail sender list --for info@example.org"))
@click.option(
    "--for",
    "whose",
    metavar="ADDRESS|DOMAIN",
    help="Only entries of this mailbox or domain.",
)
@json_option
@pass_session
def list_senders(session: Session, whose: str | None, as_json: bool) -> None:
    """List who is let in and who is kept out now."""
    found = session.wait(session.office.senders.listing(whose))
    if as_json:
        print_json(found)
        return
    rows = [
        (
            entry.address,
            "let in" if entry.allowed else "blocked",
            entry.whose or "(all)",
            moment(entry.since),
            "for good" if entry.until is None else moment(entry.until),
            entry.note,
        )
        for entry in found
    ]
    table(("Sender", "What", "For", "Since", "Until", "Note"), rows)
