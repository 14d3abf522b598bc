"""The first page: how the server is doing."""

from __future__ import annotations

from collections.abc import Iterator

from bitrixmail.admin.office import Office
from bitrixmail.web.visit import Page, Reply, Route, Visit


class DashboardPages:
    """Made by the site map, lives as long as it."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> Iterator[Route]:
        """Yield them."""
        yield Route("GET", "/", self.show)

    async def show(self, visit: Visit) -> Reply:  # noqa: ARG002 - every page is handed one
        """Show what there is, and how old the queue is."""
        accounts = self._office.accounts
        context = {
            "domains": await accounts.domains(),
            "mailboxes": await accounts.mailboxes(None),
            "ages": await self._office.queue.ages(),
        }
        return Page("dashboard.html", context)
