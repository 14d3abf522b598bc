"""The server itself: its listeners to stop and start, the process, the settings to read anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bitrixmail.admin.findings.russian import in_russian
from bitrixmail.admin.listeners import deed_of
from bitrixmail.admin.office import Office
from bitrixmail.admin.upkeep import Upkeep
from bitrixmail.model.house import ListenerState, Listening
from bitrixmail.model.user import Right
from bitrixmail.web.visit import Page, Redirect, Reply, Route, Visit
from bitrixmail.web.words import _

_PATH = "/server"


class ServerPages:
    """Made by the site map, lives as long as it."""

    def __init__(self, office: Office, upkeep: Upkeep) -> None:
        self._office = office
        self._upkeep = upkeep

    def routes(self) -> Iterator[Route]:
        """Yield them."""
        yield Route("GET", _PATH, self.show)
        yield Route("POST", "/server/stop", self.stop, needs=Right.GOVERN)
        yield Route("POST", "/server/start", self.start, needs=Right.GOVERN)
        yield Route("POST", "/server/restart", self.restart, needs=Right.GOVERN)
        yield Route("POST", "/server/reload", self.reload, needs=Right.GOVERN)

    async def show(self, visit: Visit) -> Reply:
        """Show all there is."""
        return await self._page(visit)

    async def _page(self, visit: Visit, **more: object) -> Page:
        found = await self._upkeep.listeners.listing()
        context: dict[str, object] = {
            "listeners": tuple(told_in(listener, visit.language) for listener in found),
            "vitals": await self._upkeep.house.vitals(),
            "right": Right,
            "reloaded": None,
        }
        return Page("server.html", context | more)

    async def stop(self, visit: Visit) -> Reply:
        """Let a listener refuse connections."""
        found = await self._upkeep.listeners.stop(visit.given("name"))
        await self._record(visit, "listener.stop", found)
        return Redirect(_PATH, _("It refuses connections now. Sessions that are open go on."))

    async def start(self, visit: Visit) -> Reply:
        """Let it accept again."""
        found = await self._upkeep.listeners.start(visit.given("name"))
        await self._record(visit, deed_of(found, "start"), found)
        return self._started(found)

    async def restart(self, visit: Visit) -> Reply:
        """Do one behind the other."""
        found = await self._upkeep.listeners.restart(visit.given("name"))
        await self._record(visit, deed_of(found, "restart"), found)
        return self._started(found)

    def _started(self, found: Listening) -> Redirect:
        if found.state is ListenerState.LISTENING:
            return Redirect(_PATH, _("It accepts connections."))
        return Redirect(_PATH, _("It could not be started; below stands why."), failed=True)

    async def reload(self, visit: Visit) -> Reply:
        """Read the settings anew, and show what came of it."""
        reloaded = self._upkeep.house.reload()
        detail = "; ".join(map(str, reloaded.faults)) or ", ".join(reloaded.changed)
        await self._office.users.record(visit.user, "settings.reload", "", detail, visit.peer)
        return await self._page(visit, reloaded=reloaded)

    async def _record(self, visit: Visit, what: str, found: Listening) -> None:
        """Write down who did it and what came of it."""
        detail = found.problem or found.state.value
        await self._office.users.record(visit.user, what, found.name, detail, visit.peer)


def told_in(listener: Listening, language: str) -> Listening:
    """Say why a listener failed in the language of who reads."""
    if language != "ru" or not listener.problem:
        return listener
    remedies = tuple(map(in_russian, listener.remedies))
    return replace(listener, problem=in_russian(listener.problem), remedies=remedies)
