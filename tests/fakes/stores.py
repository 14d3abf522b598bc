"""The real stores on SQLite, all in the calling thread, in a folder of the test's."""

from __future__ import annotations

from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar, cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock

from bitrixmail.store.opening import InlineStores, done, inline_stores

T = TypeVar("T")


def result_of(coroutine: Coroutine[Deferred[Any], Any, T]) -> T:
    """Return what a coroutine gives at once, or raise its error; fail if it waits."""
    return cast("T", done(coroutine))


def make_stores(folder: Path, clock: Clock | None = None) -> InlineStores:
    """Make stores in `folder`, not yet open; by default it is the year 2027."""
    if clock is None:
        clock = Clock()
        clock.advance(1_800_000_000)
    url = f"sqlite:///{folder / 'mail.sqlite'}"
    return inline_stores(url, folder / "data", cast("IReactorTime", clock))
