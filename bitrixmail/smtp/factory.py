"""Makes a session for each connection to the SMTP door, and knows what its sessions need."""

from __future__ import annotations

from twisted.internet.interfaces import IAddress, IReactorTime
from twisted.mail import smtp

from bitrixmail.interfaces.gate import IGate
from bitrixmail.interfaces.maillog import IMailLog
from bitrixmail.link.refusal_lines import RefusalLines
from bitrixmail.link.sessions import Sessions, TLSContext
from bitrixmail.model.client import Client
from bitrixmail.model.limits import Networks, SMTPLimits
from bitrixmail.model.reply import CLOSING, Reply
from bitrixmail.smtp.session import ESMTP


class SMTPFactory(Sessions, smtp.SMTPFactory):
    """The door of one listener or several. Made by compose, lives as long as the server.

    `limits` may be replaced while it runs: open sessions keep theirs.
    """

    DESCRIPTORS_OF_100 = 50
    noisy = False

    def __init__(  # noqa: PLR0917 - all of it is needed, nothing has a default
        self,
        gate: IGate,
        clock: IReactorTime,
        maillog: IMailLog,
        hostname: str,
        limits: SMTPLimits,
        tls: TLSContext | None,
    ) -> None:
        super().__init__(clock, tls)
        self.gate = gate
        self.hostname = hostname
        self.limits = limits
        self._refusals = RefusalLines(maillog, clock)
        # Accepted at this door since the start
        self.messages = 0

    def buildProtocol(self, addr: IAddress | None) -> smtp.ESMTP:  # noqa: ARG002 - the transport tells
        """Make a session."""
        return ESMTP(self)

    def most_sessions(self) -> int:
        """See Sessions."""
        self.crowd.patience_s = self.limits.pressure_timeout_s
        return self.limits.connections

    def proxy_networks(self) -> Networks:
        """See Sessions."""
        return self.limits.proxy_networks

    def enter(self, client: Client) -> Reply | None:
        """See Sessions."""
        return self.gate.arrived(client)

    def leave(self, client: Client) -> None:
        """See Sessions."""
        self.gate.left(client)

    def sent_away(self, client: Client) -> None:
        """See Sessions."""
        self.refused(client, CLOSING)

    def refused(
        self,
        client: Client,
        reply: Reply,
        *,
        sender: str | None = None,
        recipient: str | None = None,
    ) -> None:
        """Write the mail log's line of a refusal that this door knows of first."""
        # of a message it is what Transaction calls so too: it may come again
        later = sender is not None and reply.code < 500
        self._refusals.write(
            client.address,
            str(reply),
            transition="deferred" if later else "refused",
            session_id=client.session_id,
            account=client.account,
            sender=sender,
            recipient=recipient,
        )
