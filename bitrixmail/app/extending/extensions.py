"""Extensions: found by their entry points, enabled by name, each behind a guard.

Raises InputError if one that is enabled is not there or can't be used.
"""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from zope.interface import implementer

from bitrixmail.app.extending.guard import Guard, awaited, in_reactor
from bitrixmail.app.extending.sources import Sources
from bitrixmail.app.settings.tree import Settings
from bitrixmail.interfaces.extension import IActions, IConditions, ILetter
from bitrixmail.interfaces.gate import IGate
from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.extension import GROUP, AgainError, Context, Finding, NeverError, Parts
from bitrixmail.model.text import printable

_log = Logger()
_MOST_TEXTS = 100
_MOST_CHARACTERS = 1000
_DEEPEST = 1
_SHOWN = 200
# Beyond the time of the function itself
_GRACE_S = 1.0
_END_S = 5.0
_WORST = 100


@dataclass(frozen=True, slots=True)
class _Loaded:
    """One extension in force: what it gives, and who calls it."""

    parts: Parts
    guard: Guard


@implementer(IConditions, IActions)
class Extensions:
    """All that are enabled. Made by compose for each process, lives as long as it.

    `reactor` None: there is none, as for a command; then nothing can be waited for. `tell`, which
    may be replaced, is called with a subject and a text for the owner.
    """

    def __init__(self, settings: Settings, reactor: Any) -> None:
        given = settings.extensions
        self.tell: Callable[[str, str], None] = lambda _subject, _text: None
        self._reactor = reactor
        self._condition_s = given.condition_time
        self._action_s = given.action_time
        self._sources: Sources | None = None
        self._loaded: dict[str, _Loaded] = {}
        for name in dict.fromkeys(given.enabled):
            guard = Guard(name, reactor, given.faults, given.faults_within, self._switched_off)
            self._loaded[name] = _Loaded(
                _parts_of(name, _context_of(name, settings, reactor)), guard
            )

    def _switched_off(self, subject: str, text: str) -> None:
        if self._sources is not None:
            self._reactor.callLater(0, self._sources.look)  # it may be a source that has failed
        self.tell(subject, text)

    def switch_on(self) -> None:
        """Put in force again what was switched off: its owner has reloaded the settings."""
        for each in self._loaded.values():
            if each.guard.off:
                _log.info("extension {name} is in force again", name=each.guard.name)
            each.guard.switch_on()
        if self._sources is not None:
            self._sources.look()

    @property
    def off(self) -> Mapping[str, str]:
        """Those that were switched off, and why."""
        return {name: each.guard.off for name, each in self._loaded.items() if each.guard.off}

    def run(self, gate: IGate) -> Sources:
        """Return the service of all sources, of which there is one in a server."""
        given = {name: (one.guard, one.parts.sources) for name, one in self._loaded.items()}
        self._sources = Sources(given, gate, self._reactor, self._close)
        return self._sources

    async def _close(self) -> None:
        """Close what couriers keep open."""
        for name, one in self._loaded.items():
            for part, courier in one.parts.couriers.items():
                close = getattr(courier, "close", None)
                if close is not None and not one.guard.off:
                    with suppress(LookupError, AgainError, NeverError):  # which is logged
                        await one.guard.call(f"closing {name}.{part}", close, _END_S)

    async def answer(self, name: str, letter: ILetter) -> tuple[str, ...]:
        """See IConditions."""
        one, function = self._found(name, "condition")
        what = f"the condition {name}"
        found = await one.guard.call(what, function, self._condition_s, letter)
        try:
            return texts_of(found)
        except Exception as error:  # noqa: BLE001 - a number of others may not let itself be written
            raise one.guard.note(what, error) from None

    async def act(self, name: str, letter: ILetter) -> str:
        """See IActions."""
        one, function = self._found(name, "action")
        found = await one.guard.call(
            f"the action {name}", function, self._action_s, letter, acting=True
        )
        return "" if found is None else printable(str(found), _SHOWN)

    @property
    def checks(self) -> tuple[str, ...]:
        """The names of all checks."""
        return tuple(
            f"{name}.{part}" for name, one in self._loaded.items() for part in one.parts.checks
        )

    async def testify(self, name: str, letter: ILetter) -> Finding:
        """Return what a check says. Raises LookupError as `answer` does."""
        one, function = self._found(name, "check")
        what = f"the check {name}"
        if self._reactor is None:
            found = self._at_once(what, function, letter)
        else:
            found = await one.guard.call(what, function, self._condition_s, letter)
        try:
            return finding_of(found)
        except Exception as error:  # noqa: BLE001 - as above
            raise one.guard.note(what, error) from None

    def answer_now(self, name: str, letter: ILetter) -> tuple[str, ...]:
        """Answer in the calling thread, which waits. Raises LookupError, see IConditions."""
        if self._reactor is not None and self._reactor.running:
            return self._from_thread(name, letter)
        _, function = self._found(name, "condition")
        what = f"the condition {name}"
        try:
            return texts_of(self._at_once(what, function, letter))
        except LookupError:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            raise LookupError(f"{what}: {error}") from None

    def _at_once(self, what: str, function: Callable[..., Any], letter: ILetter) -> Any:
        """Call a function where no reactor runs. Raises LookupError."""
        done: Future[Any] = Future()
        if in_reactor(function):
            # Most wait for nothing: then nobody has to
            running = Deferred.fromCoroutine(awaited(function, (letter,)))
            running.addCallbacks(done.set_result, lambda failure: done.set_exception(failure.value))
            if not done.done():
                running.cancel()
                raise LookupError(f"{what} can be asked by a running server alone")
            return self._waited(what, done, self._condition_s)

        def work() -> None:
            try:
                done.set_result(function(letter))
            except BaseException as error:  # noqa: BLE001 - whatever others' code raises
                done.set_exception(error)

        threading.Thread(target=work, name="extension", daemon=True).start()
        return self._waited(what, done, self._condition_s)

    def _from_thread(self, name: str, letter: ILetter) -> tuple[str, ...]:
        done: Future[Any] = Future()

        def ask() -> None:
            running = Deferred.fromCoroutine(self.answer(name, letter))
            running.addCallbacks(done.set_result, lambda failure: done.set_exception(failure.value))

        self._reactor.callFromThread(ask)
        waited_s = self._condition_s + _GRACE_S
        found: tuple[str, ...] = self._waited(f"the condition {name}", done, waited_s)
        return found

    @staticmethod
    def _waited(what: str, done: Future[Any], time_s: float) -> Any:
        try:
            return done.result(time_s)
        except FutureTimeoutError:
            raise LookupError(f"{what} took longer than {time_s:g} s") from None
        except LookupError:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever others' code raises
            said = f"{what} failed: {type(error).__name__}: {error}"
            raise LookupError(printable(said, _SHOWN)) from None

    def _found(self, name: str, kind: str) -> tuple[_Loaded, Callable[..., Any]]:
        extension, _, part = name.partition(".")
        one = self._loaded.get(extension)
        if one is None:
            raise LookupError(f"the extension {extension} is not in extensions.enabled")
        known = {
            "condition": one.parts.conditions,
            "action": {
                **{part: courier.deliver for part, courier in one.parts.couriers.items()},
                **one.parts.actions,
            },
            "check": one.parts.checks,
        }[kind]
        function = known.get(part)
        if function is None:
            has = ", ".join(known) or "none"
            raise LookupError(f"the extension {extension} has no {kind} {part}; it has: {has}")
        return one, function


def texts_of(found: Any, depth: int = 0) -> tuple[str, ...]:
    """Return what a condition said as texts. Raises TypeError for what can't be one.

    A list may hold lists, and those nothing but texts: else one that holds itself had no end.
    """
    if found is None:
        return ()
    if isinstance(found, bool):
        return ("yes" if found else "no",)
    if isinstance(found, str | int | float):
        return (str(found)[:_MOST_CHARACTERS],)
    if isinstance(found, list | tuple | set | frozenset):
        if depth > _DEEPEST:
            raise TypeError("it returned lists within lists within lists")
        some = list(found)[:_MOST_TEXTS]
        return tuple(text for each in some for text in texts_of(each, depth + 1))[:_MOST_TEXTS]
    raise TypeError(f"it returned {type(found).__name__}, neither text nor number, true nor false")


def finding_of(found: Any) -> Finding:
    """Return what a check found. Raises TypeError for what is neither a Finding nor a score."""
    if found is None:
        return Finding()
    if isinstance(found, int | float) and not isinstance(found, bool):
        found = Finding(found)
    if not isinstance(found, Finding) or not isinstance(found.reason, str):
        raise TypeError(f"it returned {type(found).__name__}, neither a Finding nor a score")
    score = found.score
    if score is None:
        return Finding(None, printable(found.reason, _SHOWN))
    if not math.isfinite(score) or not 0 <= score <= _WORST:
        raise TypeError(f"its score is {score}, not one of 0 to 100")
    return Finding(round(float(score), 2), printable(found.reason, _SHOWN))


def extension_faults(settings: Settings) -> Iterator[Fault]:
    """Find which of those that are enabled can't be loaded, and why."""
    for name in dict.fromkeys(settings.extensions.enabled):
        try:
            _parts_of(name, _context_of(name, settings, None))
        except InputError as error:
            yield from error.faults


def _context_of(name: str, settings: Settings, reactor: Any) -> Context:
    return Context(
        name=name,
        settings=settings.extensions.settings.get(name, {}),
        hostname=settings.server.hostname,
        data_dir=settings.data_dir,
        reactor=reactor,
    )


def _parts_of(name: str, context: Context) -> Parts:
    """Load an extension and ask for its parts. Raises InputError."""
    where = "extensions.enabled"
    installed = {each.name: each for each in entry_points(group=GROUP)}
    entry: EntryPoint | None = installed.get(name)
    if entry is None:
        has = ", ".join(sorted(installed)) or "none at all"
        what = f'there is no extension "{printable(name, 60)}"; installed: {has}'
        remedy = f"install the package that has it, or leave it out (entry points {GROUP})"
        raise InputError(Fault(where, what, remedy))
    try:
        extension = entry.load()
        if isinstance(extension, type):
            extension = extension()
        parts = extension.parts(context)
    except Exception as error:
        _log.failure("the extension {name} can't be loaded", name=name)
        said = printable(f"{type(error).__name__}: {error}", _SHOWN)
        remedy = "mend it, or leave it out"
        raise InputError(Fault(where, f'"{name}" can\'t be loaded: {said}', remedy)) from error
    if not isinstance(parts, Parts):
        what = f'"{name}" returned {type(parts).__name__}, which is not Parts'
        raise InputError(Fault(where, what, "see docs/extending.md"))
    for part, source in parts.sources.items():
        if not in_reactor(source):
            what = f'the source {part} of "{name}" would block the server'
            remedy = "make it async def, or have it return a Deferred, and say so"
            raise InputError(Fault(where, what, remedy))
    return parts
