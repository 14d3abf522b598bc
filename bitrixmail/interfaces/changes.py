"""News of what changed in the database, by this process or another."""

from __future__ import annotations

from collections.abc import Callable

from zope.interface import Interface


class IChanges(Interface):
    """Notices changed topics (`directory`, `rules`) within a second."""

    def watch(topic: str, changed: Callable[[], None]) -> None:
        """Call `changed` in the reactor's thread, soon after each change of the topic."""
