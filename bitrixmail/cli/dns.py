"""The commands `dns` and `dkim`: the records of a domain, and the keys that sign its mail."""

from __future__ import annotations

from datetime import datetime

import click

from bitrixmail.cli.doctor import exit_code_of, tell_findings
from bitrixmail.cli.examples import examples
from bitrixmail.cli.language import lang_option
from bitrixmail.cli.output import echo, json_option, moment, print_json, say, table
from bitrixmail.cli.session import Session, pass_session


@click.group(epilog=examples("bitrixmail dns records example.org"))
def dns() -> None:
    """The records of a domain in the DNS."""


@dns.command("records", epilog=examples("bitrixmail dns records example.org > example.org.zone"))
@click.argument("name", metavar="DOMAIN")
@json_option
@pass_session
def show_records(session: Session, name: str, as_json: bool) -> None:
    """Print the records that a domain needs, as lines of a zone.

    MX, SPF, a DKIM key of each kind, DMARC. A domain that has no keys yet gets them.
    """
    from bitrixmail.admin.dns_records import wanted_records, zone_lines  # noqa: PLC0415 - for few

    office = session.office
    domain = session.wait(office.dkim.domain(name))
    keys = session.wait(office.dkim.ensure(domain))
    records = wanted_records(domain, office.hostname, keys, office.dkim.now())
    if as_json:
        print_json(records)
        return
    for line in zone_lines(domain, office.hostname, records):
        echo(line)
    if "." not in office.hostname:
        say(f"note: {office.hostname} is no full name: set server.hostname, as mx.{domain}")


@dns.command("check", epilog=examples("bitrixmail dns check example.org"))
@click.argument("name", metavar="DOMAIN")
@json_option
@lang_option
@pass_session
@click.pass_context
def check(
    context: click.Context, session: Session, name: str, as_json: bool, lang: str | None
) -> None:
    """Compare the records of a domain in the DNS with what they should be.

    New DKIM keys whose records are found sign from then on. Exit code 0: all is well, 1: something
    is doubtful, 2: something fails.
    """
    findings, now_signing = session.composer.check_names(session.options, name)
    tell_findings(findings, as_json=as_json, language=lang or session.composer.language())
    for selector in now_signing:
        say(f"key {selector} signs from now on")
    context.exit(exit_code_of(findings))


@click.group(epilog=examples("bitrixmail dkim rotate example.org"))
def dkim() -> None:
    """The keys that sign the mail of a domain."""


@dkim.command("list", epilog=examples("bitrixmail dkim list example.org --json"))
@click.argument("name", metavar="DOMAIN")
@json_option
@pass_session
def list_keys(session: Session, name: str, as_json: bool) -> None:
    """List the keys of a domain, the oldest first."""
    found = session.wait(session.office.dkim.list(name))
    if as_json:
        print_json(found)
        return
    rows = [
        (each.selector, each.algorithm, each.state, _time(each.active_from),
         _time(each.active_until))
        for each in found
    ]  # fmt: skip
    table(("Selector", "Algorithm", "State", "Signs from", "Until"), rows)


@dkim.command("rotate", epilog=examples("bitrixmail dkim rotate example.org"))
@click.argument("name", metavar="DOMAIN")
@pass_session
def rotate(session: Session, name: str) -> None:
    """Make new keys for a domain.

    The old ones go on signing until `dns check` has found the records of the new; their records
    stay for 30 days more, for mail that is under way.
    """
    made = session.wait(session.office.dkim.rotate(name))
    domain = made[0].domain
    say(f"domain {domain}: new keys {', '.join(key.selector for key in made)}")
    say(f"publish their records: bitrixmail dns records {domain}")
    say(f"then let them sign: bitrixmail dns check {domain}")


def _time(at: datetime | None) -> str:
    return "-" if at is None else moment(at)
