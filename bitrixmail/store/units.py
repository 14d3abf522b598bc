"""What goes through the writer: an item with its batch function, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection
from twisted.internet.defer import Deferred

from bitrixmail.model.errors import TemporaryError

Item = TypeVar("Item")
R = TypeVar("R")
BatchFunction = Callable[[Connection, Sequence[Item]], Sequence[R]]


class Commit(Deferred[R]):
    """The result of something handed to the writer. Cancelling has no effect: it may be kept."""

    def cancel(self) -> None:
        """Do nothing: what is behind the durable line is not taken back."""


class Unit(Generic[Item, R]):
    """One item on its way through the writer. Made by a write, ends when its Deferred fires."""

    __slots__ = ("batch", "done", "error", "item", "result")

    def __init__(self, batch: BatchFunction[Item, R], item: Item) -> None:
        self.batch = batch
        self.item = item
        self.done: Commit[R] = Commit()
        self.result: R | None = None
        self.error: Exception | None = None

    def fire(self) -> None:
        """Tell whoever waits."""
        if self.error is not None:
            self.done.errback(self.error)
        else:
            self.done.callback(self.result)  # type: ignore[arg-type]  # R may be None


class Outcomes:
    """How many writes have failed, for want of a disk or a lock, since the last that did not.

    Made by an executor, for its writer.
    """

    __slots__ = ("cause", "failed")

    def __init__(self) -> None:
        self.failed = 0
        self.cause = ""

    def take(self, group: Sequence[Unit[Any, Any]]) -> None:
        """Take note of a group that was written."""
        for unit in group:
            error = unit.error
            if error is None:
                self.failed = 0
            elif isinstance(error, TemporaryError):
                self.failed += 1
                self.cause = error.reply.text
