"""The settings of the doors: what each allows and how long it waits. See `settings`."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_network
from typing import Annotated, ClassVar

from pydantic import ConfigDict

from bitrixmail.app.values import (
    FORBID,
    CommandOctets,
    Count,
    Networks,
    Octets,
    Patience,
    doc,
)
from bitrixmail.model.limits import AccessLimits, SMTPLimits

_LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


@dataclass(frozen=True, slots=True)
class SMTP:
    """Limits of the SMTP door; a size or count of 0: no limit. Reread at SIGHUP."""

    __pydantic_config__: ClassVar[ConfigDict] = FORBID

    max_size: Annotated[Octets, doc("The largest message.")] = 50 * 2**20
    max_recipients: Annotated[Count, doc("Recipients of one message; the rest is sent again.")] = (
        1000
    )
    max_messages: Annotated[Count, doc("Messages of one connection.")] = 1000
    max_errors: Annotated[Count, doc("Wrong or refused commands before it hangs up.")] = 20
    max_command: Annotated[CommandOctets, doc("The longest command line, 512B at least.")] = 4096
    max_line: Annotated[
        Octets,
        doc("The longest line of a message; a longer one is refused at its end."),
    ] = 2048
    max_hops: Annotated[Count, doc("Received fields before a message is going in circles.")] = 50
    command_timeout: Annotated[
        Patience, doc("Waiting for a command, or for the next part of a message.")
    ] = 300.0
    data_timeout: Annotated[
        Patience,
        doc("For the whole content of a message. 600s for 50MiB need 85KiB in each second."),
    ] = 600.0
    connections: Annotated[Count, doc("Connections at one time.")] = 5000
    connections_per_ip: Annotated[
        Count, doc("The same of one address (IPv6: of one /64 network).")
    ] = 50
    connections_per_minute_per_ip: Annotated[Count, doc("New ones of it in a minute.")] = 60
    exempt_networks: Annotated[
        Networks, doc("Free of the limits per address only. Never a right to relay.")
    ] = _LOOPBACK
    normalize_networks: Annotated[
        Networks,
        doc(
            "Whose bare CR or LF in a message is mended into CRLF. From anyone else it is refused:"
            " that is how messages are smuggled."
        ),
    ] = ()
    proxy_networks: Annotated[
        Networks,
        doc(
            "Proxies (HAProxy's send-proxy or send-proxy-v2). A connection from there must begin"
            " with a PROXY header, which tells the client's address."
        ),
    ] = ()

    def limits(self) -> SMTPLimits:
        """Return the limits as the SMTP door takes them."""
        return SMTPLimits(
            max_size_octets=self.max_size,
            max_recipients=self.max_recipients,
            max_messages=self.max_messages,
            max_errors=self.max_errors,
            max_command_octets=self.max_command,
            max_line_octets=self.max_line,
            max_hops=self.max_hops,
            command_timeout_s=self.command_timeout,
            data_timeout_s=self.data_timeout,
            connections=self.connections,
            connections_per_ip=self.connections_per_ip,
            connections_per_minute_per_ip=self.connections_per_minute_per_ip,
            exempt_networks=self.exempt_networks,
            normalize_networks=self.normalize_networks,
            proxy_networks=self.proxy_networks,
        )


@dataclass(frozen=True, slots=True)
class Access:
    """Limits of the doors for readers; a size or count of 0: no limit. Reread at SIGHUP."""

    __pydantic_config__: ClassVar[ConfigDict] = FORBID

    failed_logins_per_minute: Annotated[
        Count, doc("Wrong passwords of one address, and for one mailbox, before it must wait.")
    ] = 20
    idle_timeout: Annotated[Patience, doc("Waiting for a command after login.")] = 600.0
    login_timeout: Annotated[Patience, doc("Waiting for a command before login.")] = 60.0
    max_errors: Annotated[Count, doc("Wrong commands before it hangs up.")] = 20
    connections: Annotated[Count, doc("Connections at one time.")] = 5000
    connections_per_ip: Annotated[
        Count, doc("The same of one address (IPv6: of one /64 network).")
    ] = 50
    exempt_networks: Annotated[
        Networks, doc("Free of the limit per address; logins are checked as from anywhere.")
    ] = _LOOPBACK
    proxy_networks: Annotated[
        Networks,
        doc("Proxies whose connections must begin with a PROXY header, under TLS before it."),
    ] = ()

    def limits(self) -> AccessLimits:
        """Return the limits as the doors for readers take them."""
        return AccessLimits(
            failed_logins_per_minute=self.failed_logins_per_minute,
            idle_timeout_s=self.idle_timeout,
            login_timeout_s=self.login_timeout,
            max_errors=self.max_errors,
            connections=self.connections,
            connections_per_ip=self.connections_per_ip,
            exempt_networks=self.exempt_networks,
            proxy_networks=self.proxy_networks,
        )
