"""A reactor that hands events on without naming the log of each.

Twisted puts the name of a connection into a context before every event of it, for messages in the
old manner of logging, which none of our rooms writes: some three microseconds, five or ten times a
message.
"""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

from typing import Any

from twisted.internet.epollreactor import EPollReactor


def poll_directly(reactor: Any) -> None:
    """Let `reactor` hand on what epoll tells; one of another kind is left alone.

    What an event raises ends its connection and is logged, as before. May be called again.
    """
    if not isinstance(reactor, EPollReactor):
        return
    # What Twisted's own loop works with; a version that has other names keeps its own way
    poller = getattr(reactor, "_poller", None)
    selectables = getattr(reactor, "_selectables", None)
    handle = getattr(reactor, "_doReadOrWrite", None)
    if poller is None or selectables is None or handle is None:
        return

    def poll(timeout_s: float | None) -> None:
        """See EPollReactor.doPoll."""
        try:
            events = poller.poll(-1 if timeout_s is None else timeout_s, len(selectables))
        except InterruptedError:
            return
        for descriptor, event in events:
            # An event before it may have closed this one
            selectable = selectables.get(descriptor)
            if selectable is not None:
                handle(selectable, descriptor, event)

    reactor.doIteration = poll  # type: ignore[method-assign]  # as Twisted itself does
