"""The couriers that call somebody by HTTP, married with the settings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from twisted.internet.interfaces import IReactorTime

from bitrixmail.admin.probes.own_addresses import OwnAddresses, own_addresses
from bitrixmail.app.listening.attachments import links_of
from bitrixmail.app.receiving.reception import Reception
from bitrixmail.app.sending.steering import Steering
from bitrixmail.app.settings.tree import Settings
from bitrixmail.interfaces.courier import ICourier
from bitrixmail.interfaces.resolver import IResolver
from bitrixmail.net.http_calls import HTTPCaller
from bitrixmail.net.reachable import IPAddress, PrivateHosts
from bitrixmail.outbound.actions.bitrix24 import Bitrix24Courier
from bitrixmail.outbound.actions.calling import ActionTerms
from bitrixmail.outbound.actions.webhook import WebhookCourier

_KNOWN_S = 10.0


class _Own:
    """The addresses of this machine, found anew now and then: interfaces come and go.

    Made for the settings, lives as long as they are in force. Finding takes half a millisecond.
    """

    def __init__(self, clock: IReactorTime, told: Iterable[IPAddress]) -> None:
        self._clock = clock
        self._told = told
        self._until = 0.0
        self._found = OwnAddresses()

    def holds(self, address: IPAddress) -> bool:
        """Tell whether an address leads here."""
        now = self._clock.seconds()
        if now >= self._until:
            self._found = own_addresses(self._told)
            self._until = now + _KNOWN_S
        return self._found.holds(address) is True


class Calling:
    """Made by Sending, lives as long as it."""

    def __init__(
        self, reception: Reception, steering: Steering, resolver: IResolver, reactor: Any
    ) -> None:
        self._attachment_key = reception.attachment_key
        self._clock = reactor
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
        own = _Own(self._clock, settings.server.public_addresses)
        self._caller.allowed = PrivateHosts(actions.private_hosts, own.holds)
        links = links_of(settings, self._attachment_key)
        terms = ActionTerms(steering.secrets, actions.max_size, links, actions.secret_hosts)
        for courier in self._couriers:
            courier.terms = terms
