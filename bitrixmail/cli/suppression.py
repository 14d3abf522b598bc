"""The command `suppression`: addresses that nothing is sent to, and why."""

from __future__ import annotations

from datetime import timedelta

import click

from bitrixmail.cli.examples import examples
from bitrixmail.cli.output import json_option, moment, print_json, say, table
from bitrixmail.cli.session import Session, pass_session
from bitrixmail.model.text import printable


@click.group(epilog=examples("bitrixmail suppression remove bob@example.com"))
def suppression() -> None:
    """Addresses that nothing is sent to: they do not exist, or somebody said so."""


@suppression.command("list", epilog=examples("bitrixmail suppression list --json"))
@json_option
@pass_session
def list_suppressed(session: Session, as_json: bool) -> None:
    """List the addresses that are suppressed now."""
    found = session.wait(session.office.suppressions.listing())
    if as_json:
        print_json(found)
        return
    headings = ("Address", "Reason", "Since", "Until", "Message", "What was said")
    rows = [
        (
            entry.address,
            entry.reason,
            moment(entry.since),
            "for good" if entry.until is None else moment(entry.until),
            entry.queue_id,
            printable(entry.detail, 100),
        )
        for entry in found
    ]
    table(headings, rows)


@suppression.command("add", epilog=examples("bitrixmail suppression add bob@example.com"))
@click.argument("address")
@click.option("--days", type=click.IntRange(min=1), metavar="N", help="So long; else for good.")
@click.option("--note", default="", metavar="TEXT", help="Why, for whoever looks at it.")
@pass_session
def add(session: Session, address: str, days: int | None, note: str) -> None:
    """Have nothing sent to an address; what waits in the queue is sent all the same."""
    lasting = None if days is None else timedelta(days=days)
    entry = session.wait(session.office.suppressions.add(address, note, lasting))
    say(f"nothing is sent to {entry.address} any more")


@suppression.command(
    "remove",
    epilog=examples(
        "bitrixmail suppression remove bob@example.com",
        "bitrixmail suppression remove --domain example.com",
    ),
)
@click.argument("addresses", metavar="[ADDRESS]...", nargs=-1)
@click.option("--domain", metavar="DOMAIN", help="All addresses of a domain.")
@pass_session
def remove(session: Session, addresses: tuple[str, ...], domain: str | None) -> None:
    """Let mail go to addresses again."""
    meant = list(addresses)
    if domain is not None:
        end = f"@{domain.lower()}"
        listed = session.wait(session.office.suppressions.listing())
        meant += [entry.address for entry in listed if entry.address.lower().endswith(end)]
        if not meant:
            say(f"no address of {domain} is suppressed")
            return
    if not meant:
        raise click.UsageError("name the addresses, or give --domain")
    for address in meant:
        session.wait(session.office.suppressions.remove(address))
        say(f"mail is sent to {address} again")
