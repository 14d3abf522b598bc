"""Who fetches pages, and who calls others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.interface import Interface

if TYPE_CHECKING:
    from bitrixmail.model.http import Call, Called, Fetched


class IHTTPClient(Interface):
    """Fetches by HTTP and HTTPS; a certificate that is not for the host of the URL ends it."""

    async def get(url: str, most_octets: int, timeout_s: float) -> Fetched:
        """Fetch a page, all in all within a time; no redirect is followed.

        Raises FetchError, with a reason for the log, also for a body above `most_octets`.
        """


class IHTTPCaller(Interface):
    """Calls URLs that others have chosen, by POST; never one inside our own networks."""

    async def call(call: Call, most_octets: int, timeout_s: float) -> Called:
        """Call a URL, all in all within a time, and read so much of the answer.

        A few redirects are followed, each looked at as the first URL is. Raises CallError.
        """
