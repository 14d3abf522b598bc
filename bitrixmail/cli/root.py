"""The root of the command line: the options before the command, and how every command ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import click

from bitrixmail.cli.accounts import alias, domain, mailbox
from bitrixmail.cli.dns import dkim, dns
from bitrixmail.cli.doctor import doctor
from bitrixmail.cli.examples import examples
from bitrixmail.cli.failures import exit_code
from bitrixmail.cli.grants import grant_sender, list_grants, revoke_sender
from bitrixmail.cli.mail_files import export_maildir, export_mbox, import_mail
from bitrixmail.cli.messages import message, trace
from bitrixmail.cli.output import echo
from bitrixmail.cli.quarantine import quarantine
from bitrixmail.cli.queue import queue
from bitrixmail.cli.quickstart import quickstart
from bitrixmail.cli.route import route
from bitrixmail.cli.rules import rules
from bitrixmail.cli.sender import sender
from bitrixmail.cli.sendmail import sendmail
from bitrixmail.cli.session import Composer, GlobalOptions, Session
from bitrixmail.cli.settings import config
from bitrixmail.cli.sites import apply, export
from bitrixmail.cli.spam import spam
from bitrixmail.cli.suppression import suppression
from bitrixmail.cli.ticket import ticket
from bitrixmail.cli.users import user

_EPILOG = """\b
Settings: defaults < --config < environment (BITRIXMAIL_SMTP__MAX_SIZE=20MiB) < --set.
Without --config: the file that BITRIXMAIL_CONFIG names, else var/bitrixmail.toml
or etc/bitrixmail.toml in the current directory, else /etc/bitrixmail/bitrixmail.toml,
if there is one. The server looks for it in the same way.

\b
Completion in bash (or zsh_source, fish_source):
  eval "$(_BITRIXMAIL_COMPLETE=bash_source bitrixmail)"
"""


class Root(click.Group):
    """The root command: an error becomes lines on stderr and a code. Made once, at import."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run a command line and leave the process; a closed pipe is no error."""
        extra["standalone_mode"] = False
        try:
            code = super().main(*args, **extra)
        except SystemExit:
            raise
        except BaseException as error:  # noqa: BLE001 - the last one to catch: all is told there
            code = exit_code(error)
        sys.exit(code or os.EX_OK)

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """Read the options; --help of the root is printed here."""
        with _closed_pipes_end_it():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with _closed_pipes_end_it():
            return super().invoke(ctx)


@contextmanager
def _closed_pipes_end_it() -> Iterator[None]:
    """End the command in peace if whoever read its output has seen enough."""
    try:
        yield
    except BrokenPipeError:
        # What is still buffered must not raise once more when the interpreter ends.
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise click.exceptions.Exit(os.EX_OK) from None


def _show_version(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        composer: Composer = context.obj
        echo(composer.version().rstrip("\n"))
        context.exit()


@click.group(
    "bitrixmail",
    cls=Root,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=examples("bitrixmail domain add example.org", "bitrixmail mailbox add info@example.org")
    + "\n\n"
    + _EPILOG,
)
@click.option("-c", "--config", metavar="FILE", help="File of settings (TOML).")
@click.option(
    "--set", "overrides", metavar="SECTION.KEY=VALUE", multiple=True, help="One setting; repeated."
)
@click.option("-d", "--data-dir", metavar="DIR", help="Where everything is kept.")
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version,
    help="Show the versions of the program and what it stands on.",
)  # fmt: skip
@click.pass_context
def root(
    context: click.Context, config: str | None, overrides: tuple[str, ...], data_dir: str | None
) -> None:
    """Domains, mailboxes, aliases, rules and mail of a bitrixmail server.

    A running server sees a change within a second; none need run.
    """
    context.obj = Session(context.obj, GlobalOptions(config, overrides, data_dir), context)


for command in (
    domain, mailbox, alias, message, trace, rules, config, apply, export, import_mail,
    queue, suppression, route, doctor, quickstart, sendmail, dns, dkim, ticket, spam,
    sender, quarantine, user,
):  # fmt: skip
    root.add_command(command)
for command in (grant_sender, revoke_sender, list_grants):
    mailbox.add_command(command)
for command in (export_mbox, export_maildir):
    export.add_command(command)
