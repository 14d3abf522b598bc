"""The settings of the doors: what each allows and how long it waits. See `settings`."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_network
from typing import Annotated, ClassVar

from pydantic import ConfigDict

from bitrixmail.app.settings.values import (
    FORBID,
    CommandOctets,
    Count,
    Flag,
    Networks,
    Octets,
    Patience,
    Seconds,
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
    max_errors: Annotated[
        Count, doc("Wrong commands since the last accepted message before it hangs up.")
    ] = 20
    max_refused_recipients: Annotated[
        Count,
        doc(
            "Recipients refused in a session, beside as many as were accepted, before it takes no"
            " more of them and hangs up: addresses are being guessed. 20 if none was accepted."
        ),
    ] = 50
    max_idle_commands: Annotated[
        Count,
        doc("Commands since the last message that bring none on: NOOP, RSET, VRFY, HELP, EHLO."),
    ] = 100
    error_delay: Annotated[
        Seconds,
        doc("Waiting behind each reply to an error, once half of the errors are used up; 0: none."),
    ] = 1.0
    max_command: Annotated[CommandOctets, doc("The longest command line, 512B at least.")] = 4096
    max_line: Annotated[
        Octets,
        doc(
            "The longest line of a message, which has 998 by the rules; programs send whole pages"
            " in one. A longer one is refused at its end."
        ),
    ] = 64 * 1024
    max_hops: Annotated[Count, doc("Received fields before a message is going in circles.")] = 50
    strict_pipelining: Annotated[
        Flag,
        doc(
            "Hang up on who sends more behind a command that must be answered first (EHLO, DATA,"
            " STARTTLS), or sends many commands at once without EHLO. Spam programs do."
        ),
    ] = True
    greet_delay: Annotated[
        Seconds,
        doc(
            "Waiting before the greeting, to refuse who speaks first; 0: greet at once. Some"
            ' seconds help against simple spam programs. Not for "exempt_networks".'
        ),
    ] = 0.0
    hello_timeout: Annotated[
        Patience, doc("Waiting for a command before the first MAIL was accepted.")
    ] = 60.0
    first_message_timeout: Annotated[
        Patience, doc("For all commands up to the first message that is accepted.")
    ] = 600.0
    command_timeout: Annotated[Patience, doc("Waiting for a command from then on.")] = 300.0
    data_block_timeout: Annotated[Patience, doc("Waiting for the next part of a message.")] = 180.0
    data_timeout: Annotated[
        Patience,
        doc(
            "For the whole content of a message, and a second more for each 8KiB that has come:"
            " a slow line may bring a large message."
        ),
    ] = 600.0
    min_data_rate: Annotated[
        Octets,
        doc(
            "What must come of a message in a second, on average; 0: anything. Silences are"
            " left to data_block_timeout, which is for all of them together here."
        ),
    ] = 1024
    data_grace: Annotated[Patience, doc("How long it has to come before that is asked.")] = 30.0
    pressure_timeout: Annotated[
        Patience,
        doc(
            "Waiting for a command outside of a transaction while more than 80 % of the"
            " connections are taken; whoever has sent least gives way to new ones."
        ),
    ] = 10.0
    connections: Annotated[
        Count,
        doc("Connections at one time; not more than half of the files that the system allows."),
    ] = 5000
    connections_per_ip: Annotated[
        Count, doc("The same of one address (IPv6: of one /64 network).")
    ] = 50
    connections_per_minute_per_ip: Annotated[Count, doc("New ones of it in a minute.")] = 60
    connections_per_network: Annotated[
        Count, doc("Connections at one time of one network: IPv4 /24, IPv6 /56.")
    ] = 250
    connections_per_minute_per_network: Annotated[Count, doc("New ones of it in a minute.")] = 600
    messages_per_minute_per_ip: Annotated[
        Count, doc("Messages that one address may begin in a minute.")
    ] = 0
    recipients_per_minute_per_ip: Annotated[
        Count, doc("Recipients that it may name in a minute.")
    ] = 0
    exempt_networks: Annotated[
        Networks,
        doc("Free of the limits per address and network only. Never a right to relay."),
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
    xclient_networks: Annotated[
        Networks,
        doc("Mail proxies and filters that may name their client by XCLIENT, as Postfix has it."),
    ] = ()

    def limits(self) -> SMTPLimits:
        """Return the limits as the SMTP door takes them."""
        return SMTPLimits(
            max_size_octets=self.max_size,
            max_recipients=self.max_recipients,
            max_messages=self.max_messages,
            max_errors=self.max_errors,
            max_refused_recipients=self.max_refused_recipients,
            max_idle_commands=self.max_idle_commands,
            error_delay_s=self.error_delay,
            max_command_octets=self.max_command,
            max_line_octets=self.max_line,
            max_hops=self.max_hops,
            strict_pipelining=self.strict_pipelining,
            greet_delay_s=self.greet_delay,
            hello_timeout_s=self.hello_timeout,
            first_message_timeout_s=self.first_message_timeout,
            command_timeout_s=self.command_timeout,
            data_block_timeout_s=self.data_block_timeout,
            data_timeout_s=self.data_timeout,
            min_data_rate=self.min_data_rate,
            data_grace_s=self.data_grace,
            pressure_timeout_s=self.pressure_timeout,
            connections=self.connections,
            connections_per_ip=self.connections_per_ip,
            connections_per_minute_per_ip=self.connections_per_minute_per_ip,
            connections_per_network=self.connections_per_network,
            connections_per_minute_per_network=self.connections_per_minute_per_network,
            messages_per_minute_per_ip=self.messages_per_minute_per_ip,
            recipients_per_minute_per_ip=self.recipients_per_minute_per_ip,
            exempt_networks=self.exempt_networks,
            normalize_networks=self.normalize_networks,
            proxy_networks=self.proxy_networks,
            xclient_networks=self.xclient_networks,
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
    connections: Annotated[
        Count, doc("Connections at one time; not more than a fifth of those files.")
    ] = 5000
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
