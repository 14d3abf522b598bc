"""The use cases of the running server, married. Imported when somebody first asks for a page."""

from __future__ import annotations

from bitrixmail.admin.listeners import Listeners
from bitrixmail.admin.settings_desk import SettingsDesk
from bitrixmail.admin.upkeep import Upkeep
from bitrixmail.admin.users import Users
from bitrixmail.app.looks.examining import Examiner
from bitrixmail.app.pages.house import House
from bitrixmail.app.settings.book import SettingsBook
from bitrixmail.app.settings.sources import SettingSources
from bitrixmail.interfaces.threads import IThreads


def upkeep_of(
    house: House, examiner: Examiner, sources: SettingSources, threads: IThreads, users: Users
) -> Upkeep:
    """Marry them."""
    book = SettingsBook(sources, threads)
    return Upkeep(house, Listeners(house), examiner, SettingsDesk(book, house, users))
