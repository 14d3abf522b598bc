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
from bitrixmail.web.pages.log import LogPages
from bitrixmail.web.pages.login import LoginPages
from bitrixmail.web.pages.message import MessagePages
from bitrixmail.web.pages.messages import MessagesPages
from bitrixmail.web.pages.quarantine import QuarantinePages
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
    yield from MessagesPages(office).routes()
    yield from MessagePages(office).routes()
    yield from QuarantinePages(office).routes()
    yield from LogPages(office).routes()


class _Static(File):
    """Files of the pages; what a folder holds is not listed."""

    def directoryListing(self) -> IResource:
        """See File."""
        missing: IResource = self.childNotFound
        return missing
