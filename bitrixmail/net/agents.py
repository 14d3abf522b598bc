"""What stands between treq and the agent of Twisted: nothing is unpacked, no URL is rewritten.

Imported when the first request is made: it takes some hundredths of a second.
"""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.web.client import Agent, HTTPConnectionPool, _HTTP11ClientFactory
from twisted.web.iweb import IAgent
from zope.interface import implementer

from bitrixmail.mime.urls import CallURL


class _Unheard(_HTTP11ClientFactory):
    """Twisted's own, without its two lines in the log for each connection."""

    noisy = False


def agent_of(reactor: Any, endpoints: Any) -> AsItCame:
    """Return an agent that keeps no connections; `endpoints` is an IAgentEndpointFactory."""
    pool = HTTPConnectionPool(reactor, persistent=False)
    pool._factory = _Unheard  # noqa: SLF001 - what Twisted has for it
    return AsItCame(Agent.usingEndpointFactory(reactor, endpoints, pool))


@implementer(IAgent)
class AsItCame:
    """An agent whose answers nobody unpacks: a few octets packed can be very many.

    Made for one request.
    """

    def __init__(self, agent: Any) -> None:
        self._agent = agent

    def request(
        self, method: bytes, uri: bytes, headers: Any = None, bodyProducer: Any = None
    ) -> Deferred[Any]:
        """See IAgent."""
        if headers is not None:
            headers.setRawHeaders("accept-encoding", ["identity"])
        answered: Deferred[Any] = self._agent.request(method, uri, headers, bodyProducer)
        return answered.addCallback(self._packed)

    @staticmethod
    def _packed(response: Any) -> Any:
        response.headers.removeHeader("content-encoding")
        return response


@implementer(IAgent)
class Exactly:
    """An agent that asks for one URL, as it was looked at. Made for one request.

    What treq makes of URLs has another form, and none at all for an address of IPv6.
    """

    def __init__(self, agent: AsItCame, url: CallURL) -> None:
        self._agent = agent
        self._url = url.url.encode("ascii")

    def request(
        self,
        method: bytes,
        uri: bytes,  # noqa: ARG002 - whatever treq says
        headers: Any = None,
        bodyProducer: Any = None,
    ) -> Deferred[Any]:
        """See IAgent."""
        return self._agent.request(method, self._url, headers, bodyProducer)
