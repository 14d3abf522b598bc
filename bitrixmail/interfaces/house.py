"""The running server as its pages are handed it: what it does, and what may be done to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.interface import Interface

if TYPE_CHECKING:
    from bitrixmail.model.house import Listening, LogLine, Reloaded, Samples, Vitals


class IHouse(Interface):
    """The server from inside. Nothing here waits for a client."""

    async def listeners() -> tuple[Listening, ...]:
        """Tell of all listeners, in the order of the settings."""

    def stop(name: str) -> None:
        """Let a listener refuse connections from now on; sessions that are open go on.

        Its socket stays bound; of a local one clients are hung up on. Raises NotFoundError.
        """

    def start(name: str) -> None:
        """Let it accept again, which needs no right that the start of the server needed.

        Raises NotFoundError; SetupError with who has taken its place meanwhile, which is told by
        `listeners` from then on.
        """

    async def vitals() -> Vitals:
        """Tell of process, data directory and certificate."""

    def reload() -> Reloaded:
        """Read the settings anew, as SIGHUP does."""

    def history(span: str) -> Samples:
        """Return what was counted in the last "hour" or "day"."""

    def totals() -> dict[str, int]:
        """Return what was counted since the start, by the keys of the history."""

    def troubles() -> tuple[LogLine, ...]:
        """Return the last warnings and errors of the log, the newest first."""
