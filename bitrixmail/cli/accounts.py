"""The commands `domain`, `mailbox` and `alias`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from bitrixmail.cli.consent import confirm_removal, yes_option
from bitrixmail.cli.examples import examples
from bitrixmail.cli.files import password_line, typed_password
from bitrixmail.cli.output import json_option, print_json, say, size, table, yes_or_no
from bitrixmail.cli.session import Session, pass_session

_Command = TypeVar("_Command", bound=Callable[..., Any])
_OF_DOMAIN = click.argument("domain_name", metavar="[DOMAIN]", required=False)


@click.group(epilog=examples("bitrixmail domain add example.org"))
def domain() -> None:
    """Domains that receive mail here."""


@domain.command("add", epilog=examples("bitrixmail domain add example.org"))
@click.argument("name")
@click.option("--alias-of", metavar="DOMAIN", default="", help="Share the addresses of DOMAIN.")
@click.option(
    "--catch-all", metavar="ADDRESS", default="", help="Who gets mail for unknown addresses."
)
@pass_session
def add_domain(session: Session, name: str, alias_of: str, catch_all: str) -> None:
    """Add a domain, with its postmaster mailbox, abuse alias and keys that sign its mail."""
    accounts = session.office.accounts
    added = session.wait(accounts.add_domain(name, alias_of=alias_of, catch_all=catch_all))
    if added.alias_of:
        say(f"domain {added.name} added, with the addresses of {added.alias_of}")
    else:
        say(f"domain {added.name} added, with mailbox postmaster@{added.name} and alias abuse@")
    say(f"what its DNS needs: bitrixmail dns records {added.name}")


@domain.command("list", epilog=examples("bitrixmail domain list --json"))
@json_option
@pass_session
def list_domains(session: Session, as_json: bool) -> None:
    """List the domains."""
    found = session.wait(session.office.accounts.domains())
    if as_json:
        print_json(found)
        return
    rows = [(each.name, each.alias_of or "-", each.catch_all or "-") for each in found]
    table(("Domain", "Alias of", "Catch-all"), rows)


@domain.command("remove", epilog=examples("bitrixmail domain remove example.org"))
@click.argument("name")
@yes_option
@pass_session
def remove_domain(session: Session, name: str, yes: bool) -> None:
    """Remove a domain with its mailboxes, aliases and their mail."""
    accounts = session.office.accounts
    held = session.wait(accounts.mail_of_domain(name))
    confirm_removal("domain", name, held, yes=yes)
    removed = session.wait(accounts.remove_domain(name))
    say(f"domain {removed.name} removed")


@domain.command(
    "catch-all",
    epilog=examples(
        "bitrixmail domain catch-all example.org info@example.org",
        "bitrixmail domain catch-all example.org --none",
    ),
)
@click.argument("name")
@click.argument("address", required=False)
@click.option("--none", "nobody", is_flag=True, help="Refuse mail for unknown addresses.")
@pass_session
def catch_all(session: Session, name: str, address: str | None, nobody: bool) -> None:
    """Set who gets mail for the unknown addresses of a domain."""
    if nobody is (address is not None):
        raise click.UsageError("name an address, or give --none")
    changed = session.wait(session.office.accounts.set_catch_all(name, address or ""))
    what = f"go to {changed.catch_all}" if changed.catch_all else "are refused"
    say(f"domain {changed.name}: unknown addresses {what}")


@click.group(epilog=examples("bitrixmail mailbox list"))
def mailbox() -> None:
    """Mailboxes: who has an address and a password."""


def _options(function: _Command) -> _Command:
    """Add the options that say what a mailbox is like."""
    for option in (
        click.option("--description", metavar="TEXT", help="For people."),
        click.option(
            "--plus-folders/--no-plus-folders",
            default=None,
            help="Put mail for local+Folder@domain into that folder.",
        ),
        click.option("--retention", metavar="DAYS", help="Forget mail after so long, like 30d."),
        click.option("--quota", metavar="SIZE", help="How much it may hold, like 2GiB."),
    ):
        function = option(function)
    return function


_password_stdin = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input."
)


@mailbox.command(
    "add",
    epilog=examples(
        "bitrixmail mailbox add info@example.org",
        "pass show info | bitrixmail mailbox add info@example.org --password-stdin",
    ),
)
@click.argument("address")
@_password_stdin
@_options
@click.option("--inactive", is_flag=True, help="Take no mail and no log-in for it.")
@pass_session
def add_mailbox(
    session: Session, address: str, password_stdin: bool, inactive: bool, **said: Any
) -> None:
    """Add a mailbox.

    At a terminal it asks for the password. Without one nobody can log in.
    """
    from bitrixmail.admin.accounts import MailboxOptions  # noqa: PLC0415 - slow, see session

    options = MailboxOptions(**said, active=not inactive)
    accounts = session.office.accounts
    password = password_line() if password_stdin else typed_password()
    added = session.wait(accounts.add_mailbox(address, password, options))
    say(f"mailbox {added.address} added")
    if password is None:
        remedy = f"bitrixmail mailbox password {added.address}"
        say(f"it has no password, so nobody can log in yet ({remedy})")
    else:
        _warn_if_short(password)


@mailbox.command(
    "list",
    epilog=examples("bitrixmail mailbox list", "bitrixmail mailbox list example.org --json"),
)
@_OF_DOMAIN
@json_option
@pass_session
def list_mailboxes(session: Session, domain_name: str | None, as_json: bool) -> None:
    """List the mailboxes, all or those of a domain."""
    accounts = session.office.accounts
    found = session.wait(accounts.mailboxes(domain_name))
    used = {each.address: session.wait(accounts.usage(each)) for each in found}
    if as_json:
        keys = (
            "address", "active", "has_password", "quota_octets", "retention_days",
            "plus_folders", "description",
        )  # fmt: skip
        print_json(
            [
                {"used_octets": used[each.address], **{key: getattr(each, key) for key in keys}}
                for each in found
            ]
        )
        return
    headings = (
        "Mailbox", "Active", "Password", "Used", "Quota", "Retention", "+Folders", "Description",
    )  # fmt: skip
    rows = [
        (
            each.address,
            yes_or_no(each.active),
            yes_or_no(each.has_password),
            size(used[each.address]),
            size(each.quota_octets) if each.quota_octets else "-",
            f"{each.retention_days} d" if each.retention_days else "-",
            yes_or_no(each.plus_folders),
            each.description,
        )
        for each in found
    ]
    table(headings, rows)


@mailbox.command("remove", epilog=examples("bitrixmail mailbox remove info@example.org"))
@click.argument("address")
@yes_option
@pass_session
def remove_mailbox(session: Session, address: str, yes: bool) -> None:
    """Remove a mailbox and its mail."""
    accounts = session.office.accounts
    held = session.wait(accounts.mail_of_mailbox(address))
    confirm_removal("mailbox", address, held, yes=yes)
    removed = session.wait(accounts.remove_mailbox(address))
    say(f"mailbox {removed.address} removed")


@mailbox.command(
    "password",
    epilog=examples(
        "bitrixmail mailbox password info@example.org",
        "bitrixmail mailbox password info@example.org --none",
    ),
)
@click.argument("address")
@_password_stdin
@click.option("--none", "nobody", is_flag=True, help="Remove it: nobody can log in.")
@pass_session
def set_password(session: Session, address: str, password_stdin: bool, nobody: bool) -> None:
    """Set the password of a mailbox, asking for it at a terminal."""
    if password_stdin and nobody:
        raise click.UsageError("--password-stdin stands beside --none: leave one out")
    accounts = session.office.accounts
    session.wait(accounts.mailbox(address))  # nobody types a password for nothing
    password = None
    if not nobody:
        password = password_line() if password_stdin else typed_password()
        if password is None:
            raise click.UsageError("there is no terminal to ask at: give --password-stdin")
    changed = session.wait(accounts.set_password(address, password))
    say(f"mailbox {changed.address}: password {'removed' if nobody else 'set'}")
    if password is not None:
        _warn_if_short(password)


def _warn_if_short(password: str) -> None:
    """Tell that a password is soon guessed; one that somebody has had elsewhere is taken."""
    from bitrixmail.admin.passwords import LEAST_LETTERS  # noqa: PLC0415 - slow, see session

    if len(password) < LEAST_LETTERS:
        say(f"warning: a password of fewer than {LEAST_LETTERS} characters is soon guessed")


@mailbox.command(
    "set", epilog=examples("bitrixmail mailbox set info@example.org --quota 2GiB --retention 1y")
)
@click.argument("address")
@_options
@click.option("--active/--inactive", default=None, help="Take mail and log-in for it, or not.")
@pass_session
def set_mailbox(session: Session, address: str, **said: Any) -> None:
    """Change what is said of a mailbox; what is not named stays."""
    from bitrixmail.admin.accounts import MailboxOptions  # noqa: PLC0415 - slow, see session

    if all(value is None for value in said.values()):
        raise click.UsageError("say what to change, for example --quota 2GiB")
    changed = session.wait(session.office.accounts.change_mailbox(address, MailboxOptions(**said)))
    say(f"mailbox {changed.address} changed")


@click.group(epilog=examples("bitrixmail alias list"))
def alias() -> None:
    """Addresses whose mail goes to other addresses of this server."""


@alias.command("add", epilog=examples("bitrixmail alias add sales@example.org info@example.org"))
@click.argument("address")
@click.argument("targets", metavar="TARGET...", nargs=-1, required=True)
@pass_session
def add_alias(session: Session, address: str, targets: tuple[str, ...]) -> None:
    """Add an alias, or give an alias other targets."""
    set_, new = session.wait(session.office.accounts.set_alias(address, targets))
    say(f"alias {set_.address} {'added' if new else 'changed'}: to {', '.join(set_.targets)}")


@alias.command(
    "list", epilog=examples("bitrixmail alias list", "bitrixmail alias list example.org --json")
)
@_OF_DOMAIN
@json_option
@pass_session
def list_aliases(session: Session, domain_name: str | None, as_json: bool) -> None:
    """List the aliases, all or those of a domain."""
    found = session.wait(session.office.accounts.aliases(domain_name))
    if as_json:
        print_json(found)
        return
    table(("Alias", "To"), [(each.address, ", ".join(each.targets)) for each in found])


@alias.command("remove", epilog=examples("bitrixmail alias remove sales@example.org"))
@click.argument("address")
@pass_session
def remove_alias(session: Session, address: str) -> None:
    """Remove an alias; the mailboxes it led to stay."""
    removed = session.wait(session.office.accounts.remove_alias(address))
    say(f"alias {removed} removed")
