"""Work that must not run in the reactor's thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from twisted.internet.defer import Deferred
from zope.interface import Interface

P = ParamSpec("P")
T = TypeVar("T")


class IThreads(Interface):
    """A bounded pool of threads."""

    def run(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
        """Call `function` in a thread; its result or error comes back in the reactor's thread."""
