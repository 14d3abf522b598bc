"""The question before mail or rules are changed for good."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from bitrixmail.cli.output import size
from bitrixmail.model.text import printable

if TYPE_CHECKING:
    from bitrixmail.admin.accounts import MailHeld

_YES = frozenset({"y", "yes", "д", "да"})
_NO = frozenset({"", "n", "no", "н", "нет"})
_ASK_AGAIN = "say y or n, д or н"

yes_option = click.option("--yes", is_flag=True, help="Do not ask, even if it holds mail.")


class RefusedError(Exception):
    """The person at the terminal said no."""

    exit_code = os.EX_NOPERM

    def __init__(self, what: str = "nothing was removed") -> None:
        super().__init__(what)


def agreed(question: str) -> bool:
    """Ask at the terminal until there is an answer, English or Russian; nothing is a no."""
    while True:
        typed = click.prompt(f"{question} [y/N]", default="", show_default=False, err=True)
        answer = typed.strip().casefold()
        if answer in _YES or answer in _NO:
            return answer in _YES
        click.echo(_ASK_AGAIN, err=True)


def confirm_removal(kind: str, name: str, held: MailHeld, *, yes: bool) -> None:
    """Ask before mail goes; raises RefusedError for a no, UsageError where nobody can be asked."""
    if yes or not held.mailboxes:
        return
    whose = ", ".join(held.mailboxes[:5]) + (", …" if len(held.mailboxes) > 5 else "")
    what = printable(f"{kind} {name} holds {size(held.octets)} of mail ({whose})", 1000)
    if not sys.stdin.isatty():
        raise click.UsageError(f"{what}: to remove it with its mail give --yes")
    if not agreed(f"{what}. Remove it with its mail?"):
        raise RefusedError


def confirm_emptying(count: int) -> None:
    """Ask before an import removes all rules there are; raises as `confirm_removal`."""
    rules = "the only rule" if count == 1 else f"all {count} rules"
    what = f"the file has no rule: that would remove {rules}"
    if not sys.stdin.isatty():
        raise click.UsageError(f"{what}: to do it give --yes")
    if not agreed(f"{what}. Go on?"):
        raise RefusedError("nothing was changed")
