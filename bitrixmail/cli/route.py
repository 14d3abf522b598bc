"""The command `route`: where mail for an address goes."""

from __future__ import annotations

import os

import click

from bitrixmail.cli.examples import examples
from bitrixmail.cli.output import echo, json_option, print_json
from bitrixmail.cli.session import Session, pass_session
from bitrixmail.model.route import Route, RouteKind
from bitrixmail.model.text import printable

_WORDS = {
    RouteKind.UNKNOWN: "no such mailbox here",
    RouteKind.FOREIGN: "goes out, to the hosts of its domain or the smarthost",
    RouteKind.LOOP: "leads back to itself",
}


@click.command(epilog=examples("bitrixmail route sales@example.org"))
@click.argument("addresses", nargs=-1, required=True, metavar="ADDRESS...")
@json_option
@pass_session
@click.pass_context
def route(
    context: click.Context, session: Session, addresses: tuple[str, ...], as_json: bool
) -> None:
    """Tell where mail for addresses goes. Exit code 67 if there is nobody of that name here."""
    found = [(each, session.wait(session.office.routes.find(each))) for each in addresses]
    if as_json:
        print_json(
            [
                {"address": each, "kind": one.kind.value, "mailboxes": _mailboxes(one)}
                for each, one in found
            ]
        )
    else:
        for each, one in found:
            for line in _lines(one):
                echo(f"{printable(each)}: {line}")
    if any(one.kind in {RouteKind.UNKNOWN, RouteKind.LOOP} for _, one in found):
        context.exit(os.EX_NOUSER)


def _lines(found: Route) -> list[str]:
    if found.kind is RouteKind.LOCAL:
        return [
            f"mailbox {printable(target.mailbox.address)}, folder {printable(target.folder)}"
            for target in found.targets
        ]
    return [_WORDS[found.kind]]


def _mailboxes(found: Route) -> list[dict[str, str]]:
    return [
        {"address": target.mailbox.address, "folder": target.folder} for target in found.targets
    ]
