"""Makes a session for each connection to the POP3 door, and knows what its sessions need."""

from __future__ import annotations

from collections import Counter

from twisted.cred.portal import Portal
from twisted.internet.interfaces import IAddress, IReactorTime
from twisted.internet.protocol import Protocol, ServerFactory

from bitrixmail.access.pop3 import POP3
from bitrixmail.interfaces.maillog import IMailLog
from bitrixmail.link.refusal_lines import RefusalLines
from bitrixmail.link.sessions import Sessions, TLSContext
from bitrixmail.model.client import Client
from bitrixmail.model.limits import AccessLimits, Networks, listed, source_of
from bitrixmail.model.reply import TOO_MANY_CONNECTIONS, TOO_MANY_SESSIONS, Reply


class POP3Factory(Sessions, ServerFactory):
    """The door of one listener or several. Made by compose, lives as long as the server.

    `limits` may be replaced while it runs: open sessions keep theirs.
    """

    ID_PREFIX = "p"
    noisy = False

    def __init__(  # noqa: PLR0917 - all of it is needed, nothing has a default
        self,
        portal: Portal,
        clock: IReactorTime,
        maillog: IMailLog,
        hostname: str,
        limits: AccessLimits,
        tls: TLSContext | None,
    ) -> None:
        super().__init__(clock, tls)
        self.portal = portal
        self.maillog = maillog
        self._refusals = RefusalLines(maillog, clock)
        self.hostname = hostname
        self.limits = limits
        self._open: Counter[str] = Counter()

    def buildProtocol(self, addr: IAddress | None) -> Protocol:  # noqa: ARG002 - the transport tells
        """Make a session."""
        return POP3(self)

    def most_sessions(self) -> int:
        """See Sessions."""
        return self.limits.connections

    def proxy_networks(self) -> Networks:
        """See Sessions."""
        return self.limits.proxy_networks

    def enter(self, client: Client) -> Reply | None:
        """See Sessions."""
        source, limits = source_of(client.address), self.limits
        # whoever comes by a socket of this machine has no address
        exempt = not client.address or listed(client.address, limits.exempt_networks)
        if not exempt and 0 < limits.connections_per_ip <= self._open[source]:
            return TOO_MANY_CONNECTIONS
        self._open[source] += 1
        return None

    def leave(self, client: Client) -> None:
        """See Sessions."""
        source = source_of(client.address)
        self._open[source] -= 1
        if not self._open[source]:
            del self._open[source]

    def sent_away(self, client: Client) -> None:
        """See Sessions."""
        self.refused(client, TOO_MANY_SESSIONS.text)

    def refused(self, client: Client, reason: str) -> None:
        """Write the mail log's line of a session that is not served, or not any longer."""
        self._refusals.write(client.address, reason, told_as="reason", session_id=client.session_id)
