"""All pages, and what they are handed: the one list of what this room has."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources

from twisted.internet.interfaces import IReactorTime
from twisted.web.resource import IResource
from twisted.web.static import File

from bitrixmail.accounts.signing_in import SigningIn
from bitrixmail.admin.office import Office
from bitrixmail.admin.upkeep import Upkeep
from bitrixmail.web.api.answering import Api
from bitrixmail.web.api.contents import Served, operations_of
from bitrixmail.web.api.openapi import document
from bitrixmail.web.menu import MENU
from bitrixmail.web.pages.api import ApiPages
from bitrixmail.web.pages.dashboard import DashboardPages
from bitrixmail.web.pages.doctor import DoctorPages
from bitrixmail.web.pages.login import LoginPages
from bitrixmail.web.pages.server import ServerPages
from bitrixmail.web.pages.settings import SettingsPages
from bitrixmail.web.rendering import Rendering
from bitrixmail.web.routes import Site
from bitrixmail.web.visit import Route


def rendering_of(hostname: str) -> Rendering:
    """Return what writes the pages. Takes a moment: call it in a thread."""
    return Rendering({"menu": MENU, "hostname": hostname})


def site_of(  # noqa: PLR0917 - called in a thread, which takes no keywords
    rendering: Rendering,
    served: Served,
    upkeep: Upkeep,
    signing_in: SigningIn,
    clock: IReactorTime,
    version: str,
) -> IResource:
    """Return the pages and the API over the use cases."""
    office = served.office
    operations = operations_of(served)
    api = Api(operations, signing_in, office.users, clock, served.calls_per_minute)
    described = document(api.operations, version)
    routes = (*_routes(office, signing_in, upkeep), *ApiPages(described).routes())
    site = Site(routes, signing_in, rendering)
    site.bind(api)
    site.mount("/static/", _Static(str(resources.files("bitrixmail.web") / "static")))
    return site.resource


def _routes(office: Office, signing_in: SigningIn, upkeep: Upkeep) -> Iterator[Route]:
    yield from LoginPages(signing_in, office.users).routes()
    yield from DashboardPages(office, upkeep).routes()
    yield from ServerPages(office, upkeep).routes()
    yield from DoctorPages(office, upkeep).routes()
    yield from SettingsPages(office, upkeep).routes()


class _Static(File):
    """Files of the pages; what a folder holds is not listed."""

    def directoryListing(self) -> IResource:
        """See File."""
        missing: IResource = self.childNotFound
        return missing
