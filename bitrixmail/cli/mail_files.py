"""The commands `import` and `export mbox|maildir`: mail from and to files of other programs."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bitrixmail.cli.examples import examples
from bitrixmail.cli.failures import NoInputError
from bitrixmail.cli.files import name_of
from bitrixmail.cli.output import complain, echo, json_option, print_json, say, table
from bitrixmail.cli.progress import progress
from bitrixmail.cli.session import Session, pass_session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bitrixmail.admin.mail_import import ImportWork
    from bitrixmail.admin.mail_sources import Source
    from bitrixmail.admin.mail_targets import Target

_Command = TypeVar("_Command", bound=Callable[..., Any])
_AGAIN = "the same command again goes on from there"
_mailbox_option = click.option("--mailbox", metavar="ADDRESS", required=True, help="Whose mail.")
_rules_option = click.option(
    "--rules/--no-rules", "by_rules", default=False,
    help='Let the rules with the occasion "manual" sort it. By default they are not asked.',
)  # fmt: skip


def _folder_option(text: str, default: str | None = None) -> Callable[[_Command], _Command]:
    return click.option("--folder", metavar="FOLDER", default=default, help=text)


@click.group(
    "import",
    epilog=examples(
        "bitrixmail import maildir /home/ann/Maildir --mailbox ann@example.org",
        "bitrixmail import mbox old.mbox --mailbox ann@example.org --folder Old",
    ),
)
def import_mail() -> None:
    """Bring in mail from files. What is brought again comes in once."""


@import_mail.command(
    "maildir",
    epilog=examples("bitrixmail import maildir /home/ann/Maildir --mailbox ann@example.org"),
)
@click.argument("path", type=click.Path(path_type=Path))
@_mailbox_option
@_folder_option("Where it goes, its folders below; by default INBOX.", "INBOX")
@_rules_option
@json_option
@pass_session
def import_maildir(
    session: Session, *, path: Path, mailbox: str, folder: str, by_rules: bool, as_json: bool
) -> None:
    """Bring in a Maildir with its folders, flags and times. It is only read.

    Interrupted anywhere, the same command again goes on from there. What is marked for removal
    goes into Trash.
    """
    from bitrixmail.admin.mail_sources import MaildirSource  # noqa: PLC0415 - slow, see session
    from bitrixmail.admin.typed import folder as typed_folder  # noqa: PLC0415 - as above

    name = typed_folder(folder, "--folder")
    with _readable(path):
        source = MaildirSource(path, name, session.office.mail_import.now())
    _take_in(session, source, mailbox, by_rules=by_rules, as_json=as_json)


@import_mail.command(
    "mbox", epilog=examples("bitrixmail import mbox old.mbox --mailbox ann@example.org")
)
@click.argument("file", type=click.Path(path_type=Path))
@_mailbox_option
@_folder_option("The folder it goes into; by default INBOX.", "INBOX")
@_rules_option
@click.option(
    "--quoting", type=click.Choice(("mboxrd", "mboxo", "none")), default="mboxrd",
    show_default=True, help='How the file quotes lines that begin with "From ".',
)  # fmt: skip
@json_option
@pass_session
def import_mbox(
    session: Session,
    *,
    file: Path,
    mailbox: str,
    folder: str,
    by_rules: bool,
    quoting: str,
    as_json: bool,
) -> None:
    """Bring in an mbox file, as Thunderbird, mutt and Google's archives have them. It is only read.

    Interrupted anywhere, the same command again goes on from there. What is marked for removal
    goes into Trash.
    """
    from bitrixmail.admin.mail_sources import MboxSource  # noqa: PLC0415 - slow, see session
    from bitrixmail.admin.typed import folder as typed_folder  # noqa: PLC0415 - as above

    name = typed_folder(folder, "--folder")
    with _readable(file):
        source = MboxSource(file, name, quoting)
    _take_in(session, source, mailbox, by_rules=by_rules, as_json=as_json)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Tell a file that is not there, or may not be read, as other commands do."""
    try:
        yield
    except OSError as error:
        denied = isinstance(error, PermissionError)
        remedy = "see who may read it" if denied else "see whether the path is right"
        line = f"{name_of(str(error.filename or path))}: {error.strerror or error} ({remedy})"
        code = os.EX_NOPERM if denied else os.EX_NOINPUT
        raise NoInputError(line, exit_code=code) from None


def _take_in(
    session: Session, source: Source, mailbox: str, *, by_rules: bool, as_json: bool
) -> None:
    use_case = session.office.mail_import
    work = session.wait(use_case.begin(source, mailbox, by_rules=by_rules))
    try:
        with progress("importing", work.total) as show:
            while session.wait(use_case.go_on(work)):
                show(work.reached)
    except BaseException:
        say(f"{work.report.imported} imported so far: {_AGAIN}")
        raise
    if as_json:
        print_json(_report_data(work))
    else:
        _tell(work)
    if work.report.unread:
        raise click.exceptions.Exit(os.EX_NOINPUT)


def _report_data(work: ImportWork) -> dict[str, object]:
    report = work.report
    return {
        "mailbox": work.mailbox.address,
        "imported": report.imported,
        "already_there": report.known,
        "left_out": report.left_out,
        "unread": report.unread,
        "discarded": report.folders[""],
        "folders": {name: count for name, count in sorted(report.folders.items()) if name},
        "faults": report.faults,
        "more_faults": report.more_faults,
        "overdue": report.overdue,
        "refusable": report.refusable,
    }


def _tell(work: ImportWork) -> None:
    report = work.report
    complain(report.faults, "note")
    if report.more_faults:
        say(f"note: and {report.more_faults} more like these")
    folders = [(name or "(discarded by a rule)", f"{n}") for name, n in report.folders.items()]
    if folders:
        table(("Folder", "Messages"), sorted(folders))
    echo(f"{_messages(report.imported)} imported, {report.known} already there")
    if report.left_out:
        say(f"note: {_messages(report.left_out)} left out: removed, but not yet gone from the file")
    if report.refusable:
        say(f"note: {_messages(report.refusable)} a rule would have refused: too late, kept")
    if report.overdue:
        days = work.mailbox.retention_days
        say(
            f"note: {_messages(report.overdue)} will go within the hour: the mailbox keeps mail"
            f" for {days} days (bitrixmail mailbox set {work.mailbox.address} --retention 0)"
        )


def _messages(count: int) -> str:
    return f"{count} message" if count == 1 else f"{count} messages"


@click.command("mbox", epilog=examples("bitrixmail export mbox ann.mbox --mailbox ann@example.org"))
@click.argument("file", type=click.Path(path_type=Path))
@_mailbox_option
@_folder_option("Which folder; by default INBOX.", "INBOX")
@pass_session
def export_mbox(session: Session, *, file: Path, mailbox: str, folder: str) -> None:
    """Write a folder of a mailbox as an mbox file (mboxrd), flags and tags in its fields."""
    from bitrixmail.admin.mail_targets import MboxTarget  # noqa: PLC0415 - slow, see session

    _write(session, lambda: MboxTarget(file), mailbox, folder)


@click.command(
    "maildir", epilog=examples("bitrixmail export maildir ann --mailbox ann@example.org")
)
@click.argument("path", metavar="DIRECTORY", type=click.Path(path_type=Path))
@_mailbox_option
@_folder_option("Only this folder; by default all.")
@pass_session
def export_maildir(session: Session, *, path: Path, mailbox: str, folder: str | None) -> None:
    """Write a mailbox as a Maildir with its folders (Maildir++), flags, tags and times."""
    from bitrixmail.admin.mail_targets import MaildirTarget  # noqa: PLC0415 - slow, see session

    _write(session, lambda: MaildirTarget(path), mailbox, folder)


def _write(session: Session, make: Callable[[], Target], mailbox: str, folder: str | None) -> None:
    use_case = session.office.mail_export
    found, names = session.wait(use_case.check(mailbox, folder))
    with _finished(make()) as target:
        work = session.wait(use_case.begin(found, names, target))
        with progress("exporting", len(work.places)) as show:
            while session.wait(use_case.go_on(work)):
                show(work.done)
    complain(work.faults, "note")
    if work.gone:
        say(f"note: {_messages(work.gone)} removed while this ran")
    say(f"{_messages(work.done - work.gone)} exported")


@contextmanager
def _finished(target: Target) -> Iterator[Target]:
    """Give what is written its name at the end, or leave nothing of it."""
    try:
        yield target
        target.finish()
    finally:
        target.abort()
