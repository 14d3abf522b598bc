"""The question before mail is thrown away."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from bitrixmail.cli.output import size
from bitrixmail.model.text import printable

if TYPE_CHECKING:
    from bitrixmail.admin.accounts import MailHeld

yes_option = click.option("--yes", is_flag=True, help="Do not ask, even if it holds mail.")


class RefusedError(Exception):
    """The person at the terminal said no."""

    exit_code = os.EX_NOPERM

    def __init__(self, what: str = "nothing was removed") -> None:
        super().__init__(what)


def confirm_removal(kind: str, name: str, held: MailHeld, *, yes: bool) -> None:
    """Ask before mail goes; raises RefusedError for a no, UsageError where nobody can be asked."""
    if yes or not held.mailboxes:
        return
    whose = ", ".join(held.mailboxes[:5]) + (", …" if len(held.mailboxes) > 5 else "")
    what = printable(f"{kind} {name} holds {size(held.octets)} of mail ({whose})", 1000)
    if not sys.stdin.isatty():
        raise click.UsageError(f"{what}: to remove it with its mail give --yes")
    if not click.confirm(f"{what}. Remove it with its mail?", err=True):
        raise RefusedError
