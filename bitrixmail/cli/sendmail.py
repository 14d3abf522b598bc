"""The command `sendmail`: the drop-in that programs of this machine hand their mail to."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import click

from bitrixmail.cli.examples import examples
from bitrixmail.cli.failures import NoInputError
from bitrixmail.cli.output import echo, say
from bitrixmail.cli.session import Session, pass_session
from bitrixmail.model.text import printable
from bitrixmail.pickup.folder import PickupFolder

_NOBODY = 65534  # whose rights are those of any user
_NAMES = ("mailq", "newaliases")


@click.group(epilog=examples("bitrixmail sendmail install"))
def sendmail() -> None:
    """The program to which sites and scripts hand their mail."""


@sendmail.command(
    epilog=examples(
        "bitrixmail sendmail install",
        "bitrixmail sendmail install --to /opt/bitrixmail/sbin/sendmail",
    )
)
@click.option(
    "--to",
    "target",
    metavar="FILE",
    default="/usr/local/sbin/sendmail",
    help="The program. [/usr/local/sbin/sendmail]",
)
@pass_session
def install(session: Session, target: str) -> None:
    """Write a program that stands in for sendmail, and say what php.ini needs.

    It puts mail into the server's pickup directory and works also while the server is down. The
    links mailq and newaliases are made beside it, with bitrixmail-sendmail for what is called
    rarely. Run it again when the directory, smtp.max_size or Python has changed. A program of
    somebody else's is never overwritten (exit code 73).
    """
    from bitrixmail.admin import typed  # noqa: PLC0415 - `--help` need not wait for it
    from bitrixmail.admin.sendmail import (  # noqa: PLC0415 - as above
        DropIn,
        fsync_number,
        link,
        put,
        python_for_all,
    )

    shown = session.composer.settings(session.options)
    data_dir = Path(shown.tables["server"]["data_dir"]).absolute()
    named = shown.tables.get("pickup", {}).get("directory", "")
    command = [str(Path(sys.executable).parent / "bitrixmail")]
    command += ["--config", str(Path(shown.file).absolute())] if shown.file else []
    drop_in = DropIn(
        target=Path(target).absolute(),
        folder=Path(named).absolute() if named else data_dir / "pickup",
        most_octets=typed.size_octets(str(shown.tables["smtp"]["max_size"]), "smtp.max_size"),
        command=tuple(command),
        python=python_for_all(),
    )
    if not str(drop_in.folder).isprintable() or not str(drop_in.target).isprintable():
        raise NoInputError(
            f"{printable(str(drop_in.folder))}: a name with control characters can't be filled in"
            " (rename it)",
            exit_code=os.EX_DATAERR,
        )
    _must_be_ours(drop_in.target)
    _must_be_ours(drop_in.whole)
    number = fsync_number()
    put(drop_in.whole, drop_in.packed())
    put(drop_in.target, drop_in.packed() if number is None else drop_in.quick(number))
    for name in _NAMES:
        if not link(drop_in.target.with_name(name), drop_in.target.name):
            say(f"note: {drop_in.target.with_name(name)} is another's and stays as it is")
    if number is None:
        say("note: there is no Perl that can sync a file; Python does its work, and takes longer")
    folder = PickupFolder(drop_in.folder)
    _make(folder, data_dir)
    _warn_of_closed_doors(folder)
    echo(f"written: {drop_in.target}")
    echo(f"mail goes to: {drop_in.folder}")
    echo("in php.ini, or a file in its conf.d:")
    echo()
    echo(f'    sendmail_path = "{drop_in.target} -t -i"')


def _must_be_ours(path: Path) -> None:
    from bitrixmail.admin.sendmail import is_ours  # noqa: PLC0415 - see the command

    if os.path.lexists(path) and not is_ours(path):
        raise NoInputError(
            f"{path}: is there already, and another's (nothing was changed; name another place by"
            " --to FILE, or move it away first)",
            exit_code=os.EX_CANTCREAT,
        )


def _make(folder: PickupFolder, data_dir: Path) -> None:
    """Make the directory for the server's user: a service may not be allowed to give it away."""
    if folder.path.exists() or not data_dir.exists():
        return
    owner = data_dir.stat()
    if os.geteuid() in (0, owner.st_uid):
        folder.make(owner.st_uid, owner.st_gid)


def _warn_of_closed_doors(folder: PickupFolder) -> None:
    """Say what keeps other users from handing mail over."""
    from bitrixmail.admin.probes.users import closed_to  # noqa: PLC0415 - see the command

    path = folder.path
    closed = closed_to(_NOBODY, path / "m")
    if closed is not None and closed != path:
        say(
            f"warning: other users than root and the server's can't come to {path}: {closed} is"
            f" closed to them (open the way: chmod o+x {shlex.quote(str(closed))})"
        )
    if not path.exists():
        say(f"note: {path} is made by the server at its next start")
    elif not folder.is_shared:
        say(
            f"warning: only its owner may write into {path} (for all: chmod 3733"
            f" {shlex.quote(str(path))})"
        )
