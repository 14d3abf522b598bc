"""The rules in force, asked for every mailbox of a message."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from itertools import repeat

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from bitrixmail.interfaces.changes import IChanges
from bitrixmail.interfaces.extension import IConditions
from bitrixmail.interfaces.rulebook import IRulebook
from bitrixmail.interfaces.threads import IThreads
from bitrixmail.model.errors import InputError, MailError
from bitrixmail.model.plan import Disposition, Plan, Trace
from bitrixmail.model.route import Target
from bitrixmail.model.rule import RuleSet
from bitrixmail.pipeline.list_files import ListFiles
from bitrixmail.pipeline.testifying import Said
from bitrixmail.rules.engine import CompiledRules
from bitrixmail.rules.facts import Facts
from bitrixmail.rules.foreign import Answer, Foreign
from bitrixmail.rules.judging import Judging
from bitrixmail.rules.letter import Letter
from bitrixmail.tasks import deadline, gather, spawn

_log = Logger()
# Far below the ten minutes that a client waits after the final dot (RFC 5321 §4.5.3.2.6).
_JUDGE_S = 60.0
# Looking into more than this would hold up the reactor.
_LARGE_OCTETS = 32 * 1024
# So would hundreds of addresses whose domains are of another alphabet.
_LARGE_HEAD_OCTETS = 8 * 1024
_HURRIED_S = 0.003
# So many questions may all have to be asked: some ten milliseconds.
_MANY = 2000
# How often the rules of a message are asked anew as extensions have answered, and how many answers
# that may be, for all mailboxes together.
_MOST_ROUNDS = 10
_MOST_ANSWERS = 100


class Judge:
    """Holds the compiled rule set. Made by compose, lives as long as the server.

    A rule set that cannot be compiled or read leaves the one before it in force. `lists` are the
    files that `judging` reads, if they can change; `extensions` are asked where rules say so.
    """

    def __init__(  # noqa: PLR0917 - TimedJudge hands them on
        self,
        rulebook: IRulebook,
        threads: IThreads,
        clock: IReactorTime,
        judging: Judging,
        lists: ListFiles | None = None,
        extensions: IConditions | None = None,
    ) -> None:
        self._rulebook = rulebook
        self._threads = threads
        self._clock = clock
        self._judging = judging
        self._lists = lists
        self._extensions = extensions
        self.timezone = judging.timezone
        self._version = 0
        self._compiled = judging.compile(RuleSet())

    @property
    def rules(self) -> CompiledRules:
        """The rules in force."""
        return self._compiled

    async def load(self) -> None:
        """Take the rule set in force from the rulebook. Raises MailError or InputError."""
        rules = await self._rulebook.current()
        compiled = await self._threads.run(self._judging.compile, rules)
        if rules.version >= self._version:  # two loads may overtake one another
            self._compiled = compiled
            self._version = rules.version
            _log.info("rules of version {version} are in force", version=rules.version)

    async def look_at_lists(self) -> None:
        """Compile the rules again if a list file has changed since they were."""
        if self._lists is not None and await self._threads.run(self._lists.changed):
            await self._reload()

    def follow(self, changes: IChanges) -> None:
        """Take each new version of the rules as soon as it is stored."""

        def changed() -> None:
            spawn(self._reload(), "loading the rules")

        changes.watch("rules", changed)

    async def _reload(self) -> None:
        try:
            await self.load()
        except (MailError, InputError) as error:
            _log.error("the new rules can't be used, the old ones stay: {error}", error=error)

    async def plans(
        self, rules: CompiledRules, facts: Facts, targets: Sequence[tuple[Target, tuple[str, ...]]]
    ) -> list[Plan]:
        """Judge a message for each (target, recipient addresses), in their order.

        A bug while judging puts the message into quarantine, with the traceback in its trace.
        """
        said: Sequence[Said] = ()
        if rules.reads_spam:
            mailboxes = [target.mailbox for target, _ in targets]
            said = await self._judging.hear(rules, facts, mailboxes)
        if rules.asks_extensions:
            return await self._with_extensions(rules, facts, targets, said)
        return await self._plans(rules, facts, targets, said)

    async def _with_extensions(
        self,
        rules: CompiledRules,
        facts: Facts,
        targets: Sequence[tuple[Target, tuple[str, ...]]],
        said: Sequence[Said],
    ) -> list[Plan]:
        """Ask the rules, then extensions what the rules wanted to know, and the rules again."""
        foreign = Foreign()
        facts.ask_extensions(foreign)
        rounds = 0
        while True:
            plans = await self._plans(rules, facts, targets, said)
            wanted = foreign.wanted
            if not wanted:
                return plans
            foreign.wanted = {}
            rounds += 1
            if rounds > _MOST_ROUNDS or len(foreign.answers) + len(wanted) > _MOST_ANSWERS:
                too_many = LookupError("extensions are asked too much about one message")
                foreign.answers |= dict.fromkeys(wanted, too_many)
                continue
            answers = await gather(
                *(self._answer(name, letter) for (name, _), letter in wanted.items())
            )
            foreign.answers |= dict(zip(wanted, answers, strict=True))

    async def _answer(self, name: str, letter: Letter) -> Answer:
        if self._extensions is None:
            return LookupError("no extension is enabled")
        try:
            return await self._extensions.answer(name, letter)
        except LookupError as error:
            return error

    async def _plans(
        self,
        rules: CompiledRules,
        facts: Facts,
        targets: Sequence[tuple[Target, tuple[str, ...]]],
        said: Sequence[Said],
    ) -> list[Plan]:
        octets = facts.octets
        much = facts.headers.end > _LARGE_HEAD_OCTETS or rules.count * len(targets) > _MANY
        if not much and (octets is None or len(octets) <= _LARGE_OCTETS):
            if not rules.needs_thread:
                return _judge_all(rules, facts, targets, said)
            # A pattern that is quickly done needs no thread, and waits for none that is not.
            facts.hurry(_HURRIED_S)
            try:
                return _judge_all(rules, facts, targets, said)
            except TimeoutError:
                facts.take_time()
        judging = self._threads.run(_judge_all, rules, facts, targets, said)
        try:
            return await deadline(judging, _JUDGE_S, self._clock)
        except TimeoutError:
            _log.error("judging a message took longer than {limit_s} s", limit_s=_JUDGE_S)
            return [quarantined(f"the rules took longer than {_JUDGE_S} s") for _ in targets]


def _judge_all(
    compiled: CompiledRules,
    facts: Facts,
    targets: Sequence[tuple[Target, tuple[str, ...]]],
    said: Sequence[Said],
) -> list[Plan]:
    return [
        _judge(compiled, facts, target, paths, each)
        for (target, paths), each in zip(targets, said or repeat(()), strict=False)
    ]


def _judge(
    compiled: CompiledRules, facts: Facts, target: Target, paths: tuple[str, ...], said: Said
) -> Plan:
    address = target.mailbox.address
    try:
        return compiled.judge(
            facts.for_mailbox(address, *paths, said=said),
            mailbox=address,
            domain=address.rpartition("@")[2],
            folder=target.folder,
        )
    except TimeoutError:
        if facts.hurried:
            raise
        return quarantined(traceback.format_exc())
    except Exception:  # noqa: BLE001 - a bug must not lose the message: it is kept and shown
        _log.failure("judging a message for {mailbox} failed", mailbox=address)
        return quarantined(traceback.format_exc())


def quarantined(note: str) -> Plan:
    """Return the plan for a message that could not be judged."""
    trace = Trace(result="kept in quarantine: it could not be judged", note=note[-8000:])
    return Plan(disposition=Disposition.QUARANTINE, trace=trace)
