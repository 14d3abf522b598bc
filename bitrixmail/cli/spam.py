"""The command `spam`: the filter is taught, looked into, and told what to do from which score."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bitrixmail.cli.consent import RefusedError, agreed
from bitrixmail.cli.examples import examples
from bitrixmail.cli.failures import NoInputError, message_wanted
from bitrixmail.cli.files import name_of, read_octets
from bitrixmail.cli.output import complain, echo, json_option, print_json, say, table, yes_or_no
from bitrixmail.cli.progress import progress
from bitrixmail.cli.session import Session, pass_session

if TYPE_CHECKING:
    from bitrixmail.admin.spam import Explained
    from bitrixmail.model.bayes import Learned

_Command = TypeVar("_Command", bound=Callable[..., Any])
_SITE = "(site)"


def _mailbox_option(text: str) -> Callable[[_Command], _Command]:
    return click.option("--mailbox", metavar="ADDRESS", default="", help=text)


@click.group(
    epilog=examples(
        "bitrixmail spam train --ham ~/Maildir --spam ~/Maildir/.Junk",
        "bitrixmail spam threshold --move 90",
    )
)
def spam() -> None:
    """The spam filter: it learns from mail what is spam and what is not."""


@spam.command("train", epilog=examples("bitrixmail spam train --ham good.mbox --spam spam/"))
@click.option(
    "--ham",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="DIR",
    help="Mail that is wanted: a Maildir, an mbox, or a folder of files; may be repeated.",
)
@click.option(
    "--spam",
    "spams",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="DIR",
    help="Spam, likewise.",
)
@_mailbox_option("Let this mailbox alone learn it; by default all do.")
@click.option("--all", "everything", is_flag=True, help="Also what it is sure of already.")
@json_option
@pass_session
def train(
    session: Session,
    *,
    ham: tuple[Path, ...],
    spams: tuple[Path, ...],
    mailbox: str,
    everything: bool,
    as_json: bool,
) -> None:
    """Learn from files of mail what the filter is not sure of yet.

    Interrupted, begin again: what was learned counts once.
    """
    office = session.office
    try:
        work = session.wait(office.spam.begin(ham, spams, mailbox, everything=everything))
        with progress("learning", work.total) as show:
            while session.wait(office.spam.go_on(work)):
                show(work.reached)
    except OSError as error:
        shown = name_of(str(error.filename or ""))
        line = f"{shown}: {error.strerror or error} (see whether the path is right)"
        raise NoInputError(line) from None
    if as_json:
        counts = {"ham": _counts(work.ham), "spam": _counts(work.spam)}
        print_json({**counts, "sure": work.sure, "unread": work.unread})
        return
    complain(work.faults, "note")
    if work.unread > len(work.faults):
        say(f"note: and {work.unread - len(work.faults)} more like these")
    _tell("ham", work.ham)
    _tell("spam", work.spam)
    if work.sure:
        echo(f"{work.sure} taught nothing: the filter was sure of them already")


def _counts(learned: Learned) -> dict[str, int]:
    return {"new": learned.new, "changed": learned.changed, "known": learned.known}


def _tell(kind: str, learned: Learned) -> None:
    if any(learned):
        other = "spam" if kind == "ham" else "ham"
        echo(
            f"{kind}: {learned.new} learned, {learned.known} known before,"
            f" {learned.changed} were {other} until now"
        )


@spam.command(
    "learn", epilog=examples("bitrixmail spam learn ID", "bitrixmail spam learn --ham ID")
)
@click.argument("queue_ids", metavar="ID...", nargs=-1, required=True)
@click.option("--ham", is_flag=True, help="It is no spam.")
@_mailbox_option("Let this mailbox alone learn it; by default all do.")
@pass_session
def learn(session: Session, *, queue_ids: tuple[str, ...], ham: bool, mailbox: str) -> None:
    """Learn stored messages as spam, or as none. A change of mind takes the first one back."""
    with message_wanted():
        learned = session.wait(session.office.spam.learn(queue_ids, mailbox, spam=not ham))
    _tell("ham" if ham else "spam", learned)


@spam.command("status", epilog=examples("bitrixmail spam status --json"))
@json_option
@pass_session
def status(session: Session, as_json: bool) -> None:
    """Tell how much was learned, by the site and by mailboxes of their own."""
    found = session.wait(session.office.spam.status())
    if as_json:
        print_json(found)
        return
    rows = [
        (each.mailbox or _SITE, f"{each.ham}", f"{each.spam}", f"{each.tokens}",
         yes_or_no(each.enough))
        for each in found
    ]  # fmt: skip
    table(("Who", "Ham", "Spam", "Tokens", "Enough"), rows)
    if not any(each.enough for each in found):
        say("too little was learned: there is no score yet (bitrixmail spam train)")


@spam.command("show", epilog=examples("bitrixmail spam show ID"))
@click.argument("queue_id", metavar="ID")
@click.option("--mailbox", metavar="ADDRESS", default="", help="As it is for this mailbox.")
@click.option(
    "--limit",
    type=click.IntRange(min=1, max=150),
    default=15,
    show_default=True,
    metavar="N",
    help="How many tokens, the most telling.",
)
@json_option
@pass_session
def show(session: Session, queue_id: str, *, mailbox: str, limit: int, as_json: bool) -> None:
    """Show why a stored message looks like spam or not, by what is known now."""
    with message_wanted():
        found = session.wait(session.office.spam.show(queue_id, mailbox, limit))
    if as_json:
        print_json(found)
        return
    for each in found:
        _show(each)


def _show(found: Explained) -> None:
    if found.score is None:
        echo(f"{found.mailbox}: no score: too little was learned (bitrixmail spam status)")
    else:
        echo(f"{found.mailbox}: {found.score:g} of 100 by its words")
    for said in found.said:
        score = "-" if said.score is None else f"{said.score:g}"
        echo(f"  check {said.check}: {score}{f', {said.text}' if said.text else ''}")
    if found.tokens:
        echo()
        rows = [
            (
                f"{told.weight * 100:.1f} %",
                *(f"{count}" for count in (told.spam, told.ham)),
                *(f"{count}" for count in (told.own_spam, told.own_ham) if found.own),
                told.token,
            )
            for told in found.tokens
        ]
        own = ("In its spam", "In its ham") if found.own else ()
        table(("Spam by it", "In spam", "In ham", *own, "Token"), rows)


@spam.command("forget", epilog=examples("bitrixmail spam forget --mailbox info@example.org"))
@_mailbox_option("Only what this mailbox has learned for itself.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_session
def forget(session: Session, mailbox: str, yes: bool) -> None:
    """Forget all that the site, or a mailbox, has learned."""
    if not yes and not agreed(f"Forget all that {mailbox or 'the site'} has learned?"):
        raise RefusedError("nothing was forgotten")
    session.wait(session.office.spam.forget(mailbox))
    say(f"{mailbox or 'the site'} knows nothing of spam any more")


@spam.command("import", epilog=examples("bitrixmail spam import b_mail_spam_weight.sql"))
@click.argument("file")
@_mailbox_option("Let this mailbox alone have them.")
@pass_session
def import_counters(session: Session, file: str, mailbox: str) -> None:
    """Take the counters of the old mail module: its b_mail_spam_weight in SQL, CSV or JSON."""
    octets = read_octets(file)
    corpus, words = session.wait(session.office.spam.import_counters(file, octets, mailbox))
    echo(f"{words} words taken, as of {corpus.ham} ham and {corpus.spam} spam messages")


class _Score(click.ParamType[float | str]):
    """A score, or `off`."""

    name = "score"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float | str:
        """Return a number, or an empty text for none."""
        if str(value).lower() in {"off", "none", ""}:
            return ""
        try:
            return float(value)
        except ValueError:
            self.fail(f"{value!r} is no score: write 1 to 100, or off", param, ctx)


@spam.command(
    "threshold",
    epilog=examples(
        "bitrixmail spam threshold --tag 80 --move 90",
        "bitrixmail spam threshold --quarantine 99 --mailbox info@example.org",
        "bitrixmail spam threshold --move off",
    ),
)
@click.option("--tag", type=_Score(), metavar="SCORE", help='From there on it is tagged "spam".')
@click.option("--move", type=_Score(), metavar="SCORE", help="… moved to the folder Spam.")
@click.option("--quarantine", type=_Score(), metavar="SCORE", help="… put into quarantine.")
@click.option("--reject", type=_Score(), metavar="SCORE", help="… refused.")
@_mailbox_option("For this mailbox, instead of those for all.")
@click.option("--domain", metavar="DOMAIN", default="", help="For the mailboxes of this domain.")
@json_option
@pass_session
def threshold(session: Session, *, mailbox: str, domain: str, as_json: bool, **scores: Any) -> None:
    """Say from which score on something is done, or show what was said.

    It makes rules, in the group "spam filter": `rules list` shows them, and a trace tells them.
    Who has thresholds of his own is left out of those for all.
    """
    if mailbox and domain:
        raise click.UsageError("give --mailbox or --domain, not both")
    office = session.office
    given = {
        do: None if score == "" else score for do, score in scores.items() if score is not None
    }
    if given:
        author = session.composer.author()
        changes = session.wait(office.thresholds.set(mailbox or domain, given, author))
        if not as_json:
            for name in (*changes.added, *changes.changed):
                say(f'rule "{name}" is in force')
            for name in changes.removed:
                say(f'rule "{name}" is gone')
    found = session.wait(office.thresholds.listing())
    if as_json:
        print_json(found)
        return
    rows = [(each.whose or "(all)", f"{each.score:g}", each.do) for each in found]
    table(("Whose", "From score", "What is done"), rows)
    if not found:
        say("nothing is done by the score: for example bitrixmail spam threshold --move 90")
