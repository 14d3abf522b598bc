"""The commands `apply` and `export`: a whole site as a file."""

from __future__ import annotations

import click

from bitrixmail.cli.examples import examples
from bitrixmail.cli.files import name_of, read_text
from bitrixmail.cli.output import complain, echo, print_toml, say
from bitrixmail.cli.session import Session, pass_session
from bitrixmail.model.text import printable


@click.command(epilog=examples("bitrixmail apply etc/site.example.toml"))
@click.argument("file", metavar="SITE.toml")
@pass_session
def apply(session: Session, file: str) -> None:
    """Make domains, mailboxes, as whom they may send, aliases and rules as a file says.

    It adds and changes, and never removes; a second time nothing changes. If anything is wrong in
    the file, nothing is done. How it is written: etc/site.example.toml.
    """
    text, author = read_text(file), session.composer.author()
    changes = session.wait(session.office.sites.apply(text, name_of(file), author))
    for change in changes:
        detail = f": {change.detail}" if change.detail else ""
        echo(printable(f"{change.what} {change.kind} {change.name}{detail}", 1000))
    if not changes:
        say("nothing to change: all is as the file says")


@click.group(
    invoke_without_command=True,
    epilog=examples("bitrixmail export > site.toml"),
)
@click.option(
    "--with-secrets", is_flag=True, help="With what is kept of passwords; keep the file safe."
)
@click.pass_context
def export(context: click.Context, with_secrets: bool) -> None:
    """Write domains, mailboxes, as whom they may send, aliases and rules as `apply` reads it.

    Keys of DKIM, the suppression list and mail are not in it (docs/moving-in.md).

    With a command: write the mail of a mailbox.
    """
    if context.invoked_subcommand is not None:
        return
    session: Session = context.obj
    exported = session.wait(session.office.sites.export(with_secrets=with_secrets))
    complain(exported.notes, "note")
    print_toml(exported.text)
