"""Who fetches pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.interface import Interface

if TYPE_CHECKING:
    from bitrixmail.model.http import Fetched


class IHTTPClient(Interface):
    """Fetches by HTTP and HTTPS; a certificate that is not for the host of the URL ends it."""

    async def get(url: str, most_octets: int, timeout_s: float) -> Fetched:
        """Fetch a page, all in all within a time; no redirect is followed.

        Raises FetchError, with a reason for the log, also for a body above `most_octets`.
        """
