"""How rules are run: what the live run and a dry one must have alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bitrixmail.interfaces.check import IWitnesses
from bitrixmail.model.directory import Mailbox
from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.rule import Rule, RuleSet
from bitrixmail.model.testimony import Testimony
from bitrixmail.rules.engine import CompiledRules, rule_faults
from bitrixmail.rules.facts import Facts
from bitrixmail.rules.foreign import Ask, Foreign
from bitrixmail.rules.lists import Lists, no_lists
from bitrixmail.rules.outside_hook import URL
from bitrixmail.rules.words import Complaint, place_of

# The part of a header section that rules see; RFC 5322 sets no limit, senders of junk know none.
HEAD_LIMIT_OCTETS = 100 * 1024
# The part of a message that rules on bodies and attachments see.
BODY_LIMIT_OCTETS = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Allowed:
    """What the settings allow rules to name: commands, extensions, and links to attachments.

    `secrets` are those that there are, None if that is not known; `portals` those of them that are
    known to be addresses; `desks` the help desks beside the one inside.
    """

    commands: frozenset[str] = frozenset()
    extensions: frozenset[str] = frozenset()
    attachment_urls: bool = True
    secrets: frozenset[str] | None = None
    portals: frozenset[str] = frozenset()
    desks: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Judging:
    """Made by who composes, shared by all who judge.

    `time_limit_s` bounds each test by a regular expression. `timezone` is meant where a rule names
    none. `lists` reads list files, `ask` asks extensions, in the thread that judges. `allowed`
    None: that is not known. `witnesses` are the checks.
    """

    time_limit_s: float = 0.1
    timezone: str = "UTC"
    lists: Lists = no_lists
    ask: Ask | None = None
    allowed: Allowed | None = None
    witnesses: IWitnesses | None = None

    def compile(self, rules: RuleSet) -> CompiledRules:
        """Make rules ready. Raises InputError with every fault of every rule.

        What is wrong with a list file is no fault here: its rule is passed over, and says why.
        """
        return CompiledRules.compile(rules, self.time_limit_s, lists=self.lists)

    def check(self, rules: RuleSet) -> None:
        """Raise InputError with every fault of every rule and of the list files they name."""
        faults = [fault for rule in rules.rules for fault in rule_faults(rule, lists=self.lists)]
        if self.allowed is not None and not self.allowed.attachment_urls:
            faults += [fault for rule in rules.rules for fault in _unserved(rule)]
        if faults:
            raise InputError(*faults)

    async def hear(
        self,
        rules: CompiledRules,
        facts: Facts,
        mailboxes: Sequence[Mailbox],
        occasion: str = "receive",
    ) -> Sequence[tuple[Testimony, ...]]:
        """Return what checks say for each mailbox; nothing if no rule wants to know. Never raises.

        `facts` have the content at hand. Called in the reactor's thread, if there is one.
        """
        if self.witnesses is None or not rules.reads_spam:
            return ()
        wanted = [rules.checks_for(mailbox.address, occasion) for mailbox in mailboxes]
        return await self.witnesses.hear(wanted, facts, mailboxes)

    def let_ask(self, facts: Facts) -> Facts:
        """Let the rules ask extensions about a message that was stored before; return the facts."""
        if self.ask is not None:
            facts.ask_extensions(Foreign(self.ask))
        return facts


def _unserved(rule: Rule) -> Iterator[Fault]:
    """Find the actions that tell of links to attachments, where nothing serves them."""
    for number, action in enumerate(rule.actions, 1):
        if action.do == "webhook" and dict(action.settings).get("attachments") == URL:
            remedy = "set it, and listen.attachments, in the settings: docs/webhooks.md"
            what = 'is "url", and the settings have no actions.attachment_url'
            where = f"action {number}: attachments"
            yield Complaint(where, what, remedy).fault(place_of(rule.name))
