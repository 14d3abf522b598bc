"""The command `rules`: import, export, list, and the dry run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bitrixmail.cli.examples import examples
from bitrixmail.cli.failures import message_wanted
from bitrixmail.cli.files import name_of, read_octets, read_text
from bitrixmail.cli.output import (
    complain,
    echo,
    json_option,
    print_json,
    print_toml,
    say,
    table,
    yes_or_no,
)
from bitrixmail.cli.render import trace_lines
from bitrixmail.cli.rules_runs import apply, runs
from bitrixmail.cli.session import Session, pass_session

if TYPE_CHECKING:
    from bitrixmail.model.plan import Plan
    from bitrixmail.model.rule import Rule


@click.group(epilog=examples("bitrixmail rules import rules.toml"))
def rules() -> None:
    """Rules that sort the mail. How they are written: docs/rules.md."""


for command in (apply, runs):
    rules.add_command(command)


@rules.command(
    "import",
    epilog=examples("bitrixmail rules import rules.toml", "bitrixmail rules import --keep -"),
)
@click.argument("file")
@click.option("--keep", is_flag=True, help="Keep the rules that the file does not name.")
@pass_session
def import_rules(session: Session, file: str, keep: bool) -> None:
    """Replace all rules by those of a file; `-` is standard input.

    If anything is wrong in it, nothing changes.
    """
    text, name = read_text(file), name_of(file)
    changes = session.wait(
        session.office.rules.import_text(
            text, name, keep=keep, author=session.composer.author(), comment=f"import {name}"
        )
    )
    complain(changes.notes, "note")
    for what in ("added", "changed", "removed"):
        for rule in getattr(changes, what):
            say(f'rule "{rule}" {what}')
    if changes.any:
        count = len(changes.rules.rules)
        noun = "rule" if count == 1 else "rules"
        say(f"version {changes.rules.version} is in force: {count} {noun}")
    else:
        say(f"nothing to change: version {changes.rules.version} has these rules")


@rules.command("export", epilog=examples("bitrixmail rules export > rules.toml"))
@pass_session
def export_rules(session: Session) -> None:
    """Write the rules in force as a file."""
    print_toml(session.wait(session.office.rules.export()))


@rules.command("list", epilog=examples("bitrixmail rules list --json"))
@json_option
@pass_session
def list_rules(session: Session, as_json: bool) -> None:
    """List the rules in the order in which they are asked."""
    from bitrixmail.rules.syntax import rule_to_data  # noqa: PLC0415 - slow, see session

    found = session.wait(session.office.rules.current())
    pairs = [(rule, rule_to_data(rule)) for rule in found.rules]
    # As the engine goes: those for all first, then a domain's, then a mailbox's.
    pairs.sort(key=lambda pair: (bool(pair[0].mailbox), bool(pair[0].domain), pair[0].order))
    if as_json:
        print_json([_rule_data(rule, data) for rule, data in pairs])
        return
    rows = [
        (
            f"{rule.order}",
            rule.name,
            rule.mailbox or rule.domain or "all",
            yes_or_no(rule.active),
            _actions(rule),
        )
        for rule, _ in pairs
    ]
    table(("Order", "Rule", "For", "Active", "Does"), rows)


def _actions(rule: Rule) -> str:
    done = [f"{action.do} {action.argument}".rstrip() for action in rule.actions]
    return ", ".join([*done, "stop"] if rule.stop else done)


def _rule_data(rule: Rule, data: dict[str, Any]) -> dict[str, Any]:
    """Give every key, spelled as in a file."""
    keys = (
        "name", "description", "group", "order", "stop", "active", "schedule", "domain", "mailbox",
    )  # fmt: skip
    return {
        **{key: getattr(rule, key) for key in keys},
        "on": sorted(rule.on),
        "match": data.get("match", "all"),
        "condition": data.get("condition", []),
        "action": data.get("action", []),
    }


@rules.command(
    "test",
    epilog=examples(
        "bitrixmail rules test letter.eml --mailbox info@example.org",
        "bitrixmail rules test ID --mailbox info@example.org --json",
    ),
)
@click.argument("specimen", metavar="MESSAGE.eml|ID")
@click.option("--mailbox", metavar="ADDRESS", required=True, help="For whom it is judged.")
@click.option("--sender", metavar="ADDRESS", help="The envelope sender; <> is the null sender.")
@click.option("--recipient", metavar="ADDRESS", help="The envelope recipient, say an alias.")
@json_option
@pass_session
def test_rules(
    session: Session, specimen: str, mailbox: str, as_json: bool, **envelope: str | None
) -> None:
    """Show what the rules would do with a message; nothing is changed.

    The message is a file (`-`: standard input), or a stored message by its id. The same code runs
    as when mail comes in. What the envelope said is taken from the message's own trace fields.
    """
    office = session.office
    sender, recipient = envelope["sender"], envelope["recipient"]
    if _is_file(specimen):
        octets = read_octets(specimen)
        plan = session.wait(
            office.rules.test_file(octets, mailbox, sender=sender, recipient=recipient)
        )
    else:
        session.wait(office.accounts.mailbox(mailbox))
        with message_wanted():
            plan = session.wait(
                office.rules.test_stored(specimen, mailbox, sender=sender, recipient=recipient)
            )
    if as_json:
        print_json(_plan_data(plan))
    else:
        for line in trace_lines(plan.trace):
            echo(line)


def _is_file(specimen: str) -> bool:
    return specimen == "-" or not specimen.isalnum() or Path(specimen).is_file()


def _plan_data(plan: Plan) -> dict[str, object]:
    """Give the path as `trace --json` does, and where the message would go."""
    trace = plan.trace
    return {
        "disposition": str(plan.disposition),
        "folder": plan.folder,
        "copies": plan.copies,
        "flags": plan.flags,
        "tags": plan.tags,
        "text": plan.text,
        "rule_set_version": trace.rule_set_version,
        "steps": trace.steps,
        "result": trace.result,
        "elapsed_us": trace.elapsed_us,
        "note": trace.note,
    }
