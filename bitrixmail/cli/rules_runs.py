"""The commands `rules apply` and `rules runs`: rules over stored messages, and taking them back."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import click

from bitrixmail.cli.consent import RefusedError, agreed
from bitrixmail.cli.examples import examples
from bitrixmail.cli.output import echo, json_option, moment, print_json, say, table
from bitrixmail.cli.progress import progress
from bitrixmail.cli.session import Session, pass_session
from bitrixmail.model.errors import Fault, NotFoundError
from bitrixmail.model.text import printable

if TYPE_CHECKING:
    from bitrixmail.admin.rejudging import Verdict
    from bitrixmail.admin.rule_runs import Preview, Work
    from bitrixmail.model.rule_run import RuleRun

_MAX_NOTES = 20
_CELL = 60
_yes_option = click.option("--yes", is_flag=True, help="Do not ask.")


@click.command(
    epilog=examples(
        "bitrixmail rules apply --dry-run",
        'bitrixmail rules apply --rule "Invoices" --mailbox info@example.org --since 2026-01-31',
    )
)
@click.option(
    "--rule", "names", metavar="NAME", multiple=True, help="Only this rule; may be repeated."
)
@click.option("--mailbox", metavar="ADDRESS", default="", help="Only messages of this mailbox.")
@click.option("--folder", metavar="FOLDER", default="", help="Only messages in this folder.")
@click.option("--since", metavar="DAY", default="", help="Only what came on this day or later.")
@click.option("--dry-run", is_flag=True, help="Show what would be done, and change nothing.")
@click.option(
    "--actions", "outside", is_flag=True,
    help="Also do what rules want done outside: forward, run commands and so on.",
)  # fmt: skip
@click.option(
    "--again", is_flag=True, help="With --actions: also what was done for a message before."
)
@click.option("--resume", is_flag=True, help="Go on with the run that was interrupted last.")
@_yes_option
@json_option
@pass_session
def apply(
    session: Session,
    *,
    names: tuple[str, ...],
    mailbox: str,
    folder: str,
    since: str,
    dry_run: bool,
    outside: bool,
    again: bool,
    resume: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Apply the rules to stored messages: those with "manual" among their occasions.

    First all that would change is shown, then you are asked. What is done can be taken back,
    except for what is discarded or done outside. Messages in Trash and Quarantine are left alone,
    unless --folder or a condition of a rule names their folder. A rule for the clock alone can be
    looked at by --rule and --dry-run. What was done outside for a message once, as it came in, by
    the clock or by hand, is not done for it again without --again.
    """
    from bitrixmail.admin.rule_runs import Wish  # noqa: PLC0415 - slow, see session

    if resume:
        _resume(session, None, as_json=as_json)
        return
    office = session.office
    if again and not outside:
        raise click.UsageError("--again is about what --actions does: give both")
    wish = Wish(names, mailbox, folder, since, dry_run, outside, again=again)
    preview = session.wait(office.runs.look(wish))
    if folder and not preview.run.total:
        _folder_wanted(session, mailbox, folder)
    with progress("looking", preview.run.total) as show:
        while session.wait(office.runs.look_on(preview)):
            show(preview.counts.judged)
    if not as_json:
        _show(preview)
        _show_acts(preview)
    if dry_run or not preview.counts.changes:
        if as_json:
            print_json({**_preview_data(preview), "run": None})
        return
    if not yes:
        _confirm(preview)
    work = session.wait(office.runs.begin(preview, session.composer.author()))
    _carry_out(session, work)
    if as_json:
        print_json({**_preview_data(preview), "run": _run_data(work.run)})


def _folder_wanted(session: Session, mailbox: str, folder: str) -> None:
    """Tell a folder without messages from one that no mailbox has; raises NotFoundError."""
    office = session.office
    if mailbox:
        session.wait(office.mail_export.check(mailbox, folder))
        return
    for each in session.wait(office.accounts.mailboxes(None)):
        with suppress(NotFoundError):
            session.wait(office.mail_export.check(each.address, folder))
            return
    remedy = "bitrixmail message list ADDRESS shows which there are"
    where = f'--folder "{printable(folder, 80)}"'
    raise NotFoundError(Fault(where, "no mailbox has such a folder", remedy))


def _show(preview: Preview) -> None:
    counts = preview.counts
    echo(f"{_messages(counts.judged)} looked at, {counts.changes} would change")
    if counts.changes:
        echo()
        rows = [(rule, action, f"{count}") for (rule, action), count in counts.actions.items()]
        table(("Rule", "Does", "Messages"), sorted(rows))
        echo()
        table(("Mailbox", "Folder", "From", "Subject", "Would"), map(_example, counts.examples))
        more = counts.changes - len(counts.examples)
        if more:
            echo(f"… and {more} more")
    if counts.rejected:
        what = "a rule would refuse, which is too late: they are kept"
        say(f"note: {_messages(counts.rejected)} {what}")
    for do, count in counts.left_out.most_common(_MAX_NOTES):
        say(f"note: {do} is left out ({_messages(count)}): --actions does it too")
    for fault, count in counts.faults.most_common(_MAX_NOTES):
        say(f"note: {fault} ({_messages(count)})")


def _show_acts(preview: Preview) -> None:
    """Tell what can't be taken back: what was done outside before, and answers to old mail."""
    counts, again = preview.counts, preview.run.extent.again
    for do, count in sorted(counts.before.items()):
        then = "it is done again" if again else "it is left out: --again does it too"
        say(f"note: {do} was done for {_messages(count)} before; {then}")
    if counts.oldest is not None:
        what = f"whoever sent {_messages(counts.acts['reply'])} gets an answer now"
        say(f"warning: {what}, and the oldest came on {moment(counts.oldest)}")


def _example(verdict: Verdict) -> tuple[str, ...]:
    place = verdict.place
    shown = (place.mailbox, place.folder, place.header_from, place.subject)
    return (*(printable(text, _CELL) for text in shown), ", ".join(verdict.effects))


def _confirm(preview: Preview) -> None:
    counts = preview.counts
    what = f"{_messages(counts.changes)} would change"
    if counts.acts:
        what += f", and things be done outside for up to {max(counts.acts.values())} of them"
    if counts.discards:
        what += f", {counts.discards} of them be discarded, which can't be taken back"
    if not sys.stdin.isatty():
        raise click.UsageError(f"{what}: to do it give --yes, only to see it --dry-run")
    if not agreed(f"{what}. Go on?"):
        raise RefusedError("nothing was changed")


def _carry_out(session: Session, work: Work) -> None:
    runs, run = session.office.runs, work.run
    resume, undo = (f"bitrixmail rules runs {way} {run.id}" for way in ("resume", "undo"))
    told = _told_if_interrupted(f"to go on: {resume}; to take it back: {undo}")
    with told, progress("applying", run.total) as show:
        while session.wait(runs.go_on(work)):
            show(work.judged)
    done = work.run
    say(f"run {done.id}: {_messages(done.changed)} changed")
    if done.stale:
        say(f"note: {_messages(done.stale)} changed meanwhile and left alone")
    say(f"to take it back: bitrixmail rules runs undo {done.id}")


@contextmanager
def _told_if_interrupted(what: str) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        say(what)
        raise


@click.group(epilog=examples("bitrixmail rules runs list"))
def runs() -> None:
    """Runs of rules over stored messages: resume them, take them back."""


@runs.command("list", epilog=examples("bitrixmail rules runs list --json"))
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True)
@json_option
@pass_session
def list_runs(session: Session, limit: int, as_json: bool) -> None:
    """List the last runs, the newest first."""
    found = session.wait(session.office.runs.listed(limit))
    if as_json:
        print_json([_run_data(run) for run in found])
        return
    rows = [
        (
            f"{run.id}",
            moment(run.started),
            run.author,
            ", ".join(run.rules),
            "not finished" if run.state == "running" else str(run.state),
            f"{run.judged} of {run.total}",
            f"{run.changed}",
        )
        for run in found
    ]
    table(("Run", "Begun", "By", "Rules", "State", "Looked at", "Changed"), rows)


@runs.command("resume", epilog=examples("bitrixmail rules runs resume"))
@click.argument("run_id", metavar="[RUN]", type=int, required=False)
@json_option
@pass_session
def resume_run(session: Session, run_id: int | None, as_json: bool) -> None:
    """Go on with a run that was interrupted, the last one if none is named.

    It goes on by the rules with which it began.
    """
    _resume(session, run_id, as_json=as_json)


def _resume(session: Session, run_id: int | None, *, as_json: bool) -> None:
    work = session.wait(session.office.runs.resume(run_id))
    say(f"run {work.run.id} goes on: {work.run.judged} of {work.run.total} messages are done")
    _carry_out(session, work)
    if as_json:
        print_json({"run": _run_data(work.run)})


@runs.command("undo", epilog=examples("bitrixmail rules runs undo 7"))
@click.argument("run_id", metavar="[RUN]", type=int, required=False)
@_yes_option
@pass_session
def undo_run(session: Session, run_id: int | None, yes: bool) -> None:
    """Take back what a run moved, copied, flagged and tagged; the last run if none is named.

    What people changed since then stays as it is, and is told. Folders that were made stay. To
    be interrupted does no harm: say it again.
    """
    office = session.office
    run = session.wait(office.runs.undoable(run_id))
    what = f"run {run.id} of {moment(run.started)} changed {_messages(run.changed)}"
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError(f"{what}: to take it back give --yes")
        if not agreed(f"{what}. Take it back?"):
            raise RefusedError("nothing was changed")
    count, notes = 0, 0
    with progress("taking back", run.changed) as show:
        more = True
        while more:
            taken = session.wait(office.runs.take_back(run.id))
            count, more = count + taken.count, taken.more
            show(count)
            for note in taken.notes[: max(0, _MAX_NOTES - notes)]:
                say(f"note: {note}")
            notes += len(taken.notes)
    if notes > _MAX_NOTES:
        say(f"note: and {notes - _MAX_NOTES} more")
    say(f"run {run.id}: {_messages(count)} put back")


def _messages(count: int) -> str:
    return "1 message" if count == 1 else f"{count} messages"


def _preview_data(preview: Preview) -> dict[str, object]:
    counts = preview.counts
    return {
        "judged": counts.judged,
        "changes": counts.changes,
        "discards": counts.discards,
        "rejected": counts.rejected,
        "actions": [
            {"rule": rule, "action": action, "messages": count}
            for (rule, action), count in sorted(counts.actions.items())
        ],
        "effects": dict(sorted(counts.effects.items())),
        "faults": dict(sorted(counts.faults.items())),
        "left_out": dict(sorted(counts.left_out.items())),
        "done_before": dict(sorted(counts.before.items())),
        "oldest_answered": counts.oldest,
        "examples": [_example_data(verdict) for verdict in counts.examples],
    }


def _example_data(verdict: Verdict) -> dict[str, object]:
    place = verdict.place
    return {
        "queue_id": place.queue_id,
        "mailbox": place.mailbox,
        "folder": place.folder,
        "from": place.header_from,
        "subject": place.subject,
        "effects": verdict.effects,
    }


def _run_data(run: RuleRun) -> dict[str, object]:
    return {
        "id": run.id,
        "started": run.started,
        "author": run.author,
        "occasion": run.occasion,
        "rule_set_version": run.rule_set_version,
        "rules": run.rules,
        "mailbox": run.extent.mailbox,
        "folder": run.extent.folder,
        "since": run.extent.since,
        "state": str(run.state),
        "total": run.total,
        "judged": run.judged,
        "changed": run.changed,
        "left_alone": run.stale,
    }
