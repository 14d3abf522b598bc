"""The sources of extensions: they run as long as the server, and bring messages in by the gate."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred, DeferredSemaphore
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from zope.interface import implementer

from bitrixmail.app.extending.guard import Guard
from bitrixmail.interfaces.extension import IIntake
from bitrixmail.interfaces.gate import IGate
from bitrixmail.model.address import Address
from bitrixmail.model.errors import MailError
from bitrixmail.model.extension import AgainError, NeverError
from bitrixmail.model.reply import Reply
from bitrixmail.outbound.entering import bring
from bitrixmail.rules.outside import one_address
from bitrixmail.tasks import deadline

_log = Logger()
# One that has failed is begun anew after this
_PAUSE_S = 30.0
# So long one may take to end, when it is told to
_END_S = 5.0
# Messages that a source hands in at the same time; the next one waits
_MOST_AT_ONCE = 10
_TEMPORARY = 4
_ACCEPTED = 2
_BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")

# The guard of an extension, and its sources by their names
Guarded = tuple[Guard, Mapping[str, Callable[..., Any]]]


@implementer(IIntake)
class Intake:
    """See IIntake. Made for each source, lives as long as it. `name` is "EXTENSION.SOURCE"."""

    def __init__(self, name: str, gate: IGate) -> None:
        self._name = name
        self._gate = gate
        self._turns = DeferredSemaphore(_MOST_AT_ONCE)

    async def bring(
        self, content: bytes, recipient: str, *, sender: str = "", once: str = ""
    ) -> str:
        """See IIntake."""
        try:
            to = Address.of(one_address(recipient))
            by = Address.of(one_address(sender)) if sender else None
        except ValueError as error:
            raise NeverError(f"an address {error}") from None
        await self._turns.acquire()
        try:
            reply = await bring(
                self._gate,
                _BARE.sub(b"\r\n", content),
                to,
                about=self._name,
                once=f"source:{self._name}:{once}" if once else "",
                sender=by,
                door="source",
            )
        except MailError as error:
            reply = error.reply
        finally:
            self._turns.release()
        return _accepted(reply)


def _accepted(reply: Reply) -> str:
    if reply.code // 100 == _ACCEPTED:
        return str(reply)
    raise (AgainError if reply.code // 100 == _TEMPORARY else NeverError)(str(reply))


class Sources(Service):
    """See the module. Child of the server, lives as long as it; begun once the store is open.

    `given` are the guard and the sources of each extension, by its name. A source that fails is
    begun anew a while later, until its extension is switched off. `close` is called at the end.
    """

    name = "sources"

    def __init__(
        self,
        given: Mapping[str, Guarded],
        gate: IGate,
        clock: IReactorTime,
        close: Callable[[], Coroutine[Deferred[Any], Any, None]],
    ) -> None:
        self._close = close
        self._given = given
        self._gate = gate
        self._clock = clock
        self._begun = False
        self._running: dict[str, Deferred[None]] = {}

    def begin(self) -> None:
        """Start them."""
        self._begun = True
        self.look()

    def look(self) -> None:
        """Start those that are in force and do not run; stop those that were switched off."""
        for extension, (guard, sources) in self._given.items():
            for part, function in sources.items():
                name = f"{extension}.{part}"
                if guard.off or not self._begun:
                    if name in self._running:
                        self._running[name].cancel()
                elif name not in self._running:
                    self._start(name, guard, function)

    def _start(self, name: str, guard: Guard, function: Callable[..., Any]) -> None:
        running = self._running[name] = Deferred.fromCoroutine(self._kept(name, guard, function))

        def ended(result: Any) -> None:
            self._running.pop(name, None)
            if not result.check(CancelledError):
                _log.failure("the source {name} is left out", failure=result, name=name)

        running.addCallbacks(lambda _: self._running.pop(name, None), ended)

    async def _kept(self, name: str, guard: Guard, function: Callable[..., Any]) -> None:
        """Run a source until it ends by itself; one that fails again and again."""
        what = f"the source {name}"
        while not guard.off:
            try:
                await function(Intake(name, self._gate))
            except CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever others' code raises
                _log.failure("{what} failed", what=what)
                guard.note(what, error)
            else:
                _log.info("{what} has ended", what=what)
                return
            await deferLater(self._clock, _PAUSE_S)

    def stopService(self) -> Deferred[None]:
        """Tell them to end, and wait a little for them."""
        super().stopService()
        self._begun = False
        running = list(self._running.items())
        return Deferred.fromCoroutine(self._end(running))

    async def _end(self, running: list[tuple[str, Deferred[None]]]) -> None:
        ends: list[tuple[str, Deferred[None]]] = []
        for name, each in running:
            end: Deferred[None] = Deferred()  # which ends, also if the source never does
            each.addBoth(partial(_fire, end))
            each.cancel()
            ends.append((name, end))
        for name, end in ends:
            try:
                await deadline(end, _END_S, self._clock)
            except TimeoutError:
                _log.warn("the source {name} does not end, and is left alone", name=name)
        await self._close()


def _fire(end: Deferred[None], _result: object) -> None:
    if not end.called:
        end.callback(None)
