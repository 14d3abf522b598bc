"""What rules say of addresses, list files, programs and extensions, held against what is there.

Writes nothing. What is found is no fault: an address may be made, and a file put there, later.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from bitrixmail.admin import typed
from bitrixmail.interfaces.directory import IDirectory, IRouter
from bitrixmail.mime.addresses import parse_addresses
from bitrixmail.model.address import Address
from bitrixmail.model.errors import InputError
from bitrixmail.model.route import RouteKind
from bitrixmail.model.rule import Condition, Not, Rule, RuleSet, Test
from bitrixmail.model.text import printable
from bitrixmail.model.work import plain
from bitrixmail.rules.conditions import tests_of
from bitrixmail.rules.fields import address_part, check_name, foreign_name
from bitrixmail.rules.judging import Allowed, Judging
from bitrixmail.rules.lint import NOTE, WARNING, Finding, unreadable_texts
from bitrixmail.rules.outside_hook import SECRET_PLACE, URL

_RECIPIENTS = ("recipient", "envelope_recipient")


class RuleNotes:
    """Looks rules up in the directory. Made by who handles rules, lives as long as it."""

    def __init__(
        self, directory: IDirectory, router: IRouter, allowed: Allowed | None = None
    ) -> None:
        self._allowed = allowed
        self._directory = directory
        self._router = router

    async def strangers(self, rules: RuleSet) -> tuple[Finding, ...]:
        """Name the rules that come to nothing: nobody is whom they are for, or what they name."""
        found: list[Finding] = []
        known: dict[str, bool] = {}  # ten thousand rules may name the same few
        for rule in rules.rules:
            found += await self._scope(rule)
            if self._allowed is not None:
                found += _not_allowed(rule, self._allowed)
                found += _not_at_hand(rule, self._allowed)
            for author in dict.fromkeys(_authors(rule)):
                found += await self._no_author(rule, author)
            for address in dict.fromkeys(_recipients(rule.condition)):
                if address not in known:
                    known[address] = await self._is_refused(address)
                if known[address]:
                    found.append(_nobody(rule, address))
        return tuple(found)

    async def at_import(self, rules: RuleSet) -> tuple[Finding, ...]:
        """Return what an import tells: the strangers, and words that few will read."""
        unreadable = [finding for rule in rules.rules for finding in unreadable_texts(rule)]
        return (*unreadable, *await self.strangers(rules))

    async def _scope(self, rule: Rule) -> list[Finding]:
        name, mailbox, domain = rule.name, rule.mailbox, rule.domain
        if mailbox and await self._directory.mailbox(mailbox) is None:
            alias = await self._directory.alias(mailbox)
            if alias is not None:
                return [_of_an_alias(rule, alias.targets)]
            what = f"there is no mailbox {mailbox} yet, so it never runs"
            return [Finding(name, NOTE, "no-mailbox", what, f"bitrixmail mailbox add {mailbox}")]
        if domain and await self._directory.domain(domain) is None:
            what = f"there is no domain {domain} yet, so it never runs"
            return [Finding(name, NOTE, "no-domain", what, f"bitrixmail domain add {domain}")]
        return []

    async def _no_author(self, rule: Rule, author: str) -> list[Finding]:
        """Find the address from which no mailbox of the rule may answer."""
        found = parse_addresses(author.encode(), lambda octets: octets.decode(), 1)
        address = Address.of(found[0].address if found else "")
        owners = await self._router.owners(address)
        if owners and (not rule.mailbox or Address.of(rule.mailbox).key in owners):
            return []
        whose = rule.mailbox or "any mailbox here"
        what = f"answers from {address}, which is no address of {whose}, so the answer fails"
        remedy = f"bitrixmail alias add {address} {rule.mailbox or 'TARGET'}, or leave from out"
        return [Finding(rule.name, NOTE, "no-author", what, remedy)]

    async def _is_refused(self, text: str) -> bool:
        """Tell whether an address is of a domain of ours, and nobody has it."""
        with suppress(InputError):
            key = typed.address_key(text)
            local_part, _, domain = key.rpartition("@")
            route = await self._router.resolve(Address(local_part, domain))
            if route.kind is RouteKind.UNKNOWN:
                # One that is switched off, or leads to such a one, is somebody's all the same.
                had = await self._directory.mailbox(key) or await self._directory.alias(key)
                return had is None
        return False


def _recipients(condition: Condition) -> Iterator[str]:
    """Go through the addresses one of which the condition wants the message to be sent to."""
    if isinstance(condition, Test):
        field, part = address_part(condition.field)
        if field in _RECIPIENTS and part in ("", "address") and condition.op == "equals":
            yield from condition.value
    elif not isinstance(condition, Not):
        for each in condition.parts:
            yield from _recipients(each)


def _not_allowed(rule: Rule, allowed: Allowed) -> Iterator[Finding]:
    """Find the programs and extensions that a rule names and the settings do not."""
    if not allowed.attachment_urls and any(
        dict(action.settings).get("attachments") == URL for action in rule.actions
    ):
        what = "the settings have no actions.attachment_url, so its calls wait in the queue"
        yield Finding(rule.name, NOTE, "no-attachment-url", what, "set it: docs/webhooks.md")
    commands = [action.argument for action in rule.actions if action.do == "command"]
    for name in dict.fromkeys(commands):
        if name not in allowed.commands:
            what = f"the settings have no command {printable(name)}, so it waits in the queue"
            yield Finding(rule.name, NOTE, "no-command", what, f"add [commands.{name}] to them")
    fields = [test.field for test in tests_of(rule.condition)]
    asked = [foreign_name(field) or "" for field in fields]
    asked += [name for field in fields if "." in (name := check_name(field) or "")]
    called = [action.argument for action in rule.actions if action.do == "python"]
    for name in dict.fromkeys(each.partition(".")[0] for each in asked + called if each):
        if name not in allowed.extensions:
            what = f"the extension {printable(name)} is not enabled, so it has no answer, or waits"
            yield Finding(rule.name, NOTE, "no-extension", what, "see extensions.enabled")


def _not_at_hand(rule: Rule, allowed: Allowed) -> Iterator[Finding]:
    """Find the help desks and secrets that a rule names and that are not there."""
    desks: list[str] = []
    secrets: list[str] = []
    told: list[str] = []
    for action in rule.actions:
        given = plain(action.settings)
        desks += [given["desk"]] if given.get("desk") else []
        secrets += [action.argument] if action.do == "bitrix24" else []
        secrets += [given["secret"]] if given.get("secret") else []
        for value in given.get("headers", {}).values():
            told += SECRET_PLACE.findall(value)
    for name in dict.fromkeys(desks):
        if name not in allowed.desks:
            what = f"there is no help desk {printable(name)}, so no ticket comes of it"
            yield Finding(rule.name, NOTE, "no-desk", what, "leave desk out: docs/tickets.md")
    for name in dict.fromkeys((*secrets, *told)):
        if allowed.secrets is not None and name not in allowed.secrets:
            what = f"the settings have no secret {printable(name)}, so it waits in the queue"
            yield Finding(rule.name, NOTE, "no-secret", what, "add it to actions.secrets")
    for name in dict.fromkeys(told):
        if name in allowed.portals:
            what = f"the secret {printable(name)} is an address, which no header field tells"
            yield Finding(rule.name, NOTE, "told-portal", what, 'use do = "bitrix24"')


def _authors(rule: Rule) -> Iterator[str]:
    """Go through those from whom a rule answers."""
    for action in rule.actions:
        if action.do == "reply" and "from" in (given := dict(action.settings)):
            yield str(given["from"])


def _nobody(rule: Rule, address: str) -> Finding:
    what = f"nobody has the address {address}, so its mail is refused before any rule"
    remedy = f"bitrixmail alias add {address} {rule.mailbox or 'TARGET'}"
    return Finding(rule.name, NOTE, "nobody", what, remedy)


def _of_an_alias(rule: Rule, targets: tuple[str, ...]) -> Finding:
    what = f"{rule.mailbox} is an alias of {', '.join(targets)}, so it never runs"
    condition = f'field = "envelope_recipient", op = "equals", value = "{rule.mailbox}"'
    remedy = f'write mailbox = "{targets[0]}" and a condition {condition}'
    return Finding(rule.name, NOTE, "no-mailbox", what, remedy)


def unusable_lists(rules: RuleSet, judging: Judging) -> Iterator[Finding]:
    """Find the rules that are passed over, since a list file of theirs can't be used."""
    for rule in rules.rules:
        if not rule.active or rule.group in rules.groups_off:
            continue
        try:
            replace(judging, allowed=None).check(RuleSet(rules=(rule,)))
        except InputError as error:
            for fault in error.faults:
                where = fault.where.removeprefix(f'rule "{rule.name}": ')
                what = f"is passed over: {where}: {fault.what}"
                yield Finding(rule.name, WARNING, "list-file", what, fault.remedy)
