"""The quarantine as an operator handles it: looked through, let go, or removed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from twisted.internet.interfaces import IReactorTime

from bitrixmail.admin import typed
from bitrixmail.admin.messages import MAX_LISTED, remedied
from bitrixmail.admin.specimen import from_store
from bitrixmail.bayes.lesson import READ_OCTETS, lesson_of
from bitrixmail.interfaces.counters import ICounters
from bitrixmail.interfaces.directory import IDirectory
from bitrixmail.interfaces.quarantine import IQuarantine
from bitrixmail.interfaces.rulebook import IRulebook
from bitrixmail.interfaces.store import IMessageStore
from bitrixmail.interfaces.threads import IThreads
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.model.bayes import SITE
from bitrixmail.model.directory import Mailbox
from bitrixmail.model.errors import Fault, NotFoundError
from bitrixmail.model.job import NewJob
from bitrixmail.model.message import INBOX, QUARANTINE
from bitrixmail.model.plan import Plan
from bitrixmail.model.quarantine import Held, Release
from bitrixmail.model.route import Target
from bitrixmail.model.rule import RuleSet
from bitrixmail.model.text import printable
from bitrixmail.rules.engine import CompiledRules
from bitrixmail.rules.facts import Facts
from bitrixmail.rules.judging import BODY_LIMIT_OCTETS, HEAD_LIMIT_OCTETS, Judging
from bitrixmail.tasks import utcnow

# What would end a message: a person has decided otherwise
_ENDS = frozenset({"quarantine", "reject", "discard"})
_LEARNED_AT_ONCE = 50
_SEE = "see: bitrixmail quarantine list"
# The jobs of plans, see pipeline.acting
Jobs = Callable[
    [str, datetime, Sequence[tuple[Target, tuple[str, ...]]], Sequence[Plan]], tuple[NewJob, ...]
]


@dataclass(frozen=True, slots=True)
class Wish:
    """Which messages are meant: these, or with `mailbox` alone all of its own."""

    queue_ids: tuple[str, ...] = ()
    mailbox: str = ""


class Quarantine:
    """See the module. Made by who composes a face, lives as long as it; `judging` is the live one.

    `jobs` makes the jobs of what rules want done outside; rules are asked in `threads`.
    """

    def __init__(
        self,
        quarantine: IQuarantine,
        messages: IMessageStore,
        directory: IDirectory,
        rulebook: IRulebook,
        counters: ICounters,
        *,
        clock: IReactorTime,
        judging: Judging,
        jobs: Jobs,
        threads: IThreads,
    ) -> None:
        self._quarantine = quarantine
        self._messages = messages
        self._directory = directory
        self._rulebook = rulebook
        self._counters = counters
        self._clock = clock
        self._judging = judging
        self._jobs = jobs
        self._threads = threads

    async def listing(
        self, mailbox: str, limit: int, behind: tuple[datetime, int] | None = None
    ) -> tuple[Held, ...]:
        """List what is held, of one mailbox or of all, newest first; `behind`: see IQuarantine."""
        return await self._quarantine.listing(_key(mailbox), "", min(limit, MAX_LISTED), behind)

    async def chosen(self, wish: Wish) -> tuple[Held, ...]:
        """Return the messages that are meant. Raises NotFoundError for one that is not held."""
        key = _key(wish.mailbox)
        if not wish.queue_ids:
            return await self._quarantine.listing(key, "", MAX_LISTED)
        found: list[Held] = []
        for queue_id in wish.queue_ids:
            held = await self._quarantine.listing(key, queue_id, MAX_LISTED)
            if not held:
                whose = f" of {key}" if key else ""
                what = f"is not in the quarantine{whose}"
                raise NotFoundError(Fault(printable(queue_id), what, _SEE))
            found += held
        return tuple(found)

    async def release(self, chosen: Sequence[Held], *, act: bool, learn: bool) -> int:
        """Let messages go into INBOX, and have the filter learn that they are no spam.

        `act`: the rules sort each as if it had come now and none had kept it back, and what they
        want done outside is done. Returns how many were let go.
        """
        rules = self._judging.compile(without_ends(await self._rulebook.current()))
        releases = [
            await self._sorted(held, rules) if act else Release(held.place_id, INBOX)
            for held in chosen
        ]
        count = await self._quarantine.release(releases)
        queue_ids = list(dict.fromkeys(held.queue_id for held in chosen)) if learn else []
        for start in range(0, len(queue_ids), _LEARNED_AT_ONCE):
            part = queue_ids[start : start + _LEARNED_AT_ONCE]
            octets = [(await self._messages.export(each))[:READ_OCTETS] for each in part]
            await self._counters.learn(SITE, [lesson_of(each, spam=False) for each in octets])
        return count

    async def delete(self, chosen: Sequence[Held]) -> int:
        """Remove messages for good; return how many there still were."""
        return await self._quarantine.delete([held.place_id for held in chosen])

    async def _sorted(self, held: Held, rules: CompiledRules) -> Release:
        """Ask the rules where a message belongs, and what is to be done."""
        mailbox = await self._directory.mailbox(held.mailbox)
        if mailbox is None:
            return Release(held.place_id, INBOX)
        plan = await self._plan(held, mailbox, rules)
        target = Target(mailbox)
        now = utcnow(self._clock)
        jobs = self._jobs(held.queue_id, now, [(target, held.recipients)], [plan])
        folder = INBOX if plan.folder == QUARANTINE else plan.folder
        why = plan.trace.result
        return Release(held.place_id, folder, plan.flags, plan.tags, jobs, why)

    async def _plan(self, held: Held, mailbox: Mailbox, rules: CompiledRules) -> Plan:
        with remedied(_SEE):
            specimen = await from_store(held.queue_id, mailbox, self._messages)
        facts = Facts(
            HeaderSection.parse(specimen.octets[:HEAD_LIMIT_OCTETS]),
            sender=specimen.sender,
            size_octets=len(specimen.octets),
            octets=specimen.octets[:BODY_LIMIT_OCTETS],
            received=specimen.received,
            now=utcnow(self._clock),
            timezone=self._judging.timezone,
        )
        self._judging.let_ask(facts)
        said = next(iter(await self._judging.hear(rules, facts, [mailbox])), ())
        # In a thread, as everywhere: a condition may ask an extension, and wait for it
        return await self._threads.run(
            rules.judge,
            facts.for_mailbox(mailbox.address, *held.recipients, said=said),
            mailbox=mailbox.address,
            domain=mailbox.address.rpartition("@")[2],
        )


def without_ends(rules: RuleSet) -> RuleSet:
    """Return rules that do all they do, but for keeping messages back."""
    return replace(
        rules,
        rules=tuple(
            replace(rule, actions=kept)
            for rule in rules.rules
            if (kept := tuple(each for each in rule.actions if each.do not in _ENDS))
            or (rule.stop and not rule.actions)
        ),
    )


def _key(mailbox: str) -> str:
    return typed.address_key(mailbox, "--mailbox") if mailbox else ""
