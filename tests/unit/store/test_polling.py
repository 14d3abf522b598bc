"""Looking for another process's changes goes on, whatever one look meets."""

from __future__ import annotations

from typing import Any, cast

import pytest
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from bitrixmail.model.errors import StoreUnavailableError
from bitrixmail.store.changes import PolledChanges
from bitrixmail.store.executors import Database


class Looks:
    """What each look at the database comes to. Made by a test."""

    def __init__(self, *results: Any) -> None:
        self._results = list(results)

    def poll(self, *_args: object) -> Deferred[Any]:
        result = self._results.pop(0) if self._results else None
        return fail(result) if isinstance(result, Exception) else succeed(result)


@pytest.mark.parametrize("error", [StoreUnavailableError("full"), RuntimeError("a bug")])
def test_a_look_that_fails_is_told_once_and_is_not_the_last(
    error: Exception, nothing_lost_or_left: list[Failure]
) -> None:
    clock = Clock()
    looks = Looks(error, error, {"rules": 7})
    changes = PolledChanges(cast("Database", looks), cast("IReactorTime", clock))
    seen: list[str] = []
    changes.watch("rules", lambda: seen.append("rules"))
    changes.start()
    clock.pump([0.25] * 4)
    assert seen == ["rules"]
    changes.stop()
    assert len(nothing_lost_or_left) == isinstance(error, RuntimeError)
    nothing_lost_or_left.clear()
