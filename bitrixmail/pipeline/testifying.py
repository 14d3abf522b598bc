"""The checks, asked one after the other what they have to say of a message."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from bitrixmail.interfaces.check import ICheck
from bitrixmail.model.directory import Mailbox
from bitrixmail.model.testimony import Testimony
from bitrixmail.rules.facts import Facts
from bitrixmail.tasks import deadline

_log = Logger()
# Far below the ten minutes that a client waits after the final dot (RFC 5321 §4.5.3.2.6).
_CHECK_S = 10.0

Said = tuple[Testimony, ...]


async def testimonies(
    checks: Sequence[ICheck], facts: Facts, mailboxes: Sequence[Mailbox], clock: IReactorTime
) -> list[Said]:
    """Return what the checks say for each mailbox, in their order. Never raises.

    One that fails, or takes too long, says so; the message goes on without it.
    """
    said: list[list[Testimony]] = [[] for _ in mailboxes]
    for check in checks:
        open_ones = [n for n, each in enumerate(said) if not (each and each[-1].final)]
        if check.idle or not open_ones:
            continue
        asked = [mailboxes[n] for n in open_ones]
        for n, testimony in zip(open_ones, await _asked(check, facts, asked, clock), strict=True):
            if testimony is not None:
                said[n].append(testimony)
    return [tuple(each) for each in said]


async def _asked(
    check: ICheck, facts: Facts, mailboxes: Sequence[Mailbox], clock: IReactorTime
) -> Sequence[Testimony | None]:
    try:
        found = await deadline(check.inspect(facts, mailboxes), _CHECK_S, clock)
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
    text = f"temperror: {check.name}: {fault}"
    return [Testimony(check.name, text=text, failed=True)] * len(mailboxes)
