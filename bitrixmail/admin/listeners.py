"""Starting and stopping listeners of the running server."""

from __future__ import annotations

from contextlib import suppress

from bitrixmail.interfaces.house import IHouse
from bitrixmail.model.errors import Fault, InputError, NotFoundError, SetupError
from bitrixmail.model.house import ListenerState, Listening
from bitrixmail.model.text import printable


class Listeners:
    """The use cases of listeners. Made by who composes a face of a running server.

    Each returns the listener as it is afterwards, which is the true result.
    """

    def __init__(self, house: IHouse) -> None:
        self._house = house

    async def listing(self) -> tuple[Listening, ...]:
        """Tell of all listeners."""
        return await self._house.listeners()

    async def find(self, name: str) -> Listening:
        """Return one. Raises NotFoundError."""
        for listener in await self._house.listeners():
            if listener.name == name:
                return listener
        raise NotFoundError(Fault(f"listener {printable(name, 80)}", "there is none of that name"))

    async def stop(self, name: str) -> Listening:
        """Let it refuse connections. Raises InputError for one of the pages, NotFoundError."""
        if (await self.find(name)).of_pages:
            raise InputError(
                Fault(
                    f"listener {printable(name, 80)}",
                    "is that of these pages: nobody could start it here again",
                    "take it out of the settings and restart the server",
                )
            )
        self._house.stop(name)
        return await self.find(name)

    async def start(self, name: str) -> Listening:
        """Let it accept again; a place taken meanwhile is told by its state. NotFoundError."""
        await self.find(name)
        with suppress(SetupError):  # the listener tells it
            self._house.start(name)
        return await self.find(name)

    async def restart(self, name: str) -> Listening:
        """Stop it and start it again: sessions go on, who waits to be greeted tries anew."""
        await self.find(name)
        self._house.stop(name)
        return await self.start(name)


def deed_of(found: Listening, what: str) -> str:
    """Return what the audit log calls it: "start", "stop" or "restart", or that no start came."""
    failed = found.state is ListenerState.FAILED
    return "listener.start_failed" if failed else f"listener.{what}"
