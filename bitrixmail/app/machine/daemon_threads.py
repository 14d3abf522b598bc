"""Threads for looks that may never return: the end of the process does not wait for them."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.python.failure import Failure
from zope.interface import implementer

from bitrixmail.interfaces.threads import IThreads

P = ParamSpec("P")
T = TypeVar("T")


@implementer(IThreads)
class DaemonThreads:
    """A thread for each call; how many there are at once is the caller's to bound.

    Made by app.doctor for one examination. A disk that hangs would keep a pool from ending.
    """

    def __init__(self, reactor: IReactorFromThreads) -> None:
        self._reactor = reactor

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
        """See IThreads."""
        result: Deferred[T] = Deferred()

        def work() -> None:
            outcome: T | Failure
            try:
                outcome = function(*args, **kwargs)
            except Exception:  # noqa: BLE001 - it is handed on to whoever waits
                outcome = Failure()
            self._reactor.callFromThread(hand_over, outcome)

        def hand_over(outcome: T | Failure) -> None:
            if not result.called:
                result.callback(outcome)  # a Failure becomes an error

        threading.Thread(target=work, name="doctor", daemon=True).start()
        return result
