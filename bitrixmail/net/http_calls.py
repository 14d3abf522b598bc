"""Calls of URLs that rules name: by POST, to no address of our own networks, bounded in all.

Every host is looked up by our own resolver, its address looked at, and that address connected to;
so it is with each redirect (RFC 9110 §15.4). Nothing is kept from one call to the next.
"""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from twisted.internet.defer import CancelledError
from twisted.internet.interfaces import IStreamClientEndpoint
from zope.interface import implementer

from bitrixmail.interfaces.http import IHTTPCaller
from bitrixmail.interfaces.resolver import IResolver
from bitrixmail.mime.urls import CallURL, read_url, redirected
from bitrixmail.model.http import Call, Called, CallError, FetchError
from bitrixmail.net.http import NotAllowedError, endpoint_for, reason_of
from bitrixmail.net.reachable import AnyHost, PrivateHosts
from bitrixmail.tasks import deadline

_MOST_REDIRECTS = 3
# The method stays with these: who moves a webhook by 301 or 302 does not mean GET without a body
_MOVED = frozenset({301, 302, 307, 308})
# What was called says where to look at what came of it (RFC 9110 §15.4.4): it was carried out
_SEE_OTHER = 303
# The status has said all: longer nobody waits for the words behind it
_BODY_S = 1.0
_ANY_URL = "http://called.invalid/"


class _EnoughError(Exception):
    """So much of an answer was read as is wanted."""


@implementer(IHTTPCaller)
class HTTPCaller:
    """See IHTTPCaller. Made by compose, lives as long as the server.

    `allowed` may be replaced. `trust`: a file of authorities in PEM instead of the system's.
    """

    def __init__(
        self,
        reactor: Any,
        resolver: IResolver,
        allowed: PrivateHosts | AnyHost | None = None,
        trust: Path | None = None,
    ) -> None:
        self.allowed = allowed or PrivateHosts()
        self.reactor = reactor
        self.resolver = resolver
        self.trust = trust

    async def call(self, call: Call, most_octets: int, timeout_s: float) -> Called:
        """See IHTTPCaller."""
        way, begun_s = _Way(self, read_url(call.url)), self.reactor.seconds()
        try:
            response = await deadline(way.go(call), timeout_s, self.reactor)
        except (CancelledError, CallError):
            raise
        except NotAllowedError as error:
            raise way.failed(str(error), down=not way.hops, refused=True) from error
        except FetchError as error:
            raise way.failed(str(error), down=not way.reached) from error
        except Exception as error:  # whatever treq, TLS and the sockets have for it
            if not isinstance(error, TimeoutError):
                if not _was_cut(error):
                    raise way.failed(reason_of(error), down=not way.reached) from error
                if self.reactor.seconds() - begun_s < timeout_s:
                    raise CancelledError from None
            what = "it does not answer" if way.reached else "it can't be reached"
            raise way.failed(f"{what} within {timeout_s:g} s", down=not way.reached) from None
        return Called(
            response.code,
            response.phrase.decode("latin-1"),
            await way.body(response, most_octets),
            way.url.place,
            way.address,
            _one(response, "retry-after"),
        )


class _Way:
    """One call on its way from URL to URL. Made by HTTPCaller, ends with the call.

    `reached`: the host of the first URL was connected to; what happens then is not its absence.
    """

    def __init__(self, caller: HTTPCaller, url: CallURL) -> None:
        self._caller = caller
        self.first = self.url = url
        self.hops = 0
        self.address = ""
        self.reached = False
        self._protocol: Any = None

    def failed(self, reason: str, *, down: bool, refused: bool = False) -> CallError:
        """Return what is raised; behind a redirect it says where it happened."""
        where = f"redirected to {self.url.place}: " if self.hops else ""
        place = self.first.place if not refused else self.url.place
        address = "" if down else self.address
        return CallError(where + reason, place, address, down=down, refused=refused)

    async def go(self, call: Call) -> Any:
        """Call, and follow where it leads; return the answer, whose body is still to come."""
        method, body = "POST", call.body
        while True:
            response = await self._request(method, body, call)
            location = _one(response, "location")
            if response.code not in {*_MOVED, _SEE_OTHER} or not location:
                return response
            self._hang_up()
            if self.hops == _MOST_REDIRECTS:
                raise self.failed(f"more than {_MOST_REDIRECTS} redirects", down=False)
            self._move(location)
            if response.code == _SEE_OTHER:
                method, body = "GET", b""

    def _move(self, location: str) -> None:
        try:
            following = redirected(self.url, location)
        except ValueError as error:
            raise self.failed(f"redirects to what {error}", down=False) from None
        if self.url.scheme == "https" and following.scheme == "http":
            raise self.failed("redirects from https to http", down=False)
        self.url = following
        self.hops += 1
        self.address = ""

    async def _request(self, method: str, body: bytes, call: Call) -> Any:
        # Not before: few servers ever call anybody, and it takes a tenth of a second.
        from treq.client import HTTPClient as TreqClient  # noqa: PLC0415 - as above
        from twisted.web.http_headers import Headers  # noqa: PLC0415 - as above

        from bitrixmail.net.agents import Exactly, agent_of  # noqa: PLC0415 - as above

        headers = Headers({"user-agent": ["bitrixmail"]})
        if body:
            headers.setRawHeaders("content-type", [call.content_type])
        # What is for one host is no other's business
        theirs = call.headers if self.url.place == self.first.place else ()
        for name, value in (*theirs, *call.marks):
            headers.setRawHeaders(name.encode("ascii"), [value.encode("utf-8")])
        agent = Exactly(agent_of(self._caller.reactor, self), self.url)
        return await TreqClient(agent).request(
            method,
            _ANY_URL,
            headers=headers,
            data=body or None,
            allow_redirects=False,
            unbuffered=True,
            reactor=self._caller.reactor,
        )

    def endpointForURI(self, uri: Any) -> IStreamClientEndpoint:
        """See IAgentEndpointFactory."""
        caller = self._caller
        return endpoint_for(
            uri, caller.reactor, caller.resolver, caller.allowed, caller.trust, self._connected
        )

    def _connected(self, address: str, protocol: Any) -> None:
        self.address = address
        self.reached = True
        self._protocol = protocol

    def _hang_up(self) -> None:
        """End the connection at once, if there is one."""
        transport = getattr(self._protocol, "transport", None)
        if transport is not None:
            transport.abortConnection()

    async def body(self, response: Any, most_octets: int) -> bytes:
        """Return the beginning of a body, and let the rest go."""
        body = bytearray()

        def collect(chunk: bytes) -> None:
            body.extend(chunk)
            if len(body) >= most_octets:
                raise _EnoughError

        async def collected() -> None:
            await response.collect(collect)

        try:
            await deadline(collected(), _BODY_S, self._caller.reactor)
        except CancelledError:
            raise
        except Exception:  # noqa: BLE001 - the status was told, what is left are words
            self._hang_up()
        return bytes(body[:most_octets])


def _was_cut(error: Exception) -> bool:
    """Tell whether a request was cancelled: the agent has its own error for that."""
    reasons = getattr(error, "reasons", ())
    return any(reason.check(CancelledError) is not None for reason in reasons)


def _one(response: Any, name: str) -> str:
    found: Sequence[str] = response.headers.getRawHeaders(name, [""])
    return found[0]
