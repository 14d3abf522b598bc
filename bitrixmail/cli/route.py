"""The command `route`: where mail for addresses goes, and how it would go out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from bitrixmail.cli.examples import examples
from bitrixmail.cli.output import echo, json_option, moment, print_json
from bitrixmail.cli.session import Session, pass_session
from bitrixmail.model.destination import Level
from bitrixmail.model.job import Priority
from bitrixmail.model.route import Route, RouteKind
from bitrixmail.model.text import printable
from bitrixmail.model.way import Outgoing

if TYPE_CHECKING:  # what it imports is slow, and `--help` needs none of it
    from bitrixmail.admin.routes import Led

_WORDS = {
    RouteKind.UNKNOWN: "no such mailbox here",
    RouteKind.LOOP: "leads back to itself",
}
_LEVELS = {
    None: "encrypted if the server can, and as its domain demands",
    Level.NONE: "in the clear",
    Level.OPPORTUNISTIC: "encrypted if the server can",
    Level.ENCRYPTED: "encrypted, or not at all",
    Level.VERIFIED: "encrypted, to a server that proves to be the right one, or not at all",
}
_PRIORITIES = {priority.name.lower(): priority for priority in Priority}
_DAY, _HOUR, _MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


@click.command(
    epilog=examples(
        "bitrixmail route sales@example.org",
        "bitrixmail route bob@example.com --from news@example.org --priority bulk",
    )
)
@click.argument("addresses", nargs=-1, required=True, metavar="ADDRESS...")
@click.option(
    "--from", "sender", metavar="SENDER", help='Mail of this sender; "" is the null sender.'
)
@click.option(
    "--priority",
    type=click.Choice(list(_PRIORITIES)),
    default="normal",
    show_default=True,
    help="Mail of this priority.",
)
@json_option
@pass_session
@click.pass_context
def route(  # noqa: PLR0917 - click hands over each option
    context: click.Context,
    session: Session,
    addresses: tuple[str, ...],
    sender: str | None,
    priority: str,
    as_json: bool,
) -> None:
    """Tell where mail for addresses goes; if out, by which way, how safely, and when.

    It is as the settings have it, which a server that runs may have read before they were changed.
    Exit code 67 if there is nobody of that name here.
    """
    find, haste = session.office.routes.find, _PRIORITIES[priority]
    found = [(each, session.wait(find(each, sender, haste))) for each in addresses]
    if as_json:
        print_json([_plain(each, led) for each, led in found])
    else:
        for each, led in found:
            for line in _lines(led):
                echo(f"{printable(each)}: {line}")
    if any(led.route.kind in {RouteKind.UNKNOWN, RouteKind.LOOP} for _, led in found):
        context.exit(os.EX_NOUSER)


def _lines(led: Led) -> Iterator[str]:
    if led.route.kind is RouteKind.LOCAL:
        for target in led.route.targets:
            yield f"mailbox {printable(target.mailbox.address)}, folder {printable(target.folder)}"
    elif led.outgoing is None:
        yield _WORDS[led.route.kind]
    elif led.suppressed is not None:
        reason = printable(led.suppressed.reason)
        yield f"nothing is sent there: {reason} (`bitrixmail suppression`)"
    else:
        yield from _out(led.outgoing)


def _out(found: Outgoing) -> Iterator[str]:
    way = f"to {printable(found.to)}" if found.to else "to the hosts of its domain"
    by = f" by the route {found.route}," if found.route else ""
    login = f", logged in as {printable(found.login)}" if found.login else ""
    yield f"goes out{by} {way}{login}"
    yield f"TLS: {_LEVELS[found.tls]}"
    much = [f"{found.per_minute} a minute"] * bool(found.per_minute)
    much += [f"{found.batch} at a time"] * bool(found.batch)
    by = f" ({found.window})" if found.window else ""
    yield ", ".join([f"when: {_when(found.opens)}{by}", *much])
    yield f"given up after {_long(found.lifetime)}"
    if found.by_sender:
        yield "mail of certain senders may go otherwise: --from SENDER"


def _when(opens: datetime | None) -> str:
    if opens is None:
        return "never, as far as one can see"
    return "at once" if opens <= datetime.now(UTC) else f"not before {moment(opens)}"  # noqa: TID251 - a person asks


def _long(duration: timedelta) -> str:
    for unit, name in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "m")):
        if duration >= unit and not duration % unit:
            return f"{duration // unit}{name}"
    return f"{duration.total_seconds():g}s"


def _plain(address: str, led: Led) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "address": address,
        "kind": led.route.kind.value,
        "mailboxes": _mailboxes(led.route),
    }
    if led.outgoing is not None:
        out = led.outgoing
        shown["outgoing"] = {
            "route": out.route,
            "to": out.to,
            "login": out.login,
            "tls": None if out.tls is None else out.tls.word,
            "window": out.window,
            "opens": out.opens,
            "per_minute": out.per_minute,
            "batch": out.batch,
            "lifetime_s": out.lifetime.total_seconds(),
            "suppressed": None if led.suppressed is None else led.suppressed.reason,
        }
    return shown


def _mailboxes(found: Route) -> list[dict[str, str]]:
    return [
        {"address": target.mailbox.address, "folder": target.folder} for target in found.targets
    ]
