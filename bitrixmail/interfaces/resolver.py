"""Who asks the DNS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.interface import Interface

if TYPE_CHECKING:
    from bitrixmail.model.dns import Answer


class IResolver(Interface):
    """Asks name servers that recurse; follows aliases to their end."""

    async def look_up(name: str, kind: str) -> Answer:
        """Look up the records of a kind: A, AAAA, CNAME, MX, NS, PTR, TLSA or TXT.

        Never raises.

        `name` is in A-labels, of any case, with or without a dot at its end; "." is the root. A
        name that can't stand in the DNS does not exist (NXDOMAIN). Bounded in time; may be
        cancelled.
        """
