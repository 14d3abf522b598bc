"""The command `quarantine`: what was kept back, and what becomes of it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from bitrixmail.cli.consent import RefusedError, agreed
from bitrixmail.cli.examples import examples
from bitrixmail.cli.messages import show as show_message
from bitrixmail.cli.output import json_option, moment, print_json, say, size, table
from bitrixmail.cli.session import Session, pass_session
from bitrixmail.model.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bitrixmail.model.quarantine import Held

_mailbox_option = click.option(
    "--mailbox", metavar="ADDRESS", default="", help="Only in the quarantine of this mailbox."
)
_ids = click.argument("queue_ids", metavar="[ID]...", nargs=-1)
_all_option = click.option(
    "--all", "everything", is_flag=True, help="All that is held, in --mailbox if that is given."
)
_yes_option = click.option("--yes", is_flag=True, help="Do not ask.")


@click.group(epilog=examples("bitrixmail quarantine list", "bitrixmail quarantine release ID"))
def quarantine() -> None:
    """Messages that rules have put into quarantine."""


@quarantine.command(
    "list", epilog=examples("bitrixmail quarantine list --mailbox info@example.org")
)
@_mailbox_option
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    metavar="N",
    help="How many, the newest.",
)
@json_option
@pass_session
def list_held(session: Session, *, mailbox: str, limit: int, as_json: bool) -> None:
    """List what is held, the newest first."""
    found = session.wait(session.office.quarantine.listing(mailbox, limit))
    if as_json:
        print_json(found)
        return
    rows = [
        (
            held.queue_id,
            moment(held.received),
            held.mailbox,
            printable(held.header_from or held.sender, 40),
            printable(held.subject, 60),
            size(held.size_octets),
        )
        for held in found
    ]
    table(("ID", "Received", "Mailbox", "From", "Subject", "Size"), rows)
    if len(found) == limit:
        say(f"there may be more than these {limit}: give a higher --limit")


@quarantine.command(
    "release",
    epilog=examples(
        "bitrixmail quarantine release ID",
        "bitrixmail quarantine release --all --mailbox info@example.org --act",
    ),
)
@_ids
@_mailbox_option
@_all_option
@click.option(
    "--act",
    is_flag=True,
    help="Have the rules sort it as if it came now, and do what they want done outside.",
)
@click.option(
    "--learn/--no-learn",
    default=True,
    show_default=True,
    help="Have the filter learn that it is no spam.",
)
@_yes_option
@pass_session
def release(  # noqa: PLR0917 - what was typed
    session: Session,
    queue_ids: tuple[str, ...],
    mailbox: str,
    everything: bool,
    act: bool,
    learn: bool,
    yes: bool,
) -> None:
    """Let messages go into INBOX; the filter learns that they are no spam."""
    chosen = _chosen(session, queue_ids, mailbox, everything=everything)
    _confirm(chosen, "let go", asked=everything and not yes)
    count = session.wait(session.office.quarantine.release(chosen, act=act, learn=learn))
    say(f"{_messages(count)} let go")


@quarantine.command("delete", epilog=examples("bitrixmail quarantine delete ID"))
@_ids
@_mailbox_option
@_all_option
@_yes_option
@pass_session
def delete(
    session: Session, *, queue_ids: tuple[str, ...], mailbox: str, everything: bool, yes: bool
) -> None:
    """Remove messages for good."""
    chosen = _chosen(session, queue_ids, mailbox, everything=everything)
    _confirm(chosen, "removed for good", asked=not yes)
    count = session.wait(session.office.quarantine.delete(chosen))
    say(f"{_messages(count)} removed")


def _chosen(
    session: Session, queue_ids: tuple[str, ...], mailbox: str, *, everything: bool
) -> Sequence[Held]:
    from bitrixmail.admin.quarantine import Wish  # noqa: PLC0415 - slow, see session

    if bool(queue_ids) is everything:
        raise click.UsageError("name the messages by their ids, or give --all")
    return session.wait(session.office.quarantine.chosen(Wish(queue_ids, mailbox)))


def _confirm(chosen: Sequence[Held], what: str, *, asked: bool) -> None:
    if not asked or not chosen:
        return
    question = f"{_messages(len(chosen))} will be {what}"
    if not sys.stdin.isatty():
        raise click.UsageError(f"{question}: to do it give --yes")
    if not agreed(f"{question}. Go on?"):
        raise RefusedError("nothing was changed")


def _messages(count: int) -> str:
    return f"{count} message" if count == 1 else f"{count} messages"


@quarantine.command("show", epilog=examples("bitrixmail quarantine show ID"))
@click.argument("queue_id", metavar="ID")
@json_option
@click.pass_context
def show(context: click.Context, queue_id: str, as_json: bool) -> None:
    """Show a message that is held, and why: as `message show` does."""
    context.invoke(show_message, queue_id=queue_id, as_json=as_json)
