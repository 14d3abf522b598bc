"""All pages, and what they are handed: the one list of what this room has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from twisted.internet.interfaces import IReactorTime
from twisted.web.resource import IResource
from twisted.web.static import File

from bitrixmail.accounts.second_factor import SecondFactor
from bitrixmail.accounts.signing_in import SigningIn
from bitrixmail.admin.office import Office
from bitrixmail.admin.upkeep import Upkeep
from bitrixmail.interfaces.threads import IThreads
from bitrixmail.web.api.answering import Api
from bitrixmail.web.api.contents import Served, operations_of
from bitrixmail.web.api.openapi import document
from bitrixmail.web.http.routes import Site
from bitrixmail.web.menu import MENU
from bitrixmail.web.pages.account import AccountPages
from bitrixmail.web.pages.aliases import AliasPages
from bitrixmail.web.pages.api import ApiPages
from bitrixmail.web.pages.dashboard import DashboardPages
from bitrixmail.web.pages.doctor import DoctorPages
from bitrixmail.web.pages.domains import DomainPages
from bitrixmail.web.pages.lists import ListPages
from bitrixmail.web.pages.log import LogPages
from bitrixmail.web.pages.login import LoginPages
from bitrixmail.web.pages.mailboxes import MailboxPages
from bitrixmail.web.pages.message import MessagePages
from bitrixmail.web.pages.messages import MessagesPages
from bitrixmail.web.pages.quarantine import QuarantinePages
from bitrixmail.web.pages.queue import QueuePages
from bitrixmail.web.pages.rules import RulePages
from bitrixmail.web.pages.rules_apply import RuleApplyPages
from bitrixmail.web.pages.rules_edit import RuleEditPages
from bitrixmail.web.pages.rules_files import RuleFilePages
from bitrixmail.web.pages.rules_history import RuleHistoryPages
from bitrixmail.web.pages.server import ServerPages
from bitrixmail.web.pages.settings import SettingsPages
from bitrixmail.web.pages.tickets import TicketPages
from bitrixmail.web.pages.tokens import TokenPages
from bitrixmail.web.pages.users import UserPages
from bitrixmail.web.rendering import Rendering
from bitrixmail.web.visit import Route


def rendering_of(hostname: str) -> Rendering:
    """Return what writes the pages. Takes a moment: call it in a thread."""
    return Rendering({"menu": MENU, "hostname": hostname})


@dataclass(frozen=True, slots=True)
class Over:
    """What pages and API are made over. Made by who composes, for `site_of`.

    `threads` are the pages' own: what strangers have written is read in them, and may take long.
    """

    served: Served
    signing_in: SigningIn
    second_factor: SecondFactor
    clock: IReactorTime
    version: str
    threads: IThreads

    @property
    def office(self) -> Office:
        """The use cases."""
        return self.served.office

    @property
    def upkeep(self) -> Upkeep:
        """Those of the running server."""
        return self.served.upkeep


def site_of(rendering: Rendering, over: Over) -> IResource:
    """Return the pages and the API over the use cases. Takes a moment: call it in a thread."""
    rendering.prepare()
    served, signing_in = over.served, over.signing_in
    operations = operations_of(served)
    users, most = over.office.users, served.calls_per_minute
    api = Api(operations, signing_in, users, over.clock, over.threads, per_minute=most)
    described = document(api.operations, over.version)
    site = Site(routes_of(over, described), signing_in, rendering, over.threads)
    site.bind(api)
    site.mount("/static/", _Static(str(resources.files("bitrixmail.web") / "static")))
    return site.resource


def routes_of(over: Over, described: Mapping[str, Any]) -> Iterator[Route]:
    """Yield every route of the pages; `described` is the document of the API."""
    office, upkeep = over.office, over.upkeep
    yield from LoginPages(over.signing_in, office.users).routes()
    yield from DashboardPages(office, upkeep).routes()
    yield from ServerPages(office, upkeep).routes()
    yield from DoctorPages(office, upkeep).routes()
    yield from SettingsPages(office, upkeep).routes()
    yield from DomainPages(office).routes()
    yield from MailboxPages(office).routes()
    yield from AliasPages(office).routes()
    yield from UserPages(office.users).routes()
    yield from TokenPages(office.users).routes()
    yield from AccountPages(over.signing_in, over.second_factor, office.users).routes()
    yield from QueuePages(office).routes()
    yield from RulePages(office).routes()
    yield from RuleEditPages(office).routes()
    yield from RuleHistoryPages(office).routes()
    yield from RuleFilePages(office).routes()
    yield from RuleApplyPages(office).routes()
    yield from TicketPages(office).routes()
    yield from ListPages(office).routes()
    yield from MessagesPages(office).routes()
    yield from MessagePages(office).routes()
    yield from QuarantinePages(office).routes()
    yield from LogPages(office).routes()
    yield from ApiPages(described).routes()


class _Static(File):
    """Files of the pages; what a folder holds is not listed."""

    def directoryListing(self) -> IResource:
        """See File."""
        missing: IResource = self.childNotFound
        return missing
