"""A client of HTTP that trusts nobody: bounded in time and size, no redirects (RFC 9110).

Names are looked up by our own resolver, and addresses inside our own networks are not connected
to: the URLs come from strangers.
"""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP6ClientEndpoint, wrapClientTLS
from twisted.internet.error import ConnectError, ConnectingCancelledError
from twisted.internet.interfaces import IProtocolFactory, IStreamClientEndpoint
from twisted.internet.ssl import Certificate, optionsForClientTLS, trustRootFromCertificates
from twisted.python.failure import Failure
from zope.interface import implementer

from bitrixmail.interfaces.http import IHTTPClient
from bitrixmail.interfaces.resolver import IResolver
from bitrixmail.model.http import Fetched, FetchError
from bitrixmail.net.reachable import AnyHost, IPAddress, PrivateHosts
from bitrixmail.tasks import deadline, gather

_CONNECT_S = 10
_MOST_ADDRESSES = 4


@implementer(IHTTPClient)
class HTTPClient:
    """See IHTTPClient. Made by compose, lives as long as the server; keeps no connections.

    `trust`: a file of authorities in PEM instead of the system's. `private`: addresses that the
    Internet can't reach are connected to as well, as tests need.
    """

    def __init__(
        self, reactor: Any, resolver: IResolver, trust: Path | None = None, *, private: bool = False
    ) -> None:
        self._reactor = reactor
        self._resolver = resolver
        self._trust = trust
        self._allowed = AnyHost() if private else PrivateHosts()

    async def get(self, url: str, most_octets: int, timeout_s: float) -> Fetched:
        """See IHTTPClient."""
        try:
            return await deadline(self._get(url, most_octets), timeout_s, self._reactor)
        except TimeoutError:
            raise FetchError(f"it takes longer than {timeout_s:g} s") from None
        except (CancelledError, FetchError):
            raise
        except Exception as error:  # whatever treq, TLS and the sockets have for it
            raise FetchError(reason_of(error)) from error

    async def _get(self, url: str, most_octets: int) -> Fetched:
        # Not before: few servers ever fetch anything, and it takes a tenth of a second.
        from treq.client import HTTPClient as TreqClient  # noqa: PLC0415 - as above

        from bitrixmail.net.agents import agent_of  # noqa: PLC0415 - as above

        client = TreqClient(agent_of(self._reactor, self))
        response = await client.get(url, allow_redirects=False, unbuffered=True)
        if response.length is not None and _length(response.length) > most_octets:
            raise FetchError(f"it has {response.length} octets, more than {most_octets}")
        body = bytearray()

        def collect(chunk: bytes) -> None:
            body.extend(chunk)
            if len(body) > most_octets:
                raise FetchError(f"it has more than {most_octets} octets")

        await response.collect(collect)
        kinds = response.headers.getRawHeaders("content-type", [""])
        kind = str(kinds[-1]).partition(";")[0].strip().lower()
        return Fetched(response.code, kind, bytes(body))

    def endpointForURI(self, uri: Any) -> IStreamClientEndpoint:
        """See IAgentEndpointFactory."""
        return endpoint_for(uri, self._reactor, self._resolver, self._allowed, self._trust)


def _length(length: Any) -> int:
    return length if isinstance(length, int) else 0  # else it is not told beforehand


class NotAllowedError(FetchError):
    """A host has no address but such as are not connected to."""


def endpoint_for(  # noqa: PLR0917 - what it is for, and what it needs for that
    uri: Any,
    reactor: Any,
    resolver: IResolver,
    allowed: PrivateHosts | AnyHost,
    trust: Path | None = None,
    connected: Callable[[str, Any], None] = lambda _address, _protocol: None,
) -> IStreamClientEndpoint:
    """Return what connects to the host of a twisted.web.client.URI, by TLS if it asks for it.

    `connected` is told the address that was connected to, and the protocol next to the socket.
    """
    host = uri.host.decode("ascii").strip("[]")
    endpoint = _Endpoint(reactor, resolver, host, uri.port, allowed, connected)
    if uri.scheme != b"https":
        return endpoint
    authorities = None
    if trust is not None:
        authorities = trustRootFromCertificates([Certificate.loadPEM(trust.read_bytes())])
    wrapped: IStreamClientEndpoint = wrapClientTLS(
        optionsForClientTLS(host, trustRoot=authorities), endpoint
    )
    return wrapped


@implementer(IStreamClientEndpoint)
class _Endpoint:
    """Connects to a host by our own resolver, to one address after the other. For one request.

    What is connected to is the very address that was looked at: nobody looks it up again.
    """

    def __init__(  # noqa: PLR0917 - as above
        self,
        reactor: Any,
        resolver: IResolver,
        host: str,
        port: int,
        allowed: PrivateHosts | AnyHost,
        connected: Callable[[str, Any], None],
    ) -> None:
        self._reactor = reactor
        self._resolver = resolver
        self._host = host
        self._port = port
        self._allowed = allowed
        self._connected = connected

    def connect(self, factory: IProtocolFactory) -> Deferred[Any]:
        """See IStreamClientEndpoint."""
        return Deferred.fromCoroutine(self._met(factory))

    async def _met(self, factory: IProtocolFactory) -> Any:
        reason: Exception = FetchError(f"{self._host} has no address")
        for text in (await self._addresses())[:_MOST_ADDRESSES]:
            address: IPAddress = ip_address(text)
            refusal = self._allowed.refusal(self._host, self._port, address)
            if refusal:
                reason = NotAllowedError(f"{self._host} has an address {refusal}: {text}")
                continue
            kind = TCP6ClientEndpoint if address.version == 6 else TCP4ClientEndpoint
            try:
                protocol = await kind(self._reactor, text, self._port, _CONNECT_S).connect(factory)
            except ConnectingCancelledError:
                raise CancelledError from None
            except CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - the next address may answer
                reason = error
            else:
                self._connected(text, protocol)
                return protocol
        raise reason

    async def _addresses(self) -> tuple[str, ...]:
        try:
            return (str(ip_address(self._host)),)
        except ValueError:
            pass
        if self._host == "localhost" or self._host.endswith(".localhost"):
            return "127.0.0.1", "::1"  # it is no name of the DNS (RFC 6761 §6.3)
        answers = await gather(
            *(self._resolver.look_up(self._host, kind) for kind in ("A", "AAAA"))
        )
        return tuple(text for answer in answers for text in answer.texts)


def reason_of(error: Exception) -> str:
    """Say what really went wrong: what the agent raises wraps it."""
    reasons = getattr(error, "reasons", None)
    if reasons and isinstance(reasons[0], Failure) and isinstance(reasons[0].value, Exception):
        return reason_of(reasons[0].value)
    if isinstance(error, ConnectError):
        return str(error).rstrip(".")
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
