"""The use cases of the running server, married. Imported when somebody first asks for a page."""

from __future__ import annotations

from bitrixmail.admin.listeners import Listeners
from bitrixmail.admin.upkeep import Upkeep
from bitrixmail.app.examining import Examiner
from bitrixmail.app.house import House


def upkeep_of(house: House, examiner: Examiner) -> Upkeep:
    """Marry them."""
    return Upkeep(house, Listeners(house), examiner)
