"""The rules as an operator handles them: import, export, list, and the dry run on a message."""

from __future__ import annotations

from dataclasses import dataclass, replace

from twisted.internet.interfaces import IReactorTime

from bitrixmail.admin import typed
from bitrixmail.admin.accounts import no_such_mailbox
from bitrixmail.admin.moments import typed_moment
from bitrixmail.admin.rule_notes import RuleNotes
from bitrixmail.admin.specimen import Specimen, from_file, from_store
from bitrixmail.interfaces.directory import IDirectory, IRouter
from bitrixmail.interfaces.rulebook import IRulebook
from bitrixmail.interfaces.store import IMessageStore
from bitrixmail.interfaces.threads import IThreads
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.model.address import Address
from bitrixmail.model.directory import Mailbox
from bitrixmail.model.errors import Fault, InputError, NotFoundError
from bitrixmail.model.message import INBOX
from bitrixmail.model.plan import Plan
from bitrixmail.model.rule import Rule, RuleSet
from bitrixmail.rules.engine import CompiledRules
from bitrixmail.rules.facts import Facts
from bitrixmail.rules.judging import BODY_LIMIT_OCTETS, HEAD_LIMIT_OCTETS, Judging
from bitrixmail.rules.syntax import dump_rules, parse_rules
from bitrixmail.tasks import InlineThreads, utcnow


@dataclass(frozen=True, slots=True)
class RuleChanges:
    """What an import changed, by names of rules. `notes` are no faults, but should be seen."""

    rules: RuleSet
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    notes: tuple[Fault, ...] = ()
    groups_off: tuple[str, ...] = ()
    groups_on: tuple[str, ...] = ()

    @property
    def any(self) -> bool:
        """Whether the rule set differs from the one before, if only in its order."""
        return bool(self.added or self.changed or self.removed or self.groups_off or self.groups_on)

    @property
    def empties(self) -> bool:
        """Whether no rule is left of those there were."""
        return bool(self.removed) and not self.rules.rules


def merged(old: RuleSet, new: RuleSet, *, keep: bool) -> tuple[Rule, ...]:
    """Return the rules of `new`; with `keep`, the others of `old` stand before them.

    A kept set stays in its order: a rule of a known name takes the place of the old one.
    """
    if not keep:
        return new.rules
    by_name = {rule.name: rule for rule in new.rules}
    names = {rule.name for rule in old.rules}
    replaced = tuple(by_name.get(rule.name, rule) for rule in old.rules)
    return replaced + tuple(rule for rule in new.rules if rule.name not in names)


def compared(
    old: RuleSet, rules: tuple[Rule, ...], groups_off: frozenset[str] | None = None
) -> RuleChanges:
    """Tell two rule sets apart by the names of their rules.

    `groups_off` are the groups that shall be switched off; None: those that are.
    """
    groups = {rule.group for rule in rules}
    # A group goes with its last rule.
    off = frozenset(groups & (old.groups_off if groups_off is None else groups_off))
    before = {rule.name: rule for rule in old.rules}
    after = {rule.name: rule for rule in rules}
    changed = [name for name, rule in after.items() if name in before and rule != before[name]]
    if not changed and before == after and tuple(before) != tuple(after):
        # Rules of equal `order` run as they stand in the set, so its order is a change too.
        changed = list(after)
    return RuleChanges(
        rules=replace(old, rules=rules, groups_off=off),
        added=tuple(name for name in after if name not in before),
        changed=tuple(changed),
        removed=tuple(name for name in before if name not in after),
        groups_off=tuple(sorted(off - old.groups_off)),
        groups_on=tuple(sorted((old.groups_off - off) & groups)),
    )


class Rules:
    """The use cases of rules. Made by who composes a face, lives as long as it.

    `router` tells the folder that a plus-address asks for. `judging` is that of the live run;
    messages are judged in `threads`, by default in the calling one.
    """

    def __init__(
        self,
        rulebook: IRulebook,
        directory: IDirectory,
        messages: IMessageStore,
        router: IRouter,
        *,
        clock: IReactorTime,
        judging: Judging,
        threads: IThreads | None = None,
    ) -> None:
        self._threads = threads or InlineThreads()
        self._rulebook = rulebook
        self._directory = directory
        self._messages = messages
        self._router = router
        self._clock = clock
        self._judging = judging
        self._notes = RuleNotes(directory, router, judging.allowed)

    async def current(self) -> RuleSet:
        """Return the rule set in force."""
        return await self._rulebook.current()

    async def export(self) -> str:
        """Write the rule set in force as a file."""
        return await self._threads.run(dump_rules, await self._rulebook.current())

    async def import_text(
        self, text: str, where: str, *, keep: bool, author: str, comment: str
    ) -> RuleChanges:
        """Put the rules of a file into force; the same rules again make no new version.

        With `keep` the rules that the file does not name stay. Raises InputError with every fault.
        """
        changes = await self.look_text(text, where, keep=keep)
        return await self.put(changes, author, comment)

    async def look_text(self, text: str, where: str, *, keep: bool) -> RuleChanges:
        """Tell what an import would change, and store nothing. Raises as `import_text`."""
        given = await self._threads.run(self._read, text, where)
        old = await self._replaced(keep=keep)
        groups_off = given.groups_off | (old.groups_off if keep else frozenset())
        changes = compared(old, merged(old, given, keep=keep), groups_off)
        found = await self._notes.at_import(given)
        notes = tuple(Fault(f'rule "{each.rule}"', each.what, each.remedy) for each in found)
        return replace(changes, notes=notes)

    def _read(self, text: str, where: str) -> RuleSet:
        """Read and check a file: thousands of rules take seconds."""
        given = parse_rules(text, where)
        self._judging.check(given)
        return given

    async def put(self, changes: RuleChanges, author: str, comment: str) -> RuleChanges:
        """Put what was looked at into force."""
        if not changes.any:
            return changes
        return replace(changes, rules=await self._rulebook.replace(changes.rules, author, comment))

    async def _replaced(self, *, keep: bool) -> RuleSet:
        """Return the rules in force; none if they can't be read and nothing of them is to stay."""
        try:
            return await self._rulebook.current()
        except InputError:
            if keep:
                raise
            return RuleSet()

    async def test_file(
        self,
        octets: bytes,
        mailbox: str,
        *,
        sender: str | None,
        recipient: str | None,
        at: str | None = None,
        rules: RuleSet | None = None,
    ) -> Plan:
        """Judge a message from a file for a mailbox, as if it came now or `at`; store nothing.

        `rules` are asked instead of those in force.
        """
        found = await self._mailbox(mailbox)
        specimen = self._came(await self._threads.run(from_file, octets), at)
        return await self._judge(specimen, found, sender, recipient, rules)

    async def test_stored(
        self,
        queue_id: str,
        mailbox: str,
        *,
        sender: str | None,
        recipient: str | None,
        at: str | None = None,
        rules: RuleSet | None = None,
    ) -> Plan:
        """Judge a stored message again for a mailbox, as if it came then or `at`; store nothing.

        `rules` are asked instead of those in force. Raises NotFoundError if the message was never
        seen, InputError if nobody kept it.
        """
        found = await self._mailbox(mailbox)
        specimen = await from_store(queue_id, found, self._messages)
        return await self._judge(self._came(specimen, at), found, sender, recipient, rules)

    def _came(self, specimen: Specimen, at: str | None) -> Specimen:
        """Say when a message came, if a person says so. Raises InputError."""
        if at is None:
            return specimen
        return replace(specimen, received=typed_moment(at, "--at", self._judging.timezone))

    async def _mailbox(self, address: str) -> Mailbox:
        key = typed.address_key(address, "--mailbox")
        mailbox = await self._directory.mailbox(key)
        if mailbox is None:
            raise NotFoundError(no_such_mailbox(key))
        return mailbox

    async def _judge(
        self,
        specimen: Specimen,
        mailbox: Mailbox,
        sender: str | None,
        recipient: str | None,
        instead: RuleSet | None,
    ) -> Plan:
        """Do as the pipeline does for one mailbox."""
        reverse_path = specimen.sender if sender is None else _path(sender, "--sender")
        paths = specimen.recipients or (mailbox.address,)
        if recipient is not None:
            paths = (_path(recipient, "--recipient") or mailbox.address,)
        rules = await self._rulebook.current() if instead is None else instead
        folder = await self._folder(paths[0], mailbox)
        came = replace(
            specimen,
            sender=reverse_path,
            recipients=paths,
            received=specimen.received or utcnow(self._clock),
        )
        compiled = await self._threads.run(self._judging.compile, rules)
        facts = self._judging.let_ask(_facts(came, compiled, self._judging.timezone))
        said = next(iter(await self._judging.hear(compiled, facts, [mailbox])), ())
        seen = facts.for_mailbox(mailbox.address, *paths, said=said)
        return await self._threads.run(_judged, compiled, seen, mailbox, folder)

    async def _folder(self, recipient: str, mailbox: Mailbox) -> str:
        local_part, _, domain = recipient.rpartition("@")
        route = await self._router.resolve(Address(local_part, domain))
        for target in route.targets:
            if target.mailbox.id == mailbox.id:
                return target.folder
        return INBOX


def _facts(specimen: Specimen, rules: CompiledRules, timezone: str) -> Facts:
    """Return what rules may ask of a message."""
    return Facts(
        HeaderSection.parse(specimen.octets[:HEAD_LIMIT_OCTETS]),
        sender=specimen.sender,
        size_octets=len(specimen.octets),
        octets=specimen.octets[:BODY_LIMIT_OCTETS] if rules.reads_body else None,
        received=specimen.received,
        timezone=timezone,
    )


def _judged(rules: CompiledRules, facts: Facts, mailbox: Mailbox, folder: str) -> Plan:
    """Judge a message. A body and ten thousand rules take longer than a turn of the reactor."""
    plan = rules.judge(
        facts, mailbox=mailbox.address, domain=mailbox.address.rpartition("@")[2], folder=folder
    )
    return replace(plan, trace=rules.whole(plan.trace))


def _path(given: str, where: str) -> str:
    """Return a path as an envelope has it; `<>` and nothing are the null sender."""
    text = given.strip().removeprefix("<").removesuffix(">")
    if not text:
        return ""
    local_part, at, domain = text.rpartition("@")
    if not at or not local_part:
        remedy = "write it like info@example.org, or <> for the null sender"
        raise InputError(Fault(f"{where} {text}", "is not an address", remedy))
    return f"{local_part}@{typed.domain_name(domain, where)}"
