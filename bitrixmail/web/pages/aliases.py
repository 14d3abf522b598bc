"""Aliases: addresses whose mail goes to other addresses of this server."""

from __future__ import annotations

from collections.abc import Iterator

from bitrixmail.admin.office import Office
from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.user import Right
from bitrixmail.web.visit import Page, Redirect, Reply, Route, Visit
from bitrixmail.web.words import _

_MOST = 2000


class AliasPages:
    """Made by the site map, lives as long as it."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> Iterator[Route]:
        """Yield them."""
        yield Route("GET", "/mailboxes/aliases", self.listing)
        yield Route("POST", "/mailboxes/aliases", self.set, Right.MANAGE)
        yield Route("POST", "/mailboxes/aliases/remove", self.remove, Right.MANAGE)

    async def listing(self, visit: Visit) -> Reply:
        """List the aliases; one that is named is put into the form."""
        named = visit.asked("edit")
        found = await self._office.accounts.aliases(None)
        targets = next((each.targets for each in found if each.address == named), ())
        return await self._listing(visit, named if targets else "", "\n".join(targets), ())

    async def _listing(
        self, visit: Visit, address: str, targets: str, faults: tuple[Fault, ...]
    ) -> Page:
        text = visit.asked("q").strip().casefold()
        found = [
            alias
            for alias in await self._office.accounts.aliases(None)
            if any(text in each for each in (alias.address, *alias.targets))
        ]
        context = {
            "aliases": found[:_MOST],
            "q": visit.asked("q"),
            "address": address,
            "targets": targets,
            "faults": faults,
        }
        return Page("aliases.html", context, 400 if faults else 200)

    async def set(self, visit: Visit) -> Reply:
        """Add an alias or give one other targets."""
        address, typed = visit.given("address"), visit.given("targets")
        targets = tuple(typed.replace(",", " ").replace(";", " ").split())
        try:
            alias, new = await self._office.accounts.set_alias(address, targets)
        except InputError as error:
            return await self._listing(visit, address, typed, error.faults)
        what = "alias.add" if new else "alias.change"
        await self._record(visit, what, alias.address, ", ".join(alias.targets))
        return Redirect("/mailboxes/aliases", _("Saved."))

    async def remove(self, visit: Visit) -> Reply:
        """Remove an alias."""
        removed = await self._office.accounts.remove_alias(visit.given("address"))
        await self._record(visit, "alias.remove", removed)
        return Redirect("/mailboxes/aliases", _("The alias was removed."))

    async def _record(self, visit: Visit, what: str, target: str, detail: str = "") -> None:
        await self._office.users.record(visit.user, what, target, detail, visit.peer)
