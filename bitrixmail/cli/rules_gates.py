"""Rules brought in from elsewhere: those of the old mail module, and templates."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bitrixmail.cli.examples import examples
from bitrixmail.cli.files import name_of, read_octets
from bitrixmail.cli.output import (
    complain,
    echo,
    json_option,
    print_json,
    print_toml,
    say,
    table,
)
from bitrixmail.cli.session import Session, pass_session

if TYPE_CHECKING:
    from bitrixmail.admin.bitrix_rules import CarriedOver
    from bitrixmail.admin.rules import RuleChanges

_Command = TypeVar("_Command", bound=Callable[..., Any])


def tell_changes(changes: RuleChanges) -> None:
    """Tell what an import changed."""
    _tell_each(changes, "")
    version = changes.rules.version
    if changes.any:
        say(f"version {version} is in force: {_rules(changes)}")
    else:
        say(f"nothing to change: version {version} has these rules")


def tell_preview(changes: RuleChanges) -> None:
    """Tell what an import would change."""
    _tell_each(changes, "would be ")
    if changes.any:
        say(f"nothing was stored: {_rules(changes)} would be in force")
    else:
        say(f"nothing would change: version {changes.rules.version} has these rules")


def _tell_each(changes: RuleChanges, would_be: str) -> None:
    complain(changes.notes, "note")
    for what in ("added", "changed", "removed"):
        for rule in getattr(changes, what):
            say(f'rule "{rule}" {would_be}{what}')
    for word, groups in (("off", changes.groups_off), ("on", changes.groups_on)):
        for name in groups:
            say(f'group "{name}" {would_be}switched {word}')


def _rules(changes: RuleChanges) -> str:
    count = len(changes.rules.rules)
    return "1 rule" if count == 1 else f"{count} rules"


def bitrix_options(command: _Command) -> _Command:
    """Give the command `rules import` the options of an import from the old module."""
    options = (
        click.option(
            "--from", "source", type=click.Choice(("toml", "bitrix")), default="toml",
            show_default=True, help="What the files are.",
        ),
        click.option(
            "--mailbox", "scopes", metavar="ID=ADDRESS", multiple=True,
            help="bitrix: which mailbox here, or which domain, mailbox ID was; may be repeated.",
        ),
        click.option(
            "--group", metavar="NAME", default="bitrix", show_default=True,
            help="bitrix: the group of the new rules, by which they are switched off together.",
        ),
        click.option(
            "--dry-run", is_flag=True,
            help="Tell what would change, and store nothing; bitrix: print the rules as a file.",
        ),
        click.option("--json", "as_json", is_flag=True, help="bitrix: print the report as JSON."),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def from_bitrix(
    session: Session,
    files: tuple[str, ...],
    *,
    source: str,
    scopes: tuple[str, ...],
    group: str,
    dry_run: bool,
    as_json: bool,
) -> bool:
    """Import rules of the old module, if they are what the files are said to be."""
    if source != "bitrix":
        if scopes or as_json:
            raise click.UsageError("--mailbox and --json go with --from bitrix")
        return False
    from bitrixmail.admin.bitrix_dump import read_dump  # noqa: PLC0415 - slow, see session
    from bitrixmail.admin.bitrix_rules import carry_over, read_scopes  # noqa: PLC0415 - as above
    from bitrixmail.model.rule import RuleSet  # noqa: PLC0415 - as above
    from bitrixmail.rules.syntax import dump_rules  # noqa: PLC0415 - as above

    office = session.office
    dump = read_dump([(name_of(file), read_octets(file)) for file in files])
    rules = session.wait(office.rules.current()).rules
    taken = frozenset(rule.name for rule in rules if rule.group != group)
    carried = carry_over(dump, read_scopes(scopes), group, taken)
    text = dump_rules(RuleSet(rules=carried.rules))
    if as_json:
        print_json(_report_data(carried, text))
    else:
        _report(carried)
    if dry_run:
        if not as_json:
            print_toml(text)
        return True
    changes = session.wait(
        office.rules.import_text(
            text,
            ", ".join(map(name_of, files)),
            keep=True,
            author=session.composer.author(),
            comment="import from bitrix",
        )
    )
    tell_changes(changes)
    return True


def _report(carried: CarriedOver) -> None:
    """Tell on stderr what became of each rule."""
    for name, old_id, fate in carried.fates:
        say(f'rule "{name}" ({old_id}): {fate}')
        for remark in carried.remarks:
            if remark.old_id == old_id and remark.rule == name:
                say(f"  {remark.what}")


def _report_data(carried: CarriedOver, text: str) -> dict[str, object]:
    remarks: dict[tuple[str, str], list[str]] = {}
    for remark in carried.remarks:
        remarks.setdefault((remark.rule, remark.old_id), []).append(remark.what)
    return {
        "rules": [
            {
                "rule": name,
                "old_id": old_id,
                "outcome": str(fate),
                "remarks": remarks.get((name, old_id), []),
            }
            for name, old_id, fate in carried.fates
        ],
        "toml": text,
    }


@click.group(epilog=examples("bitrixmail rules template list"))
def template() -> None:
    """Rules for common wishes, to be filled in."""


@template.command("list", epilog=examples("bitrixmail rules template list"))
@json_option
def list_templates(as_json: bool) -> None:
    """List the templates."""
    from bitrixmail.rules.templates import load_templates  # noqa: PLC0415 - slow, see session

    found = load_templates()
    if as_json:
        print_json(found)
        return
    rows = [(each.name, each.english, each.russian) for each in found]
    table(("Template", "What it is for", "Для чего"), rows)


@template.command("show", epilog=examples("bitrixmail rules template show invoices"))
@click.argument("name")
def show_template(name: str) -> None:
    """Show a template: what it is for, what may be filled in, and its rules."""
    from bitrixmail.rules.templates import find_template  # noqa: PLC0415 - slow, see session

    found = find_template(name)
    echo(f"# {found.english}")
    echo(f"# {found.russian}")
    for slot in found.slots:
        default = "" if slot.default is None else f' (by default "{slot.default}")'
        echo(f"# {slot.name} = {slot.english} · {slot.russian}{default}")
    echo()
    print_toml(found.text)


@template.command(
    "add",
    epilog=examples(
        "bitrixmail rules template add invoices mailbox=info@example.org",
        "bitrixmail rules template add boss from=boss@example.org --dry-run",
    ),
)
@click.argument("name")
@click.argument("values", metavar="[KEY=VALUE]…", nargs=-1)
@click.option("--dry-run", is_flag=True, help="Print the rules as a file, and store nothing.")
@pass_session
def add_template(session: Session, name: str, values: tuple[str, ...], dry_run: bool) -> None:
    """Add the rules of a template to those in force, filled in as you say.

    A value with commas is a list. A rule of the same name is replaced.
    """
    from bitrixmail.rules.syntax import parse_rules  # noqa: PLC0415 - slow, see session
    from bitrixmail.rules.templates import find_template  # noqa: PLC0415 - as above

    found = find_template(name)
    text = found.filled(_pairs(values))
    where = f"template {found.name}"
    if dry_run:
        parse_rules(text, where)
        print_toml(text)
        return
    changes = session.wait(
        session.office.rules.import_text(
            text, where, keep=True, author=session.composer.author(), comment=where
        )
    )
    tell_changes(changes)


def _pairs(values: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for value in values:
        key, equals, given = value.partition("=")
        if not equals or not key:
            raise click.UsageError(f"write KEY=VALUE, not {value}")
        pairs[key] = given
    return pairs
