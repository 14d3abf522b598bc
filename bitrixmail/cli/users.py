"""The command `user`: who may log in to the pages, with which role, and tokens of the API."""

from __future__ import annotations

from datetime import timedelta

import click

from bitrixmail.cli.consent import RefusedError, agreed
from bitrixmail.cli.examples import examples
from bitrixmail.cli.files import password_line, typed_password
from bitrixmail.cli.output import echo, json_option, moment, print_json, say, table, yes_or_no
from bitrixmail.cli.session import Session, pass_session
from bitrixmail.model.user import Right, Role, Token, User

_ROLES = click.Choice([role.value for role in Role])
_RIGHTS = click.Choice([right.value for right in Right])
_NAME = click.argument("name")
_password_stdin = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input."
)
_generate = click.option("--generate", is_flag=True, help="Make a password and print it.")


@click.group(epilog=examples("bitrixmail user list", "bitrixmail user password admin"))
def user() -> None:
    """Users of the pages and of the API. A mailbox is no user, and a user need not have one."""


@user.command("list", epilog=examples("bitrixmail user list --json"))
@json_option
@pass_session
def list_users(session: Session, as_json: bool) -> None:
    """List the users."""
    found = session.wait(session.office.users.listing())
    if as_json:
        print_json([_plain(each) for each in found])
        return
    headings = ("User", "Role", "Active", "Second factor", "Since", "Last login")
    rows = [
        (
            each.name,
            each.role.value,
            yes_or_no(each.active),
            yes_or_no(each.two_factor),
            moment(each.created),
            "-" if each.seen is None else moment(each.seen),
        )
        for each in found
    ]
    table(headings, rows)


@user.command(
    "add",
    epilog=examples(
        "bitrixmail user add anna --role admin", "bitrixmail user add boris --generate"
    ),
)
@_NAME
@click.option("--role", type=_ROLES, default=Role.READER.value, show_default=True)
@_password_stdin
@_generate
@pass_session
def add_user(session: Session, name: str, role: str, password_stdin: bool, generate: bool) -> None:
    """Add a user.

    A reader sees mail, queue, rules and domains, but not settings, users and the audit log; an
    operator also handles mail, queue and tickets; an admin also domains, mailboxes, rules and
    lists; an owner everything.
    """
    password = _password(password_stdin=password_stdin, generate=generate)
    added = session.wait(session.office.users.add(name, role, password))
    _record(session, "user.add", added.name, added.role.value)
    say(f"user {added.name} added, {added.role.value}")
    if generate:
        echo(password)


@user.command(
    "password",
    epilog=examples("bitrixmail user password admin", "bitrixmail user password admin --generate"),
)
@_NAME
@_password_stdin
@_generate
@pass_session
def set_password(session: Session, name: str, password_stdin: bool, generate: bool) -> None:
    """Set the password of a user, asking for it at a terminal; his sessions end."""
    users = session.office.users
    session.wait(users.find(name))  # nobody types a password for nothing
    password = _password(password_stdin=password_stdin, generate=generate)
    changed = session.wait(users.set_password(name, password))
    _record(session, "user.password", changed.name)
    say(f"user {changed.name}: password set, all sessions ended")
    if generate:
        echo(password)


@user.command("role", epilog=examples("bitrixmail user role anna operator"))
@_NAME
@click.argument("role", type=_ROLES)
@pass_session
def set_role(session: Session, name: str, role: str) -> None:
    """Give a user another role; his sessions end."""
    changed = session.wait(session.office.users.change(name, role=role, active=None))
    _record(session, "user.role", changed.name, changed.role.value)
    say(f"user {changed.name} is {changed.role.value} now")


@user.command("lock", epilog=examples("bitrixmail user lock boris"))
@_NAME
@pass_session
def lock(session: Session, name: str) -> None:
    """Lock a user out: sessions end, tokens open nothing."""
    _switch(session, name, active=False)


@user.command("unlock", epilog=examples("bitrixmail user unlock boris"))
@_NAME
@pass_session
def unlock(session: Session, name: str) -> None:
    """Let a user in again."""
    _switch(session, name, active=True)


def _switch(session: Session, name: str, *, active: bool) -> None:
    changed = session.wait(session.office.users.change(name, role=None, active=active))
    _record(session, "user.unlock" if active else "user.lock", changed.name)
    say(f"user {changed.name} {'may log in again' if active else 'is locked out'}")


@user.command("remove", epilog=examples("bitrixmail user remove boris"))
@_NAME
@click.option("--yes", is_flag=True, help="Do not ask, even if there are tokens.")
@pass_session
def remove_user(session: Session, name: str, yes: bool) -> None:
    """Remove a user with sessions and tokens."""
    users = session.office.users
    found = session.wait(users.find(name))
    tokens = session.wait(users.tokens_of(found.name))
    if tokens and not yes:
        names = ", ".join(token.name for token in tokens)
        try:
            agrees = agreed(f"user {found.name} has tokens ({names}). Remove him with them?")
        except click.Abort:
            usage = f"user {found.name} has tokens ({names}): to remove him give --yes"
            raise click.UsageError(usage) from None
        if not agrees:
            raise RefusedError
    session.wait(users.remove(found.name))
    _record(session, "user.remove", found.name)
    say(f"user {found.name} removed")


@user.group(epilog=examples("bitrixmail user totp off anna"))
def totp() -> None:
    """The second factor of a user. It is switched on at the page of his account."""


@totp.command("off", epilog=examples("bitrixmail user totp off anna"))
@_NAME
@pass_session
def totp_off(session: Session, name: str) -> None:
    """Ask a user for no code any more: he has lost what makes them."""
    changed = session.wait(session.office.users.forget_factor(name))
    _record(session, "user.factor_off", changed.name)
    say(f"user {changed.name}: second factor off, all sessions ended")


@user.group(epilog=examples("bitrixmail user token list"))
def token() -> None:
    """Tokens: what programs show to use the API."""


@token.command(
    "add", epilog=examples("bitrixmail user token add anna shop --right send --expires 1y")
)
@_NAME
@click.argument("what", metavar="WHAT")
@click.option(
    "--right", "rights", type=_RIGHTS, multiple=True, required=True, help="What it may; repeated."
)
@click.option("--expires", metavar="DAYS", help="After so long, like 90d. Default: never.")
@pass_session
def add_token(
    session: Session, name: str, what: str, rights: tuple[str, ...], expires: str | None
) -> None:
    """Make a token of a user for WHAT uses it, and print its text: this once.

    It may never more than its user.
    """
    from bitrixmail.admin import typed  # noqa: PLC0415 - `--help` must not wait for it

    users = session.office.users
    days = 0 if expires is None else typed.days(expires, "--expires")
    lasting = timedelta(days=days) if days else None
    owner = session.wait(users.find(name))
    made, text = session.wait(users.add_token(owner, what, rights, lasting))
    _record(session, "token.add", made.name, ", ".join(_rights(made)))
    until = "without end" if made.expires is None else f"until {moment(made.expires)}"
    say(f"token {made.id} ({made.name}) of {owner.name}, {until}")
    echo(text)


@token.command("list", epilog=examples("bitrixmail user token list --json"))
@json_option
@pass_session
def list_tokens(session: Session, as_json: bool) -> None:
    """List the tokens of all users; their texts are not kept."""
    found = session.wait(session.office.users.tokens())
    if as_json:
        print_json([_plain_token(each) for each in found])
        return
    rows = [
        (
            str(each.id),
            each.user.name,
            each.name,
            " ".join(_rights(each)),
            "-" if each.expires is None else moment(each.expires),
            "-" if each.used is None else moment(each.used),
        )
        for each in found
    ]
    table(("ID", "User", "For", "May", "Until", "Last used"), rows)


@token.command("remove", epilog=examples("bitrixmail user token remove 3"))
@click.argument("number", type=click.IntRange(min=1), metavar="ID")
@pass_session
def remove_token(session: Session, number: int) -> None:
    """Remove a token: it opens nothing any more."""
    removed = session.wait(session.office.users.remove_token(number))
    _record(session, "token.remove", removed.name, removed.user.name)
    say(f"token {removed.id} ({removed.name}) of {removed.user.name} removed")


def _password(*, password_stdin: bool, generate: bool) -> str:
    """Read or make a password. Raises UsageError where there is nobody to ask."""
    if password_stdin and generate:
        raise click.UsageError("--password-stdin stands beside --generate: leave one out")
    if generate:
        from bitrixmail.admin.passwords import generated  # noqa: PLC0415 - as above

        return generated()
    password = password_line() if password_stdin else typed_password()
    if password is None:
        what = "there is no terminal to ask at: give --password-stdin or --generate"
        raise click.UsageError(what)
    return password


def _record(session: Session, what: str, target: str, detail: str = "") -> None:
    """Write who did it at this machine into the audit log."""
    session.wait(session.office.users.record(session.composer.author(), what, target, detail))


def _rights(token: Token) -> list[str]:
    return sorted(right.value for right in token.rights)


def _plain(user: User) -> dict[str, object]:
    return {
        "name": user.name,
        "role": user.role.value,
        "active": user.active,
        "two_factor": user.two_factor,
        "created": user.created,
        "seen": user.seen,
    }


def _plain_token(token: Token) -> dict[str, object]:
    return {
        "id": token.id,
        "user": token.user.name,
        "name": token.name,
        "rights": _rights(token),
        "created": token.created,
        "expires": token.expires,
        "used": token.used,
    }
