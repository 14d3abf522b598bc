"""The checks that testify of messages, married with the stores and with extensions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from bitrixmail.app.extending.extensions import Extensions
from bitrixmail.app.settings.tree import Settings
from bitrixmail.checks.bayes import BayesCheck
from bitrixmail.checks.senders import SendersCheck
from bitrixmail.interfaces.check import ICheck, INamedChecks
from bitrixmail.interfaces.threads import IThreads
from bitrixmail.model.directory import Mailbox
from bitrixmail.model.errors import InputError
from bitrixmail.model.testimony import Testimony
from bitrixmail.pipeline.testifying import Witnesses, failed
from bitrixmail.rules.facts import Facts
from bitrixmail.rules.letter import Letter
from bitrixmail.store.opening import Stores


def witnesses_of(
    settings: Settings,
    stores: Stores,
    threads: IThreads,
    clock: IReactorTime,
    extensions: Callable[[], Extensions],
) -> Witnesses:
    """Return all checks, in the order in which they are asked.

    `extensions` loads them, if it must. It raises InputError, which is told by who is asked.
    """
    stores.counters.least = settings.spam.minimum
    checks = (
        SendersCheck(stores.senders, clock),
        BayesCheck(stores.counters, threads, settings.spam.threshold),
    )
    named = ExtensionChecks(extensions) if settings.extensions.enabled else None
    return Witnesses(checks, clock, named)


@implementer(INamedChecks)
class ExtensionChecks:
    """The checks of extensions. Made with the witnesses, lives as long as they."""

    def __init__(self, extensions: Callable[[], Extensions]) -> None:
        self._extensions = extensions

    def named(self, names: Collection[str] | None) -> Sequence[ICheck]:
        """See INamedChecks. One that there is not is named all the same, and says so."""
        if names is None:
            try:
                names = self._extensions().checks
            except InputError:
                names = (".",)
        return [_Check(name, self._extensions) for name in sorted(names) if "." in name]


@implementer(ICheck)
class _Check:
    """One check of an extension. Made for a message; asked once for all its mailboxes."""

    idle = False

    def __init__(self, name: str, extensions: Callable[[], Extensions]) -> None:
        self.name = name
        self._extensions = extensions

    async def inspect(
        self, facts: Facts, mailboxes: Sequence[Mailbox]
    ) -> Sequence[Testimony | None]:
        """See ICheck."""
        return [await self._said(facts, mailboxes)] * len(mailboxes)

    async def _said(self, facts: Facts, mailboxes: Sequence[Mailbox]) -> Testimony | None:
        letter = Letter(
            mailbox="",
            sender=facts.sender,
            recipients=tuple(mailbox.address for mailbox in mailboxes),
            size_octets=facts.size_octets,
            content=facts.octets or b"",
            folder="",
        )
        try:
            found = await self._extensions().testify(self.name, letter)
        except LookupError as error:
            return failed(self.name, str(error))
        except InputError as error:
            return failed(self.name, "; ".join(map(str, error.faults)))
        if found.score is None and not found.reason:
            return None
        return Testimony(self.name, found.score, found.reason)
