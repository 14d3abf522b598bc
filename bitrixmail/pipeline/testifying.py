"""The checks, asked one after the other what they have to say of a message."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from bitrixmail.interfaces.check import ICheck, INamedChecks, IWitnesses
from bitrixmail.model.directory import Mailbox
from bitrixmail.model.testimony import Testimony
from bitrixmail.rules.facts import Facts
from bitrixmail.tasks import deadline, gather

_log = Logger()
# Far below the ten minutes that a client waits after the final dot (RFC 5321 §4.5.3.2.6).
_CHECK_S = 10.0

Said = tuple[Testimony, ...]


@implementer(IWitnesses)
class Witnesses:
    """See IWitnesses. Made by compose, lives as long as the server.

    Of `checks` each is asked unless one before it had the final word; `named` testify apart.
    """

    def __init__(
        self,
        checks: Sequence[ICheck],
        clock: IReactorTime,
        named: INamedChecks | None = None,
    ) -> None:
        self._checks = checks
        self._clock = clock
        self._named = named

    async def hear(
        self,
        wanted: Sequence[Collection[str]] | None,
        facts: Facts,
        mailboxes: Sequence[Mailbox],
    ) -> Sequence[Said]:
        """See IWitnesses."""
        checks = [check for check in self._checks if not check.idle]
        names = None if wanted is None else frozenset[str]().union(*wanted)
        named = () if self._named is None else self._named.named(names)
        if not checks and not named:
            return ()
        said: list[list[Testimony]] = [[] for _ in mailboxes]
        for check in checks:
            open_ones = [
                n for n, each in enumerate(said) if wanted is None or not (each and each[-1].final)
            ]
            await self._note(check, facts, mailboxes, open_ones, said)
        # None of these can keep the others waiting longer than the slowest may take
        own: list[list[Testimony]] = [[] for _ in mailboxes]
        await gather(
            *(
                self._note(
                    check,
                    facts,
                    mailboxes,
                    [n for n in range(len(mailboxes)) if wanted is None or check.name in wanted[n]],
                    own,
                )
                for check in named
            )
        )
        for each, more in zip(said, own, strict=True):
            more.sort(key=lambda testimony: testimony.check)
            each += [replace(testimony, apart=True) for testimony in more]
        return [tuple(each) for each in said]

    async def _note(
        self,
        check: ICheck,
        facts: Facts,
        mailboxes: Sequence[Mailbox],
        whose: Sequence[int],
        said: Sequence[list[Testimony]],
    ) -> None:
        """Ask a check for some of the mailboxes."""
        if not whose:
            return
        found = await self._asked(check, facts, [mailboxes[n] for n in whose])
        for n, testimony in zip(whose, found, strict=True):
            if testimony is not None:
                said[n].append(testimony)

    async def _asked(
        self, check: ICheck, facts: Facts, mailboxes: Sequence[Mailbox]
    ) -> Sequence[Testimony | None]:
        try:
            found = await deadline(check.inspect(facts, mailboxes), _CHECK_S, self._clock)
            if len(found) == len(mailboxes):
                return found
            fault = f"{len(found)} answers for {len(mailboxes)} mailboxes"
        except TimeoutError:
            _log.error(
                "the check {name} took longer than {limit_s} s", name=check.name, limit_s=_CHECK_S
            )
            fault = f"longer than {_CHECK_S:g} s"
        except Exception as error:  # noqa: BLE001 - no check may keep a message from its mailbox
            _log.failure("the check {name} failed", name=check.name)
            fault = type(error).__name__
        return [failed(check.name, f"{check.name}: {fault}")] * len(mailboxes)


def failed(name: str, why: str) -> Testimony:
    """Return the testimony of a check that could not be asked."""
    return Testimony(name, text=f"temperror: {why}", failed=True)
