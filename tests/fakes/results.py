"""What a Deferred has come to, without waiting for it."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

T = TypeVar("T")


def begun(coroutine: Coroutine[Deferred[Any], Any, T]) -> Deferred[T]:
    """Run a coroutine up to where it waits."""
    return Deferred.fromCoroutine(coroutine)


def fired(deferred: Deferred[T]) -> T:
    """Return the result of a Deferred that has fired, or raise its error."""
    found: list[T | Failure] = []
    deferred.addBoth(found.append)
    assert found, "it has not fired"
    result = found[0]
    if isinstance(result, Failure):
        result.raiseException()
    assert not isinstance(result, Failure)
    return result
