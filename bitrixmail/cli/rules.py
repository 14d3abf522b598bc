"""The command `rules`: import, export, list, and the dry run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bitrixmail.admin.trace_words import trace_lines
from bitrixmail.cli.consent import confirm_emptying
from bitrixmail.cli.examples import examples
from bitrixmail.cli.failures import message_wanted
from bitrixmail.cli.files import name_of, read_octets, read_text
from bitrixmail.cli.language import lang_option
from bitrixmail.cli.output import (
    echo,
    json_option,
    moment,
    print_json,
    print_toml,
    table,
    yes_or_no,
)
from bitrixmail.cli.rules_book import diff, explain, group, lint, log, undo
from bitrixmail.cli.rules_gates import (
    bitrix_options,
    from_bitrix,
    tell_changes,
    tell_preview,
    template,
)
from bitrixmail.cli.rules_runs import apply, runs
from bitrixmail.cli.session import Session, pass_session

if TYPE_CHECKING:
    from bitrixmail.model.plan import Plan
    from bitrixmail.model.rule import Rule
    from bitrixmail.model.rulebook import RuleCount


@click.group(epilog=examples("bitrixmail rules import rules.toml"))
def rules() -> None:
    """Rules that sort the mail. How they are written: docs/rules.md."""


for command in (apply, runs, template, log, diff, undo, lint, explain, group):
    rules.add_command(command)


@rules.command(
    "import",
    epilog=examples(
        "bitrixmail rules import rules.toml",
        "bitrixmail rules import --dry-run rules.toml",
        "bitrixmail rules import --keep -",
        "bitrixmail rules import --from bitrix filter.csv cond.csv --mailbox 3=info@example.org",
    ),
)
@click.argument("files", metavar="FILE…", nargs=-1, required=True)
@click.option("--keep", is_flag=True, help="Keep the rules that the file does not name.")
@click.option("--yes", is_flag=True, help="Do not ask, even if no rule would be left.")
@bitrix_options
@pass_session
def import_rules(
    session: Session, *, files: tuple[str, ...], keep: bool, yes: bool, **bitrix: Any
) -> None:
    """Replace all rules by those of a file; `-` is standard input.

    If anything is wrong in it, nothing changes; if it has no rule at all, you are asked. With
    `--from bitrix` the files are dumps of the old mail module's tables b_mail_filter and
    b_mail_filter_cond, JSON or CSV; what can't be carried over is told, and the rules that are
    here stay.
    """
    if from_bitrix(session, files, **bitrix):
        return
    if len(files) > 1:
        raise click.UsageError("rules are imported from one file")
    (file,) = files
    text, name = read_text(file), name_of(file)
    office = session.office
    changes = session.wait(office.rules.look_text(text, name, keep=keep))
    if bitrix["dry_run"]:
        tell_preview(changes)
        return
    if changes.empties and not yes:
        confirm_emptying(len(changes.removed))
    author = session.composer.author()
    tell_changes(session.wait(office.rules.put(changes, author, f"import {name}")))


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
    counts = session.wait(session.office.rule_book.counts())
    pairs = [(rule, rule_to_data(rule)) for rule in found.rules]
    # As the engine goes: those for all first, then a domain's, then a mailbox's.
    pairs.sort(key=lambda pair: (bool(pair[0].mailbox), bool(pair[0].domain), pair[0].order))
    if as_json:
        print_json([_rule_data(rule, data, counts.get(rule.name)) for rule, data in pairs])
        return
    rows = [
        (
            f"{rule.order}",
            rule.name,
            rule.mailbox or rule.domain or "all",
            yes_or_no(rule.active and rule.group not in found.groups_off),
            f"{counts[rule.name].matched}" if rule.name in counts else "",
            moment(counts[rule.name].last) if rule.name in counts else "",
            _actions(rule),
        )
        for rule, _ in pairs
    ]
    table(("Order", "Rule", "For", "Active", "Matched", "Last", "Does"), rows)


def _actions(rule: Rule) -> str:
    done = [f"{action.do} {action.argument}".rstrip() for action in rule.actions]
    return ", ".join([*done, "stop"] if rule.stop else done)


def _rule_data(rule: Rule, data: dict[str, Any], count: RuleCount | None) -> dict[str, Any]:
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
        "matched": count.matched if count else 0,
        "last": count.last if count else None,
    }


@rules.command(
    "test",
    epilog=examples(
        "bitrixmail rules test letter.eml --mailbox info@example.org",
        "bitrixmail rules test ID --mailbox info@example.org --json",
        'bitrixmail rules test letter.eml --mailbox info@example.org --at "2026-11-24 23:10"',
    ),
)
@click.argument("specimen", metavar="MESSAGE.eml|ID")
@click.option("--mailbox", metavar="ADDRESS", required=True, help="For whom it is judged.")
@click.option("--sender", metavar="ADDRESS", help="The envelope sender; <> is the null sender.")
@click.option("--recipient", metavar="ADDRESS", help="The envelope recipient, say an alias.")
@click.option("--at", metavar="TIME", help='When it came, say "2026-11-24 23:10 Europe/Moscow".')
@lang_option
@json_option
@pass_session
def test_rules(
    session: Session,
    specimen: str,
    mailbox: str,
    lang: str | None,
    as_json: bool,
    **arrival: str | None,
) -> None:
    """Show what the rules would do with a message; nothing is changed.

    The message is a file (`-`: standard input), or a stored message by its id. The same code runs
    as when mail comes in. What the envelope said is taken from the message's own trace fields; a
    message from a file comes now, unless --at says otherwise.
    """
    office = session.office
    if _is_file(specimen):
        octets = read_octets(specimen)
        plan = session.wait(office.rules.test_file(octets, mailbox, **arrival))
    else:
        session.wait(office.accounts.mailbox(mailbox))
        with message_wanted():
            plan = session.wait(office.rules.test_stored(specimen, mailbox, **arrival))
    if as_json:
        print_json(_plan_data(plan))
    else:
        for line in trace_lines(plan.trace, lang or session.composer.language()):
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
