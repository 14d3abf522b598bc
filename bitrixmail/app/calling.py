"""The couriers that call somebody by HTTP, married with the settings."""

from __future__ import annotations

from typing import Any

from bitrixmail.app.attachments import links_of
from bitrixmail.app.reception import Reception
from bitrixmail.app.settings import Settings
from bitrixmail.app.steering import Steering
from bitrixmail.interfaces.courier import ICourier
from bitrixmail.interfaces.resolver import IResolver
from bitrixmail.net.http_calls import HTTPCaller
from bitrixmail.net.reachable import PrivateHosts
from bitrixmail.outbound.actions.bitrix24 import Bitrix24Courier
from bitrixmail.outbound.actions.calling import ActionTerms
from bitrixmail.outbound.actions.webhook import WebhookCourier


class Calling:
    """Made by Sending, lives as long as it."""

    def __init__(
        self, reception: Reception, steering: Steering, resolver: IResolver, reactor: Any
    ) -> None:
        self._attachment_key = reception.attachment_key
        self._caller = HTTPCaller(reactor, resolver)
        self._couriers = tuple(
            kind(self._caller, reception.stores.jobs, reception.threads, reactor, ActionTerms())
            for kind in (WebhookCourier, Bitrix24Courier)
        )
        self.take(reception.settings, steering)

    @property
    def couriers(self) -> tuple[ICourier, ...]:
        """The couriers."""
        return self._couriers

    def take(self, settings: Settings, steering: Steering) -> None:
        """Put settings in force."""
        actions = settings.actions
        self._caller.allowed = PrivateHosts(actions.private_hosts)
        links = links_of(settings, self._attachment_key)
        terms = ActionTerms(steering.secrets, actions.max_size, links)
        for courier in self._couriers:
            courier.terms = terms
