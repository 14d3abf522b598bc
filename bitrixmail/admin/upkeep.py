"""The use cases of a running server itself, as its pages are handed them."""

from __future__ import annotations

from dataclasses import dataclass

from bitrixmail.admin.listeners import Listeners
from bitrixmail.admin.settings_desk import SettingsDesk
from bitrixmail.interfaces.examiner import IExaminer
from bitrixmail.interfaces.house import IHouse


@dataclass(frozen=True, slots=True)
class Upkeep:
    """Made by who composes a face of a running server, lives as long as it."""

    house: IHouse
    listeners: Listeners
    examiner: IExaminer
    settings: SettingsDesk
