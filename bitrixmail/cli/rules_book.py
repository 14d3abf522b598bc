"""The commands `rules log|diff|undo|lint|explain|group`: the history of rules, and their sense."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from bitrixmail.admin.trace_words import trace_data, trace_lines
from bitrixmail.cli.examples import examples
from bitrixmail.cli.failures import message_wanted
from bitrixmail.cli.files import name_of, read_text
from bitrixmail.cli.language import lang_option
from bitrixmail.cli.output import echo, json_option, moment, print_json, say, table, yes_or_no
from bitrixmail.cli.session import Session, pass_session
from bitrixmail.model.errors import Fault, NotFoundError
from bitrixmail.model.text import printable

if TYPE_CHECKING:
    from bitrixmail.admin.rule_book import Compared, Explained
    from bitrixmail.model.rulebook import RuleVersion
    from bitrixmail.rules.difference import Difference

_WIDE = 1000
_KINDS = ("added", "changed", "removed")


@click.command(epilog=examples("bitrixmail rules log --limit 5"))
@click.option(
    "--limit", type=click.IntRange(min=1), default=20, show_default=True, metavar="N",
    help="How many, the newest.",
)  # fmt: skip
@json_option
@pass_session
def log(session: Session, limit: int, as_json: bool) -> None:
    """List the versions of the rules, newest first: when, by whom, and what changed."""
    found = session.wait(session.office.rule_book.log(limit))
    if as_json:
        print_json([{**_version(each.version), "changes": _counts(each.changes)} for each in found])
        return
    rows = [
        (
            f"{each.version.version}",
            moment(each.version.stored),
            each.version.author,
            f"{each.version.count}",
            _told(each.changes),
            each.version.comment,
        )
        for each in found
    ]
    table(("Version", "Stored", "By", "Rules", "What", "Comment"), rows)
    if len(found) == limit and found[-1].version.version > 1:
        say(f"there are more than these {limit}: give a higher --limit")


def _version(version: RuleVersion | None) -> dict[str, Any]:
    if version is None:
        return {"version": 0, "stored": None, "author": "", "comment": "", "count": 0}
    keys = ("version", "stored", "author", "comment", "count")
    return {key: getattr(version, key) for key in keys}


def _counts(changes: Difference | None) -> dict[str, Any] | None:
    if changes is None:
        return None
    return {
        **{kind: len(changes.named(kind)) for kind in _KINDS},
        "moved": changes.moved,
        "groups_off": changes.groups_off,
        "groups_on": changes.groups_on,
    }


def _told(changes: Difference | None) -> str:
    """Say in a few words what changed."""
    if changes is None:
        return "can't be read any more"
    parts = [f"{len(changes.named(kind))} {kind}" for kind in _KINDS if changes.named(kind)]
    parts += ["order changed"] if changes.moved else []
    parts += [f"group {name} off" for name in changes.groups_off]
    parts += [f"group {name} on" for name in changes.groups_on]
    return ", ".join(parts) or "nothing changed"


@click.command(
    epilog=examples("bitrixmail rules diff", "bitrixmail rules diff 3", "bitrixmail rules diff 3 5")
)
@click.argument("old", type=click.IntRange(min=0), required=False, metavar="[A]")
@click.argument("new", type=click.IntRange(min=0), required=False, metavar="[B]")
@json_option
@pass_session
def diff(session: Session, old: int | None, new: int | None, as_json: bool) -> None:
    """Show rule by rule how version B differs from version A.

    Without B it is the one in force, without A the one before B. Version 0 has no rules.
    """
    with message_wanted():
        found = session.wait(session.office.rule_book.diff(old, new))
    if as_json:
        print_json(_diff_data(found))
        return
    echo(f"--- {_titled(found.old)}")
    echo(f"+++ {_titled(found.new)}")
    _show_changes(found.changes)


def _titled(version: RuleVersion | None) -> str:
    if version is None:
        return "version 0"
    parts = (f"version {version.version}", moment(version.stored), version.author, version.comment)
    return printable("  ".join(part for part in parts if part), _WIDE)


def _diff_data(found: Compared) -> dict[str, Any]:
    changes = found.changes
    return {
        "old": _version(found.old),
        "new": _version(found.new),
        "rules": changes.rules,
        "moved": changes.moved,
        "groups_off": changes.groups_off,
        "groups_on": changes.groups_on,
    }


def _show_changes(changes: Difference) -> None:
    for each in changes.rules:
        echo(f'rule "{printable(each.rule)}" {each.what}')
        for line in each.lines:
            echo(f"  {printable(line, _WIDE)}")
    for line in _others(changes):
        echo(line)
    if not changes.any:
        echo("nothing differs")


def _others(changes: Difference) -> list[str]:
    """Say what is not of single rules."""
    return [
        *(["the rules stand in another order"] if changes.moved else []),
        *(f'group "{printable(name)}" switched off' for name in changes.groups_off),
        *(f'group "{printable(name)}" switched on' for name in changes.groups_on),
    ]


@click.command(epilog=examples("bitrixmail rules undo", "bitrixmail rules undo --to 3"))
@click.option(
    "--to", type=click.IntRange(min=0), metavar="VERSION", help="Go back to this one; 0: no rules."
)
@pass_session
def undo(session: Session, to: int | None) -> None:
    """Put the rules of the version before into force again, as a new version.

    The undo of an undo brings back what was undone. Messages stay where they are.
    """
    with message_wanted():
        done = session.wait(session.office.rule_book.undo(to, session.composer.author()))
    if done.changes is not None and not done.changes.any:
        say(f"nothing to change: version {done.rules.version} has these rules")
        return
    if done.changes is not None:
        for each in done.changes.rules:
            say(f'rule "{each.rule}" {each.what}')
        for line in _others(done.changes):
            say(line)
    say(f"version {done.rules.version} is in force: the rules of version {done.restored}")


@click.command(
    epilog=examples("bitrixmail rules lint", "bitrixmail rules lint rules.toml --strict")
)
@click.argument("file", required=False)
@click.option("--strict", is_flag=True, help="Exit with 65 if there is a warning.")
@json_option
@click.pass_context
@pass_session
def lint(
    session: Session, context: click.Context, file: str | None, strict: bool, as_json: bool
) -> None:
    """Find rules that can never match, are shadowed by others, or do too much.

    Those in force are looked at, or those of a file (`-`: standard input), of which it also tells
    what an import would refuse or note.
    """
    if file is None:
        found = session.wait(session.office.rule_book.lint())
    else:
        text, name = read_text(file), name_of(file)
        found = session.wait(session.office.rule_book.lint_text(text, name))
    if as_json:
        print_json(found)
    else:
        for each in found:
            where = f'rule "{printable(each.rule)}"' if each.rule else "rules"
            echo(printable(f"{each.kind}: {where}: {each.what} ({each.remedy})", _WIDE))
        if not found:
            say("nothing found")
    if strict and any(each.kind == "warning" for each in found):
        context.exit(os.EX_DATAERR)


@click.command(
    epilog=examples(
        "bitrixmail rules explain", "bitrixmail rules explain Invoices --lang ru",
        "bitrixmail rules explain ID",
    )
)  # fmt: skip
@click.argument("what", required=False, metavar="[RULE|ID]")
@lang_option
@json_option
@pass_session
def explain(session: Session, what: str | None, lang: str | None, as_json: bool) -> None:
    """Say in plain words what each rule does, or one of them, and how often it did.

    With the id of a message: which way it took, with what the rules that matched say.
    """
    language = lang or session.composer.language()
    found = session.wait(session.office.rule_book.explain(what))
    if not found and what is not None:
        _explain_message(session, what, language, as_json=as_json)
    elif as_json:
        print_json([_explained(each) for each in found])
    else:
        for each in found:
            _say_rule(each, language)


def _explained(each: Explained) -> dict[str, Any]:
    from bitrixmail.rules.sentences import LANGUAGES, sentence  # noqa: PLC0415 - slow

    rule, count = each.rule, each.count
    return {
        "name": rule.name,
        **{language: sentence(rule, language, off=each.off) for language in LANGUAGES},
        "matched": count.matched if count else 0,
        "last": count.last if count else None,
    }


def _say_rule(each: Explained, language: str) -> None:
    from bitrixmail.rules.sentences import sentence  # noqa: PLC0415 - slow, see session

    echo(printable(each.rule.name))
    echo(f"  {sentence(each.rule, language, off=each.off)}")
    count = each.count
    if language == "ru":
        told = f"сработало: {count.matched}, последний раз {{}}" if count else "ещё не сработало"
    else:
        told = f"matched: {count.matched}, last at {{}}" if count else "has not matched yet"
    echo(f"  {told.format(moment(count.last)) if count else told}")


def _no_rule(session: Session, what: str) -> NotFoundError:
    from bitrixmail.rules.words import nearest  # noqa: PLC0415 - slow, see session

    known = session.wait(session.office.rules.current()).rules
    remedy = nearest(what, (rule.name for rule in known), "see: bitrixmail rules list")
    told = "there is no rule of that name, and no message of that id"
    return NotFoundError(Fault(f'"{printable(what, 80)}"', told, remedy))


def _explain_message(session: Session, what: str, language: str, *, as_json: bool) -> None:
    from bitrixmail.rules.sentences import sentence  # noqa: PLC0415 - slow, see session

    with message_wanted():
        try:
            told, rules = session.wait(session.office.rule_book.explain_message(what))
        except NotFoundError:
            raise _no_rule(session, what) from None
    sentences = {name: sentence(rule, language) for name, rule in rules.items()}
    if as_json:
        print_json(
            [
                {
                    "address": each.event.address,
                    "at": each.event.at,
                    "trace": trace_data(each.trace),
                    "sentences": {
                        step.rule: sentences[step.rule]
                        for step in each.trace.steps
                        if step.matched and step.rule in sentences
                    },
                }
                for each in told
                if each.trace is not None
            ]
        )
        return
    for each in told:
        event = each.event
        parts = (moment(event.at), event.kind, event.address, event.text)
        echo(printable("  ".join(part for part in parts if part), _WIDE))
        if each.trace is not None:
            for line in trace_lines(each.trace, language, sentences):
                echo(line)


@click.group(epilog=examples('bitrixmail rules group off "Newsletters"'))
def group() -> None:
    """Groups of rules, switched off and on together."""


@group.command("list", epilog=examples("bitrixmail rules group list --json"))
@json_option
@pass_session
def list_groups(session: Session, as_json: bool) -> None:
    """List the groups and their rules."""
    found = session.wait(session.office.rule_book.groups())
    if as_json:
        print_json(found)
        return
    rows = [(each.name, yes_or_no(each.on), ", ".join(each.rules)) for each in found]
    table(("Group", "On", "Rules"), rows)


@group.command("on", epilog=examples('bitrixmail rules group on "Newsletters"'))
@click.argument("name")
@pass_session
def group_on(session: Session, name: str) -> None:
    """Switch a group on; this makes a new version of the rules."""
    _switch(session, name, on=True)


@group.command("off", epilog=examples('bitrixmail rules group off "Newsletters"'))
@click.argument("name")
@pass_session
def group_off(session: Session, name: str) -> None:
    """Switch a group off: its rules are not asked. This makes a new version of the rules."""
    _switch(session, name, on=False)


def _meant_group(session: Session, name: str, fault: Fault) -> NotFoundError:
    """Say which group was probably meant, where one is like it."""
    from bitrixmail.rules.words import nearest  # noqa: PLC0415 - slow, see session

    known = session.wait(session.office.rule_book.groups())
    remedy = nearest(name, (each.name for each in known), fault.remedy)
    return NotFoundError(replace(fault, remedy=remedy))


def _switch(session: Session, name: str, *, on: bool) -> None:
    word = "on" if on else "off"
    author = session.composer.author()
    with message_wanted():
        try:
            done = session.wait(session.office.rule_book.switch(name, on=on, author=author))
        except NotFoundError as error:
            raise _meant_group(session, name, error.faults[0]) from None
    if done is None:
        say(f'nothing to change: group "{name}" is {word}')
    else:
        say(f'group "{name}" is {word}: version {done.version} is in force')
