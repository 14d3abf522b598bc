"""All pages, and what they are handed: the one list of what this room has."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources

from twisted.web.resource import IResource
from twisted.web.static import File

from bitrixmail.accounts.signing_in import SigningIn
from bitrixmail.admin.office import Office
from bitrixmail.web.menu import MENU
from bitrixmail.web.pages.dashboard import DashboardPages
from bitrixmail.web.pages.lists import ListPages
from bitrixmail.web.pages.login import LoginPages
from bitrixmail.web.pages.rules import RulePages
from bitrixmail.web.pages.rules_apply import RuleApplyPages
from bitrixmail.web.pages.rules_edit import RuleEditPages
from bitrixmail.web.pages.rules_files import RuleFilePages
from bitrixmail.web.pages.rules_history import RuleHistoryPages
from bitrixmail.web.pages.tickets import TicketPages
from bitrixmail.web.rendering import Rendering
from bitrixmail.web.routes import Site
from bitrixmail.web.visit import Route


def rendering_of(hostname: str) -> Rendering:
    """Return what writes the pages. Takes a moment: call it in a thread."""
    return Rendering({"menu": MENU, "hostname": hostname})


def site_of(rendering: Rendering, office: Office, signing_in: SigningIn) -> IResource:
    """Return the pages over the use cases."""
    site = Site(_routes(office, signing_in), signing_in, rendering)
    site.mount("/static/", _Static(str(resources.files("bitrixmail.web") / "static")))
    return site.resource


def _routes(office: Office, signing_in: SigningIn) -> Iterator[Route]:
    yield from LoginPages(signing_in, office.users).routes()
    yield from DashboardPages(office).routes()
    yield from RulePages(office).routes()
    yield from RuleEditPages(office).routes()
    yield from RuleHistoryPages(office).routes()
    yield from RuleFilePages(office).routes()
    yield from RuleApplyPages(office).routes()
    yield from TicketPages(office).routes()
    yield from ListPages(office).routes()


class _Static(File):
    """Files of the pages; what a folder holds is not listed."""

    def directoryListing(self) -> IResource:
        """See File."""
        missing: IResource = self.childNotFound
        return missing
