"""The command `queue`: what waits to be sent, why, and what to do about it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bitrixmail.cli.consent import RefusedError, agreed
from bitrixmail.cli.examples import examples
from bitrixmail.cli.failures import message_wanted
from bitrixmail.cli.files import write_octets
from bitrixmail.cli.output import echo, json_option, moment, print_json, say, size, table
from bitrixmail.cli.session import Session, pass_session
from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.job import Attempt, JobState
from bitrixmail.model.queue import Queued, Search
from bitrixmail.model.text import printable
from bitrixmail.model.way import route_name
from bitrixmail.model.work import KINDS

if TYPE_CHECKING:
    from bitrixmail.admin.queue import Story

_Command = TypeVar("_Command", bound=Callable[..., Any])
_STATES = [state.value for state in JobState]
_AGES = {"m": 60, "h": 3600, "d": 86400}
_MARKS = {JobState.LEASED: "*", JobState.HELD: "!"}


@click.group(epilog=examples("bitrixmail queue list", "bitrixmail queue retry --domain gmail.com"))
def queue() -> None:
    """Mail that waits to be sent, and what rules want done: one job for each."""


def _age(_context: click.Context, _option: click.Parameter, given: str | None) -> timedelta | None:
    if given is None:
        return None
    if len(given) < 2 or given[-1] not in _AGES or not given[:-1].isdecimal():
        raise click.BadParameter("write it like 30m, 4h or 2d")
    return timedelta(seconds=int(given[:-1]) * _AGES[given[-1]])


def _searching(command: _Command) -> _Command:
    """Give a command the options that say which jobs are meant."""
    for option in reversed(
        (
            click.argument("names", nargs=-1, metavar="[ID]..."),
            click.option("--sender", metavar="ADDRESS", help="From this address."),
            click.option("--recipient", metavar="ADDRESS", help="To this address."),
            click.option("--domain", metavar="NAME", help="To addresses of this domain."),
            click.option("--older", callback=_age, metavar="AGE", help="Older than that: 4h."),
            click.option(
                "--state", "states", type=click.Choice(_STATES), multiple=True,
                help="In this state; may be given several times.",
            ),
            click.option("--dead", is_flag=True, help="Given up: the same as --state dead."),
            click.option(
                "--actions", is_flag=True, help="What rules want done, no mail to be sent."
            ),
        )
    ):  # fmt: skip
        command = option(command)
    return command


def _search(session: Session, given: dict[str, Any]) -> Search:
    """Read what `_searching` gave."""
    from bitrixmail.admin.queue import named  # noqa: PLC0415 - `--help` must not wait for it

    found = [named(name) for name in given["names"]]
    search = Search(
        ids=tuple(number for one in found for number in one.ids),
        queue_ids=tuple(queue_id for one in found for queue_id in one.queue_ids),
        states=tuple(map(JobState, [*given["states"], *(["dead"] if given["dead"] else [])])),
        kinds=tuple(sorted(KINDS)) if given["actions"] else (),
        sender=given["sender"] or "",
        recipient=given["recipient"] or "",
        domain=given["domain"] or "",
    )
    age = given["older"]
    return search if age is None else session.office.queue.older(search, age)


@queue.command("list", epilog=examples("bitrixmail queue list --domain gmail.com --older 4h"))
@_searching
@click.option(
    "--limit", type=click.IntRange(min=1), default=1000, show_default=True, metavar="N",
    help="How many, the oldest.",
)  # fmt: skip
@click.option("--mailq", is_flag=True, help="Print it as mailq does.")
@json_option
@pass_session
def list_jobs(session: Session, limit: int, mailq: bool, as_json: bool, **given: Any) -> None:
    """List jobs that are not done, the oldest first.

    What was given up is listed by `--dead`, for three days, and done anew by `queue retry`.
    """
    from bitrixmail.admin.queue import last_attempts  # noqa: PLC0415 - see `_search`

    search = _search(session, given)
    found = session.wait(session.office.queue.listing(search, limit))
    if as_json:
        print_json(found)
        return
    if mailq:
        _mailq(found)
        return
    headings = ("ID", "Job", "State", "From", "To", "Size", "Since", "Next try", "Why")
    others = last_attempts(found)
    table(headings, [_row(job, others) for job in found])
    if len(found) == limit:
        say(f"there may be more than these {limit}: give a higher --limit")


def _row(job: Queued, others: Mapping[str, Attempt]) -> tuple[str, ...]:
    """Write a job as a line; one that was never tried waits for `others` to its destination."""
    why = printable(job.last.reply, 60) if job.last else ""
    if job.put_off and job.state is JobState.WAITING:
        why = "waits for its time: outbound.schedule, a window or a rate"
    elif not why and job.state is JobState.WAITING and job.destination in others:
        why = f"as others: {printable(others[job.destination].reply, 49)}"
    return (
        job.queue_id,
        str(job.id),
        job.state.value,
        printable(job.sender or "<>", 40),
        printable(_aim(job), 40),
        size(job.size_octets),
        moment(job.created),
        moment(job.not_before) if job.state is JobState.WAITING else "",
        why,
    )


def _aim(job: Queued) -> str:
    """Say what a job is for: an address, or what a rule wants done with what."""
    if not job.action:
        return job.recipient
    return f"{job.action}: {job.target or job.destination or job.recipient}"


def _mailq(found: tuple[Queued, ...]) -> None:
    """Print what programs expect that read the output of Postfix's mailq."""
    if not found:
        echo("Mail queue is empty")
        return
    echo("-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------")
    octets, messages = 0, 0
    for number, job in enumerate(found):
        if number == 0 or found[number - 1].queue_id != job.queue_id:
            messages += 1
            octets += job.size_octets
            name = job.queue_id + _MARKS.get(job.state, " ")
            when = job.created.astimezone().strftime("%a %b %d %H:%M:%S")
            sender = printable(job.sender or "MAILER-DAEMON")
            echo(f"{name:<11} {job.size_octets:>7} {when}  {sender}")
        if job.last is not None:
            echo(f"{'(' + printable(job.last.reply, 400) + ')':>79}")
        echo(" " * 41 + printable(_aim(job)))
        if number + 1 == len(found) or found[number + 1].queue_id != job.queue_id:
            echo()
    plural = "" if messages == 1 else "s"
    echo(f"-- {octets // 1024} Kbytes in {messages} Request{plural}.")


@queue.command("show", epilog=examples("bitrixmail queue show ID"))
@click.argument("name", metavar="ID")
@json_option
@pass_session
def show(session: Session, name: str, as_json: bool) -> None:
    """Show the jobs of a message, or one job, with every attempt."""
    with message_wanted():
        stories = session.wait(session.office.queue.show(name))
    if as_json:
        print_json(stories)
        return
    for story in stories:
        _tell(story)


def _tell(story: Story) -> None:
    job = story.job
    echo(f"job {job.id} of message {job.queue_id}: {job.state}")
    echo(printable(f"  from {job.sender or '<>'} to {job.recipient}, {size(job.size_octets)}"))
    if job.action:
        echo(printable(f'  to be done: {_aim(job)}, as the rule "{job.rule}" wants it', 400))
    route = route_name(job.destination)
    by = f", by the route {route}" if route else ""
    echo(f"  since {moment(job.created)}, {job.priority.name.lower()}{by}")
    if story.reason:
        echo(f"  why: {story.reason}")
    echo(f"  next: {_next(story)}")
    if story.advice and job.state in {JobState.WAITING, JobState.DEAD}:
        echo(f"  to do: {story.advice}")
    for attempt in story.attempts:
        echo(printable("  " + _attempt(attempt), 1000))
    if not story.attempts:
        echo("  not tried yet")


def _next(story: Story) -> str:
    """Say what will become of a job by itself."""
    job = story.job
    if job.state is not JobState.WAITING:
        told = "its sender was told" if job.sender and not job.action else "nobody is told"
        return {
            JobState.DONE: "nothing, it is done" if job.action else "nothing, it is delivered",
            JobState.DEAD: (
                f"nothing, it is given up, {told}; to try anew: bitrixmail queue retry {job.id}"
            ),
            JobState.HELD: f"nothing, until: bitrixmail queue release {job.id}",
            JobState.LEASED: "it is being handed over just now",
        }[job.state]
    told = "its sender gets a notice" if job.sender else "nobody is told"
    if job.action:
        told = "it is listed by: bitrixmail queue list --dead"
    end = f"given up {moment(job.expires)} (in {span(job.expires - story.at)}), then {told}"
    if job.not_before <= story.at:
        return printable(f"{_due(story)}; {end}", 1000)
    at = f"{moment(job.not_before)} (in {span(job.not_before - story.at)})"
    if job.put_off:
        return f"goes out {at}, by outbound.schedule, a window or a rate; {end}"
    if story.attempts:
        return f"tried again {at}; {end}"
    if job.action:
        return f"done {at}; {end}"
    why = f"as its sender asked, or as other mail to {job.destination} waits"
    return f"goes out {at}, {why}; {end}"


def _due(story: Story) -> str:
    """Say what a job waits for that is due."""
    job, asked = story.job, story.asked
    route = route_name(job.destination)
    host = f"the route {route}" if route else job.destination
    if job.action:
        overdue = span(story.at - job.not_before)
        return f"due since {overdue}: a running server does it as soon as it can"
    again = "asked again as soon as a running server can"
    if asked is not None and asked > story.at:
        again = (
            f"asked again by {moment(asked)} (in {span(asked - story.at)}), or at once after"
            f" bitrixmail queue retry {job.id}"
        )
    elif story.before is None:
        overdue = span(story.at - job.not_before)
        return f"due since {overdue}: a running server sends it as soon as it can"
    if story.before is None:
        return f"waits for {host}, {again}"
    tried = f"tried with another message, last {moment(story.before.at)}"
    return f"waits for {host}, {tried}: {story.before.reply.rstrip('.')}; {again}"


def span(length: timedelta) -> str:
    """Write a length of time in its two largest units."""
    left = max(0, int(length.total_seconds()))
    if left < 60:
        return f"{left} s"
    parts: list[str] = []
    for unit, seconds in (("d", 86400), ("h", 3600), ("min", 60)):
        count, left = divmod(left, seconds)
        if count or parts:
            parts.append(f"{count} {unit}" if count else "")
    return " ".join(filter(None, parts[:2]))


def _attempt(attempt: Attempt) -> str:
    where = f" by {attempt.host}[{attempt.address}]" if attempt.host or attempt.address else ""
    tls = f", {attempt.tls}" if attempt.tls else ""
    spent = f", {attempt.duration_s:.1f} s{tls}"
    return f"{moment(attempt.at)} {attempt.result}{where}: {attempt.reply}{spent}"


@queue.command("ages", epilog=examples("bitrixmail queue ages"))
@json_option
@pass_session
def ages(session: Session, as_json: bool) -> None:
    """Count what waits by domain and by minutes since it came."""
    from bitrixmail.admin.queue import AGE_BOUNDS_S  # noqa: PLC0415 - as above

    found = session.wait(session.office.queue.ages())
    if as_json:
        print_json(found)
        return
    bounds = [str(bound // 60) for bound in AGE_BOUNDS_S]
    headings = ("Domain", "Total", *(f"<{bound}m" for bound in bounds), f"{bounds[-1]}m+")
    table(headings, [(one.destination, str(one.total), *map(str, one.counts)) for one in found])


@queue.command("export", epilog=examples("bitrixmail queue export ID --output letter.eml"))
@click.argument("name", metavar="ID")
@click.option("-o", "--output", metavar="FILE", default="-", help="Write it there, not to stdout.")
@pass_session
def export(session: Session, name: str, output: str) -> None:
    """Write a message as it is to be sent."""
    with message_wanted():
        octets = session.wait(session.office.queue.export(name))
    if output == "-" and sys.stdout.isatty():
        for line in octets.decode("utf-8", "replace").split("\r\n"):
            echo(printable(line.replace("\t", "    "), len(line) * 4 + 1))
    else:
        write_octets(output, octets)


def _changing(name: str, done: str, question: str = "") -> None:
    """Add a command that changes the jobs it is told of."""

    @queue.command(name, epilog=examples(f"bitrixmail queue {name} --domain example.com"))
    @_searching
    @click.option("--all", "everything", is_flag=True, help="All jobs.")
    @click.option("--dry-run", is_flag=True, help="Only count them.")
    @click.option("--yes", is_flag=True, help="Do not ask.")
    @json_option
    @pass_session
    def change(
        session: Session, everything: bool, dry_run: bool, yes: bool, as_json: bool, **given: Any
    ) -> None:
        search = _search(session, given)
        if search == Search() and not everything:
            fault = Fault(name, "says of no job", "name some by ID or --domain, or say --all")
            raise InputError(fault)
        if dry_run or (question and not yes):
            count = session.wait(session.office.queue.count(search, name))
            if dry_run:
                _told(as_json, {"meant": count}, f"{_are(count)} meant")
                return
            try:
                agrees = agreed(question.format(jobs=_jobs(count)))
            except click.Abort:
                if sys.stdin.isatty():
                    raise
                usage = f"{_are(count)} meant: to do it give --yes"
                raise click.UsageError(usage) from None
            if not agrees:
                raise RefusedError("nothing was changed")
        operation = getattr(session.office.queue, name)
        number = session.wait(operation(search))
        _told(as_json, {"changed": number}, f"{_are(number)} {done}")

    change.help = _HELP[name]


def _jobs(count: int) -> str:
    return f"{count} job{'' if count == 1 else 's'}"


def _are(count: int) -> str:
    return f"{_jobs(count)} {'is' if count == 1 else 'are'}"


def _told(as_json: bool, data: dict[str, int], text: str) -> None:
    if as_json:
        print_json(data)
    else:
        say(text)


_HELP = {
    "retry": "Try jobs at once; those that were given up by ID, or --dead.",
    "hold": "Keep jobs back until they are released.",
    "release": "Let held jobs go on.",
    "bounce": "Give jobs up; their senders get them back with a notice.",
    "delete": "Remove jobs; nobody is told.",
}
_changing("retry", "tried at once")
_changing("hold", "held")
_changing("release", "released")
_changing("bounce", "given up", "Give up {jobs}, and write to who sent them?")
_changing("delete", "deleted", "Delete {jobs} for good?")
