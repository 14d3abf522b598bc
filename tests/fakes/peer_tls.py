"""How a test meets a host under TLS: its certificate is trusted, or the fault is told."""

from __future__ import annotations

from typing import Any

from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from zope.interface import implementer


@implementer(IOpenSSLClientConnectionCreator)
class TestingTLS:
    """Takes any certificate; `told` is what it then has to say of it, `strict` breaks it off."""

    __test__ = False

    def __init__(self, told: str = "", *, strict: bool = False) -> None:
        self.told = told
        self.seen: list[SSL.Connection] = []
        self._context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        self._context.set_verify(SSL.VERIFY_PEER, lambda *_: not strict)

    def creator(self) -> IOpenSSLClientConnectionCreator:
        return self

    def fault(self, connection: SSL.Connection) -> str:
        self.seen.append(connection)
        return self.told

    def clientConnectionForTLS(self, tlsProtocol: Any) -> SSL.Connection:
        return SSL.Connection(self._context, None)
