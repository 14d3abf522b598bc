"""The command `quickstart`: from nothing to a server with a mailbox, by one line."""

from __future__ import annotations

import os
import pwd
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bitrixmail.cli.examples import examples
from bitrixmail.cli.failures import NoInputError
from bitrixmail.cli.language import lang_option
from bitrixmail.cli.output import echo
from bitrixmail.cli.quickstart_words import Words, words_of
from bitrixmail.cli.session import GlobalOptions, Session, pass_session
from bitrixmail.model.text import printable

if TYPE_CHECKING:
    from bitrixmail.admin.dns_records import ZoneRecord
    from bitrixmail.admin.office import Office
    from bitrixmail.admin.quickstart import FirstServer


_FOR_ROOT = "/srv/mail"
_NOBODY = 65534  # whose rights are those of any user


@click.command(
    epilog=examples(
        "bitrixmail quickstart info@example.org",
        "bitrixmail quickstart info@example.org --dir /srv/mail --smtp tcp:25 --pop3 tcp:110",
    )
)
@click.argument("address")
@click.option("--dir", "folder", metavar="DIR", help="For everything. [mail; for root: /srv/mail]")
@click.option("--hostname", metavar="NAME", help="Of the server. [mx. and the domain]")
@click.option("--smtp", metavar="ENDPOINT", default="tcp:20225", help="[tcp:20225]")
@click.option("--submission", metavar="ENDPOINT", default="tcp:2587", help="[tcp:2587]")
@click.option("--pop3", metavar="ENDPOINT", default="tcp:2110", help="[tcp:2110]")
@click.option("--user", metavar="NAME", help="Who runs the server. [you; for root: bitrixmail]")
@click.option("--unit", metavar="FILE", help="For systemd; - prints it. [DIR/bitrixmail.service]")
@lang_option
@pass_session
def quickstart(
    session: Session,
    *,
    address: str,
    folder: str | None,
    hostname: str | None,
    smtp: str,
    submission: str,
    pop3: str,
    user: str | None,
    unit: str | None,
    lang: str | None,
) -> None:
    """Make a server with its first mailbox, and tell what is left to do.

    Writes the settings and a unit of systemd, makes domain and mailbox, prints the password once,
    the lines of the zone, and the commands that start and try the server. Settings or a unit that
    are there already are never overwritten (exit code 73), and then nothing is changed. What was
    interrupted may be run again: a mailbox that is there keeps its mail and gets a new password.
    """
    from bitrixmail.admin import typed  # noqa: PLC0415 - `--help` need not wait for it
    from bitrixmail.admin.quickstart import FirstServer, new_password  # noqa: PLC0415 - as above

    if session.options != GlobalOptions():
        raise click.UsageError("quickstart writes settings of its own: give --dir, not --config,"
                               " --data-dir or --set")  # fmt: skip
    key = typed.owned_address(address, "mailbox")
    domain = key.rpartition("@")[2]
    if "." not in domain:
        raise NoInputError(
            f"{printable(address, 80)}: no other server can find a domain without a dot"
            " (name one of your own, like info@example.org)",
            exit_code=os.EX_DATAERR,
        )
    server = FirstServer(
        address=key,
        hostname=typed.domain_name(hostname, "--hostname") if hostname else f"mx.{domain}",
        folder=Path(folder or (_FOR_ROOT if os.geteuid() == 0 else "mail")).absolute(),
        user=user or _me() or "bitrixmail",
        smtp=smtp,
        submission=submission,
        pop3=pop3,
        twistd=Path(sys.executable).parent / "twistd",
    )
    words = words_of(lang or session.composer.language())
    unit_file = server.folder / "bitrixmail.service" if unit is None else Path(unit).absolute()
    password = new_password()
    _must_be_open(server)
    _must_be_new(server.settings_file)
    if unit != "-":
        _must_be_new(unit_file, server.unit())
    with _new_settings(server, words) as fresh:
        options = GlobalOptions(config=str(fresh))
        with session.composer.office(options) as office:
            new = _furnish(session, office, server, password)
            records = _records(session, office, server)
        if unit != "-" and not unit_file.exists():
            _write_new(unit_file, server.unit(), 0o644)
    unit = "" if unit == "-" else str(unit_file)
    _report(server, words, password, unit, records, new=new)


def _me() -> str:
    """Return who calls; nothing for root, as whom a server should not run."""
    if os.geteuid() == 0:
        return ""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def _must_be_open(server: FirstServer) -> None:
    """Refuse a place that the server's user can't come to, before anything is written."""
    from bitrixmail.admin.probes.users import closed_to  # noqa: PLC0415 - see the command

    found = _account(server.user)
    uid = _NOBODY if found is None else found.pw_uid
    for path, way in ((server.folder, "--dir DIR"), (server.twistd, "")):
        closed = closed_to(uid, path)
        if closed is None or closed == server.folder:
            continue
        remedy = f"name a place that he may enter by {way}, like {_FOR_ROOT}"
        if not way:
            remedy = "install the program where he may read it, like /opt/bitrixmail"
        line = (
            f"{path}: user {server.user}, who is to run the server, may not enter {closed}"
            f" (nothing was changed; {remedy}, or let another run it by --user NAME)"
        )
        raise NoInputError(line, exit_code=os.EX_NOPERM)


def _must_be_new(file: Path, text: str = "") -> None:
    """Refuse a file that is there, unless an earlier try made it: it holds this text."""
    if text and file.is_file() and file.read_text("utf-8", "replace") == text:
        return
    if file.exists() or file.is_symlink():
        line = (
            f"{file}: is there already (nothing was changed; name another place by --dir, or begin"
            f" again: rm {shlex.quote(str(file))})"
        )
        raise NoInputError(line, exit_code=os.EX_CANTCREAT)


@contextmanager
def _new_settings(server: FirstServer, words: Words) -> Iterator[Path]:
    """Write the settings beside their place, and put them there when the rest has succeeded."""
    fresh = server.settings_file.with_suffix(".toml.new")
    with _as_errors_of_writing():
        _make_folder(server)
        fresh.unlink(missing_ok=True)
        _write_new(fresh, server.settings(words.head.format(domain=server.domain)), 0o644)
    try:
        yield fresh
        with _as_errors_of_writing():
            os.link(fresh, server.settings_file)  # never over a file that is there
    finally:
        with suppress(OSError):
            fresh.unlink()


@contextmanager
def _as_errors_of_writing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        code = os.EX_NOPERM if isinstance(error, PermissionError) else os.EX_CANTCREAT
        line = (
            f"{error.filename}: {error.strerror or error} (name another place by --dir; the same"
            " command begins again where this one stopped)"
        )
        raise NoInputError(line, exit_code=code) from None


def _make_folder(server: FirstServer) -> None:
    """Make the directory with what only the server may enter and what all may put mail into.

    Root gives both to the server's user, if there is one.
    """
    from bitrixmail.pickup.folder import PickupFolder  # noqa: PLC0415 - see the command

    if not server.folder.exists():
        server.folder.mkdir(parents=True)
        server.folder.chmod(0o755)  # whatever umask(2) is: the server's user comes through here
    server.data_dir.mkdir(mode=0o700, exist_ok=True)
    found = _account(server.user) if os.geteuid() == 0 else None
    uid, gid = (os.geteuid(), os.getegid()) if found is None else (found.pw_uid, found.pw_gid)
    os.chown(server.data_dir, uid, gid)
    pickup = PickupFolder(server.pickup)
    if os.path.lexists(pickup.path):
        pickup.give(uid, gid)
    else:
        pickup.make(uid, gid)


def _account(user: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(user)
    except KeyError:
        return None


def _write_new(file: Path, text: str, mode: int) -> None:
    with _as_errors_of_writing():
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        os.fchmod(descriptor, mode)  # whatever umask(2) is
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)


def _furnish(session: Session, office: Office, server: FirstServer, password: str) -> bool:
    """Make what is missing; tell whether the mailbox is new."""
    from bitrixmail.admin.accounts import MailboxOptions  # noqa: PLC0415 - see the command
    from bitrixmail.model.errors import ExistsError  # noqa: PLC0415 - as above

    accounts = office.accounts
    with suppress(ExistsError):
        session.wait(accounts.add_domain(server.domain))
    try:
        session.wait(accounts.add_mailbox(server.address, password, MailboxOptions()))
    except ExistsError:
        session.wait(accounts.set_password(server.address, password))
        # The domain's own postmaster came into being with it, and has no mail yet.
        return server.address.startswith("postmaster@")
    return True


def _records(session: Session, office: Office, server: FirstServer) -> Sequence[ZoneRecord]:
    """Return what the domain needs in the DNS, with its keys."""
    from bitrixmail.admin.dns_records import wanted_records  # noqa: PLC0415 - see the command

    keys = session.wait(office.dkim.ensure(server.domain))
    return wanted_records(server.domain, server.hostname, keys, office.dkim.now())


def _report(
    server: FirstServer,
    words: Words,
    password: str,
    unit: str,
    records: Sequence[ZoneRecord],
    *,
    new: bool,
) -> None:
    from bitrixmail.admin.probes.own_addresses import own_addresses  # noqa: PLC0415 - see above

    def say(text: str) -> None:
        echo(text.format(
            address=_in_letters(server.address), domain=_in_letters(server.domain),
            hostname=_in_letters(server.hostname),
            port=server.smtp_port, settings=server.settings_file, unit=unit or "-",
        ))  # fmt: skip

    def show(*lines: str) -> None:
        echo()
        for line in lines:
            echo(f"    {line}")
        echo()

    say(words.done if new else words.kept)
    echo()
    say(words.password)
    show(password)
    if not unit:
        show(*server.unit().splitlines())
    if _account(server.user) is None:
        say(words.user)
        theirs = (str(server.data_dir), str(server.pickup))
        show(f"useradd --system --shell /usr/sbin/nologin {server.user}",
             _line("chown", "-R", f"{server.user}:", *theirs))  # fmt: skip
    for text, lines in _steps(server, words, password, unit):
        say(text)
        show(*lines)
    addresses = own_addresses().public
    say(words.zone)
    show(*server.zone(addresses, records))
    if not addresses:
        say(words.placeholder)
    say(words.after_zone)
    echo()
    say(words.doctor)
    show(_line(_command(), "--config", str(server.settings_file), "doctor"))


def _steps(
    server: FirstServer, words: Words, password: str, unit: str
) -> Iterator[tuple[str, tuple[str, ...]]]:
    sudo = () if os.geteuid() == 0 else ("sudo",)
    start = (str(server.twistd), "-n", "--pidfile=", "bitrixmail", "--config")
    if not server.needs_a_right:
        become = _becoming(server.user) if not sudo else ()
        yield words.start, (_line(*become, *start, str(server.settings_file)),)
    if unit:
        yield words.service, (_line(*sudo, "systemctl", "enable", "--now", unit),)
    if server.smtp_port:
        letter = r"printf 'Subject: Hello\r\n\r\nIt works.\r\n' | "
        curl = ("curl", f"smtp://localhost:{server.smtp_port}/test.example", "--mail-from")
        yield (
            words.send,
            (letter + _line(*curl, "test@example.net", "--mail-rcpt", server.address, "-T", "-"),),
        )
    if server.pop3_port:
        login = ("curl", f"pop3://localhost:{server.pop3_port}/1", "--user")
        yield words.read, (_line(*login, f"{server.address}:{password}"),)
    install = (_command(), "--config", str(server.settings_file), "sendmail", "install")
    yield words.sites, (_line(*sudo, *install),)
    if server.smtp_port not in (0, 25):
        rules = Path(__file__).parents[2] / "etc/nftables/bitrixmail.nft"
        if server.smtp_port == 20225 and rules.exists():
            yield words.port_25, (_line(*sudo, "nft", "-f", str(rules)),)
        else:
            yield words.port_25, (_line(_command(), "--config", str(server.settings_file),
                                        "doctor", "--only", "redirect"),)  # fmt: skip


def _becoming(user: str) -> tuple[str, ...]:
    """Return the words that let root run a command as another user."""
    account = _account(user)
    if account is not None and account.pw_uid == 0:
        return ()
    group = user if account is None else str(account.pw_gid)
    return ("setpriv", f"--reuid={user}", f"--regid={group}", "--init-groups")


def _in_letters(name: str) -> str:
    """Write a domain, or an address in one, as people read it (RFC 5890, U-labels)."""
    from bitrixmail.mime.domains import to_unicode  # noqa: PLC0415 - see the command

    local, sign, domain = name.rpartition("@")
    return f"{local}{sign}{to_unicode(domain)}"


def _command() -> str:
    return str(Path(sys.executable).parent / "bitrixmail")


def _line(*words: str) -> str:
    """Write a command as it is typed."""
    return shlex.join(words)
