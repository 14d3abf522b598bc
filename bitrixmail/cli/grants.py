"""The commands `mailbox grant`, `revoke` and `grants`: as whom a mailbox may send."""

from __future__ import annotations

import click

from bitrixmail.cli.examples import examples
from bitrixmail.cli.output import json_option, print_json, say, table
from bitrixmail.cli.session import Session, pass_session

_AS = click.argument("wanted", metavar="AS")


@click.command(
    "grant",
    epilog=examples(
        "bitrixmail mailbox grant shop@example.org sales@example.org",
        "bitrixmail mailbox grant shop@example.org @example.org",
    ),
)
@click.argument("address")
@_AS
@pass_session
def grant_sender(session: Session, address: str, wanted: str) -> None:
    """Let a mailbox send as AS: an address, or all of a @domain.

    Its own address and the aliases that lead to it need no grant.
    """
    grant, new, own = session.wait(session.office.grants.grant(address, wanted))
    say(f"mailbox {grant.mailbox} {'may' if new else 'already might'} send as {grant.address}")
    if not own:
        domain = grant.address.rpartition("@")[2]
        say(f"note: {domain} is no domain of this server, and others may refuse such mail")


@click.command(
    "revoke", epilog=examples("bitrixmail mailbox revoke shop@example.org sales@example.org")
)
@click.argument("address")
@_AS
@pass_session
def revoke_sender(session: Session, address: str, wanted: str) -> None:
    """Take back that a mailbox may send as AS."""
    grant = session.wait(session.office.grants.revoke(address, wanted))
    say(f"mailbox {grant.mailbox} may not send as {grant.address} any more")


@click.command(
    "grants",
    epilog=examples(
        "bitrixmail mailbox grants", "bitrixmail mailbox grants shop@example.org --json"
    ),
)
@click.argument("address", required=False)
@json_option
@pass_session
def list_grants(session: Session, address: str | None, as_json: bool) -> None:
    """List as whom mailboxes may send, beside their own addresses and aliases."""
    found = session.wait(session.office.grants.listing(address))
    if as_json:
        print_json(found)
        return
    table(("Mailbox", "May send as"), [(each.mailbox, each.address) for each in found])
