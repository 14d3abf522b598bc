"""The pickup door: takes files in by the gate, each once, and removes them behind the commit.

A server that dies between the two finds the file again: what its owner has committed under its
name is not written a second time (see `IGate.open`).
"""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from bitrixmail.interfaces.gate import IGate
from bitrixmail.interfaces.maillog import IMailLog
from bitrixmail.interfaces.threads import IThreads
from bitrixmail.model.address import Address
from bitrixmail.model.errors import (
    PermanentError,
    StoreFullError,
    StoreUnavailableError,
    TemporaryError,
)
from bitrixmail.model.text import printable
from bitrixmail.pickup.bringing import DOOR, Bringing, PickupRules, Refusals
from bitrixmail.pickup.folder import BAD, MODE, REFUSED, PickupFolder, UnfitError, user_name
from bitrixmail.pickup.letter import Letter, read_letter
from bitrixmail.pickup.notices import Notices
from bitrixmail.pickup.watch import Watch, no_watch
from bitrixmail.tasks import gather, spawn, utcnow

_log = Logger()
_SEEN = 5000  # names looked at in one go
_PATIENCE_S = 300.0  # for a recipient's mailbox that is full: the others wait for it
_FIRST_WAIT_S, _LONGEST_WAIT_S = 30.0, 600.0
_PAUSE_S = 10.0
_LEFT_ALONE_S = 3600.0


@dataclass(slots=True)
class _Wait:
    """How often a message was tried in vain, and when it is tried again (seconds of the clock)."""

    due: float
    tries: int
    since: float


class PickupDoor(Service):
    """Watches the directory. Made by compose, child of the server, lives as long as it.

    `startService` makes the directory ready or raises SetupError; from `begin` on messages are
    taken in. `is_own` tells whether a domain is one of ours.
    """

    name = DOOR

    def __init__(
        self,
        *,
        folder: PickupFolder,
        gate: IGate,
        is_own: Callable[[str], Coroutine[Any, Any, bool]],
        threads: IThreads,
        maillog: IMailLog,
        clock: IReactorTime,
        rules: PickupRules,
        watch: Watch = no_watch,
    ) -> None:
        self.rules = rules
        self._folder = folder
        self._bringing = Bringing(gate, is_own, threads, rules)
        self._notices = Notices(gate, is_own, threads, rules.terms, clock)
        self._threads = threads
        self._maillog = maillog
        self._clock = clock
        self._watch = watch
        self._unwatch: Callable[[], None] | None = None
        self._loop = LoopingCall(self.wake)
        self._loop.clock = clock
        self._looking: Deferred[Any] | None = None
        self._again = False
        self._ending = False
        self._waits: dict[str, _Wait] = {}
        self._paused_until = 0.0
        self._number = 0

    def take(self, rules: PickupRules) -> None:
        """Put other rules in force for what is not read yet."""
        self.rules = self._bringing.rules = rules

    def startService(self) -> None:
        """Make the directory ready. Raises SetupError."""
        self._folder.prepare()
        if not self._folder.is_shared:
            _log.warn(
                "only user {user} may put mail into {path} (for all: chmod {mode:o} {path})",
                user=user_name(os.geteuid()), path=str(self._folder.path), mode=MODE,
            )  # fmt: skip
        super().startService()

    def begin(self) -> None:
        """Take in what is there, and from now on what comes."""
        self._unwatch = self._watch(self._folder.path, self.wake)
        interval_s = self.rules.look_s if self._unwatch is None else self.rules.watched_look_s
        self._loop.start(interval_s)

    def stopService(self) -> Deferred[Any] | None:
        """End it; the Deferred waits for the messages on their way."""
        super().stopService()
        self._ending = True
        if self._loop.running:
            self._loop.stop()
        if self._unwatch is not None:
            self._unwatch()
        return self._looking

    def wake(self) -> None:
        """Look at the directory, or once more if that is being done."""
        self._again = True
        if self._looking is None and not self._ending:
            self._looking = spawn(self._look(), "the look at the pickup directory")
            self._looking.addCallback(self._looked)

    def _looked(self, _result: object) -> None:
        self._looking = None

    async def _look(self) -> None:
        while self._again and not self._ending and self._clock.seconds() >= self._paused_until:
            self._again = False
            try:
                found = await self._threads.run(self._folder.waiting, _SEEN, self._now())
            except OSError as error:
                self._pause(f"{self._folder.path}: {error.strerror or error}")
                return
            self._forget(found)
            names = [name for name in found if self._is_due(name)]
            if not names:
                continue
            turn = iter(names)
            count = min(self.rules.at_a_time, len(names))
            await gather(*(self._take_one_by_one(turn) for _ in range(count)))
            self._again = True

    def _now(self) -> float:
        return utcnow(self._clock).timestamp()

    def _is_due(self, name: str) -> bool:
        wait = self._waits.get(name)
        return wait is None or wait.due <= self._clock.seconds()

    def _forget(self, found: Sequence[str]) -> None:
        """Keep no note of what somebody else took away."""
        if len(self._waits) > len(found):
            there = frozenset(found)
            self._waits = {name: wait for name, wait in self._waits.items() if name in there}

    def _pause(self, reason: str) -> None:
        self._paused_until = self._clock.seconds() + _PAUSE_S
        _log.warn("the pickup directory waits for {wait_s} s: {reason}",
                  reason=reason, wait_s=_PAUSE_S)  # fmt: skip

    async def _take_one_by_one(self, names: Iterator[str]) -> None:
        for name in names:
            if self._ending or self._clock.seconds() < self._paused_until:
                return
            try:
                await self._take(name)
            except Exception:  # noqa: BLE001 - a bug, or a disk: the other messages go on
                _log.failure("{name} of the pickup directory can't be taken", name=name)
                self._put_off(name, _LEFT_ALONE_S)

    async def _take(self, name: str) -> None:
        try:
            letter = await self._threads.run(
                read_letter, self._folder, name, self.rules.terms, utcnow(self._clock)
            )
        except FileNotFoundError:
            self._waits.pop(name, None)
            return
        except UnfitError as error:
            await self._unfit(name, error)
            return
        try:
            await self._bring(name, letter)
        except UnfitError as error:
            await self._unfit(name, UnfitError(str(error), letter.found.uid))
        except (StoreUnavailableError, StoreFullError) as error:
            # A notice could not be written; the message is brought again
            self._pause(error.cause or str(error.reply))
        finally:
            letter.close()

    async def _unfit(self, name: str, error: UnfitError) -> None:
        try:
            await self._notices.unfit(name, error)
        except (StoreUnavailableError, StoreFullError) as away:
            self._pause(away.cause or str(away.reply))
            return
        await self._set_aside(name, BAD, str(error))

    async def _bring(self, name: str, letter: Letter) -> None:
        try:
            refused = await self._bringing.bring(letter, patient=self._is_patient(name))
        except TemporaryError as error:
            if self._wait_for(name, letter, error):
                return
            refused = [(str(address), error.reply) for address in letter.recipients]
        except PermanentError as error:
            refused = [(str(address), error.reply) for address in letter.recipients]
        if refused:
            await self._refuse(name, letter, refused)
        else:
            await self._threads.run(self._folder.remove, name)
        self._waits.pop(name, None)

    def _is_patient(self, name: str) -> bool:
        wait = self._waits.get(name)
        return wait is None or self._clock.seconds() - wait.since < _PATIENCE_S

    def _wait_for(self, name: str, letter: Letter, error: TemporaryError) -> bool:
        """Try again later; False if it has waited too long already."""
        if isinstance(error, StoreUnavailableError | StoreFullError):
            self._pause(error.cause or str(error.reply))
            return True
        if self._now() - letter.found.at > self.rules.lifetime_s:
            return False
        tries = self._waits[name].tries if name in self._waits else 0
        self._put_off(name, min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2 ** min(tries, 10)))
        return True

    def _put_off(self, name: str, seconds: float) -> None:
        now = self._clock.seconds()
        wait = self._waits.setdefault(name, _Wait(now, 0, now))
        wait.due = now + seconds
        wait.tries += 1

    async def _refuse(self, name: str, letter: Letter, refused: Refusals) -> None:
        for recipient, reply in refused:
            self._maillog.record(
                "refused",
                session_id=letter.key,
                account=letter.user,
                sender="" if letter.sender is None else str(letter.sender),
                recipient=recipient,
                reply=str(reply),
            )
        told = await self._notices.refused(letter, await self._sent_as(letter), refused)
        lines = [f"of user {letter.user} is refused", *(f"{to}: {reply}" for to, reply in refused)]
        await self._set_aside(name, REFUSED, "\n".join(lines), told=told)

    async def _sent_as(self, letter: Letter) -> Address | None:
        try:
            return await self._bringing.sender(letter)
        except PermanentError:
            return None

    async def _set_aside(self, name: str, place: str, reason: str, *, told: bool = False) -> None:
        self._waits.pop(name, None)
        self._number += 1
        number = int(self._now() * 1000) * 1000 + self._number % 1000
        try:
            path = await self._threads.run(
                partial(self._folder.set_aside, name, place, reason, number, told=told)
            )
        except FileNotFoundError:
            return
        except OSError as error:
            # A directory of somebody else's that is not empty, or a disk that is full
            self._put_off(name, _LEFT_ALONE_S)
            path = self._folder.path / name
            reason += f"; and it can't be moved: {error.strerror or error}"
        _log.warn(
            "pickup: a file {reason}; it is now {path}",
            reason=printable(reason.replace("\n", "; "), 500),
            path=printable(str(path)),
        )
