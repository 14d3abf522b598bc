"""A connection that is under TLS from its first octet, or comes under it later (RFC 3207)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from twisted.internet.interfaces import IHandshakeListener
from twisted.logger import Logger
from zope.interface import implementer

from bitrixmail.link.peer import tls_of
from bitrixmail.model.client import Client

_log = Logger()


@implementer(IHandshakeListener)
class Secured:
    """The part of a channel that knows of TLS."""

    client: Client
    factory: Any
    framing: Any
    transport: Any
    _closing = False
    _wrapped = False
    _shaking_hands = False

    def _flush(self) -> None:
        raise NotImplementedError

    def handshakeCompleted(self) -> None:
        """Note what the TLS handshake agreed on.

        Under TLS from the first octet flow is controlled from here on: else a greeting, which
        waits for the handshake, would stop its reading.
        """
        self._shaking_hands = False
        if self._wrapped and not self._closing:
            self.transport.registerProducer(self, True)
        self.client = replace(self.client, tls=tls_of(self.transport.getHandle()))

    def start_tls(self) -> None:
        """Throw away what came behind the command in plain text, then shake hands."""
        if discarded := self.framing.discard():
            _log.warn(
                "{session_id}: {octets} octets of plain text before TLS thrown away",
                session_id=self.client.session_id,
                octets=discarded,
            )
        self._flush()
        self._direct = False
        self._shaking_hands = True
        self.transport.startTLS(self.factory.tls)
