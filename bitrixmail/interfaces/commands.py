"""Who runs programs of this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.interface import Interface

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from bitrixmail.model.command import Command, Ended


class ICommandRunner(Interface):
    """Runs programs, by their arguments and without a shell."""

    async def run(
        command: Command,
        environment: Mapping[str, str],
        read: Callable[[int, int], Awaitable[bytes]],
        size_octets: int,
    ) -> Ended:
        """Run a command; its standard input is what `read(offset, length)` gives, that long.

        A program that does not read it, or not to its end, does well. Returns when the program
        itself has ended; what it has left behind in its process group is killed then. Cancelling
        kills all of the group. Raises OSError if it can't be run at all, and what `read` raises.
        """
