"""The use cases of the running server, married. Imported when somebody first asks for a page."""

from __future__ import annotations

from bitrixmail.admin.listeners import Listeners
from bitrixmail.admin.settings_desk import SettingsDesk
from bitrixmail.admin.upkeep import Upkeep
from bitrixmail.admin.users import Users
from bitrixmail.app.examining import Examiner
from bitrixmail.app.house import House
from bitrixmail.app.setting_sources import SettingSources
from bitrixmail.app.settings_book import SettingsBook
from bitrixmail.interfaces.threads import IThreads


def upkeep_of(
    house: House, examiner: Examiner, sources: SettingSources, threads: IThreads, users: Users
) -> Upkeep:
    """Marry them."""
    book = SettingsBook(sources, threads)
    return Upkeep(house, Listeners(house), examiner, SettingsDesk(book, house, users))
