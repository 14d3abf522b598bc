"""Senders of mail that rules pass on, with the key that only this server knows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from bitrixmail.interfaces.rewriting import IRewriting
from bitrixmail.model.address import Address
from bitrixmail.outbound.actions.srs import SRS, is_rewritten
from bitrixmail.tasks import utcnow


@implementer(IRewriting)
class Rewriting:
    """See IRewriting. Made by compose, lives as long as the process; `secret` gives the key."""

    def __init__(self, secret: Callable[[], Awaitable[bytes]], clock: IReactorTime) -> None:
        self._secret = secret
        self._clock = clock
        self._srs: SRS | None = None

    async def _ready(self) -> SRS:
        if self._srs is None:
            self._srs = SRS([await self._secret()])
        return self._srs

    def meant(self, address: Address) -> bool:
        """See IRewriting."""
        return is_rewritten(address.local_part)

    async def original(self, address: Address) -> Address | None:
        """See IRewriting."""
        return (await self._ready()).original(address, utcnow(self._clock))

    async def rewritten(self, sender: Address, domain: str) -> Address | None:
        """See IRewriting."""
        return (await self._ready()).rewritten(sender, domain, utcnow(self._clock))
