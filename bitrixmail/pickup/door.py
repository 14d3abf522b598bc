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
from bitrixmail.pickup.bringing import DOOR, Allowance, Bringing, PickupRules, Refusals, Spent
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
_MOST_NOTED = 100_000  # files that wait for something, of some 300 octets each


@dataclass(slots=True)
class _Wait:
    """How often a message was tried in vain, and when it is tried again (seconds of the clock).

    `user`: whose allowance it waits for, if it does.
    """

    due: float
    tries: int
    since: float
    user: str = ""


class PickupDoor(Service):
    """Watches the directory. Made by compose, child of the server, lives as long as it.

    `startService` makes the directory ready or raises SetupError; from `begin` on messages are
    taken in. `is_own` tells whether a domain is one of ours. What a user hands over beyond his
    allowance waits where it lies.
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
        allowance: Allowance | None = None,
    ) -> None:
        self.rules = rules
        self._allowance = allowance
        # user -> until when nothing of his is taken
        self._closed: dict[str, float] = {}
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
                passed_over = {name for name in self._waits if not self._is_due(name)}
                found = await self._threads.run(
                    self._folder.waiting, _SEEN, self._now(), passed_over
                )
            except OSError as error:
                self._pause(f"{self._folder.path}: {error.strerror or error}")
                return
            if self._waits and len(found) < _SEEN:
                self._forget(found)
            if not found:
                continue
            turn = iter(found)
            count = min(self.rules.at_a_time, len(found))
            await gather(*(self._take_one_by_one(turn) for _ in range(count)))
            self._again = True
            if len(self._waits) >= _MOST_NOTED:  # what can't be noted would be read again at once
                self._pause(f"{len(self._waits)} files wait there")

    def _now(self) -> float:
        return utcnow(self._clock).timestamp()

    def _is_due(self, name: str) -> bool:
        wait, now = self._waits.get(name), self._clock.seconds()
        return wait is None or (wait.due <= now and self._closed.get(wait.user, 0.0) <= now)

    def _forget(self, found: Sequence[str]) -> None:
        """Keep no note of what somebody else took away."""
        there = frozenset(found)
        self._waits = {
            name: wait
            for name, wait in self._waits.items()
            if name in there or not self._is_due(name)
        }

    def _pause(self, reason: str) -> None:
        self._paused_until = self._clock.seconds() + _PAUSE_S
        _log.warn("the pickup directory waits for {wait_s} s: {reason}",
                  reason=reason, wait_s=_PAUSE_S)  # fmt: skip

    async def _take_one_by_one(self, names: Iterator[str]) -> None:
        for name in names:
            if self._ending or self._clock.seconds() < self._paused_until:
                return
            if not self._is_due(name):  # its user's allowance has just been used up
                continue
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
        spent = self._spent(letter)
        if spent is not None:
            if not self._is_old(letter):
                self._close(name, letter.user, spent)
                return
            refused = [(str(address), spent.reply) for address in letter.recipients]
        else:
            try:
                refused = await self._bringing.bring(letter, patient=self._is_patient(name))
            except TemporaryError as error:
                if self._wait_for(name, letter, error):
                    return
                refused = [(str(address), error.reply) for address in letter.recipients]
            except PermanentError as error:
                refused = [(str(address), error.reply) for address in letter.recipients]
            if self._allowance is not None:
                self._allowance.count(letter.user, len(letter.recipients))
        if refused:
            await self._refuse(name, letter, refused)
        else:
            await self._threads.run(self._folder.remove, name)
        self._waits.pop(name, None)

    def _spent(self, letter: Letter) -> Spent | None:
        if self._allowance is None or letter.found.uid in self.rules.trusted_uids:
            return None
        return self._allowance.spent(letter.user)

    def _close(self, name: str, user: str, spent: Spent) -> None:
        """Leave what a user has put there until he may hand over more; tell it once."""
        now = self._clock.seconds()
        if self._closed.get(user, 0.0) <= now:
            _log.warn("pickup: {reply}: the mail of user {user} waits in the directory until then"
                      " (limits: [pickup])", reply=spent.reply.text, user=user)  # fmt: skip
        self._closed[user] = spent.until
        wait = self._noted(name)
        wait.user, wait.since = user, spent.until

    def _noted(self, name: str) -> _Wait:
        now = self._clock.seconds()
        wait = self._waits.get(name) or _Wait(now, 0, now)
        if len(self._waits) < _MOST_NOTED:
            self._waits[name] = wait
        return wait

    def _is_old(self, letter: Letter) -> bool:
        return self._now() - letter.found.at > self.rules.lifetime_s

    def _is_patient(self, name: str) -> bool:
        wait = self._waits.get(name)
        return wait is None or self._clock.seconds() - wait.since < _PATIENCE_S

    def _wait_for(self, name: str, letter: Letter, error: TemporaryError) -> bool:
        """Try again later; False if it has waited too long already."""
        if isinstance(error, StoreUnavailableError | StoreFullError):
            self._pause(error.cause or str(error.reply))
            return True
        if self._is_old(letter):
            return False
        tries = self._waits[name].tries if name in self._waits else 0
        self._put_off(name, min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2 ** min(tries, 10)))
        return True

    def _put_off(self, name: str, seconds: float) -> None:
        wait = self._noted(name)
        wait.due = self._clock.seconds() + seconds
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
