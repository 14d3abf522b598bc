"""The settings: frozen values, their defaults and their documentation (the file is made of it).

Sections and keys are spelled as in the file. Sizes are octets, durations seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from bitrixmail.app.endpoints import Endpoint, parse_endpoint
from bitrixmail.app.values import (
    CommandOctets,
    Count,
    Durations,
    Endpoints,
    Level,
    Levels,
    Networks,
    Octets,
    Patience,
    Port,
    Seconds,
    Texts,
    Zone,
)
from bitrixmail.model.limits import AccessLimits, SMTPLimits

_LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
_FORBID = ConfigDict(extra="forbid")
MAX_DRAIN_S = 30.0
# Doors this version opens, and those that come later: their keys are taken, with a warning.
DOORS = ("smtp", "pop3", "pop3s")
DOORS_TO_COME = ("submission", "submissions", "lmtp", "imap", "imaps", "web")


def _doc(text: str) -> object:
    return Field(description=text)


@dataclass(frozen=True, slots=True)
class Server:
    """The server itself: its name, where it keeps its data, how it ends."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    hostname: Annotated[
        str,
        _doc(
            "The name it greets with, and writes into Received fields. Where the MX record points."
            " Default: the full name of this machine."
        ),
    ] = ""
    data_dir: Annotated[
        str,
        _doc(
            "The directory of database, large messages and certificate; made if missing."
            " A relative path starts in the directory where the server was started."
        ),
    ] = "var"
    domains: Annotated[
        Texts,
        Zone,
        _doc(
            "Domains to make at the start if they do not exist; `bitrixmail domain` is the usual"
            " way to make them."
        ),
    ] = ()
    drain_timeout: Annotated[
        Seconds,
        _doc("How long messages on their way in may take to end after SIGTERM; at most 30s."),
    ] = MAX_DRAIN_S


@dataclass(frozen=True, slots=True)
class Listen:
    r"""Where it listens: lists of Twisted endpoint strings; [] is a closed door.

    "tcp:25" means every address, IPv4 and IPv6. More: "tcp:25:interface=192.0.2.1",
    "tcp6:25:interface=2001\:db8\:\:1", "unix:/run/bitrixmail/smtp.sock",
    "systemd:domain=INET6:name=smtp" (a socket that systemd opened, etc/systemd).
    """

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    smtp: Annotated[Endpoints, _doc("Mail from other servers. Port 25 needs a right: README.")] = (
        parse_endpoint("tcp:20225"),
    )
    submission: Annotated[Endpoints, _doc("Not in this version.")] = ()
    submissions: Annotated[Endpoints, _doc("Not in this version.")] = ()
    lmtp: Annotated[Endpoints, _doc("Not in this version.")] = ()
    pop3: Annotated[Endpoints, _doc("Mail programs that collect, with STLS.")] = (
        parse_endpoint("tcp:2110"),
    )
    pop3s: Annotated[Endpoints, _doc("The same, TLS from the first octet (usual port: 995).")] = ()
    imap: Annotated[Endpoints, _doc("Not in this version.")] = ()
    imaps: Annotated[Endpoints, _doc("Not in this version.")] = ()
    web: Annotated[Endpoints, _doc("Not in this version.")] = ()

    def door(self, name: str) -> tuple[Endpoint, ...]:
        """Return the endpoints of a door by its name."""
        endpoints: tuple[Endpoint, ...] = getattr(self, name)
        return endpoints


@dataclass(frozen=True, slots=True)
class TLS:
    """Certificate and key, PEM files. None given: a self-signed one is made in data_dir.

    Reread at SIGHUP: new connections get the new certificate.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    certificate: Annotated[str, _doc("The certificate, and behind it those of its chain.")] = ""
    key: Annotated[str, _doc("Its private key, without a passphrase.")] = ""


@dataclass(frozen=True, slots=True)
class Database:
    """Where everything is kept that is not a large message."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    url: Annotated[
        str,
        _doc('A file of SQLite. Default: "sqlite:///" and bitrixmail.sqlite in server.data_dir.'),
    ] = ""


@dataclass(frozen=True, slots=True)
class DNS:
    """Name servers. Not asked by this version."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    servers: Annotated[Texts, _doc('Like ["127.0.0.1:5300"]; empty: those of the system.')] = ()


@dataclass(frozen=True, slots=True)
class SMTP:
    """Limits of the SMTP door; a size or count of 0: no limit. Reread at SIGHUP."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    max_size: Annotated[Octets, _doc("The largest message.")] = 50 * 2**20
    max_recipients: Annotated[Count, _doc("Recipients of one message; the rest is sent again.")] = (
        1000
    )
    max_messages: Annotated[Count, _doc("Messages of one connection.")] = 1000
    max_errors: Annotated[Count, _doc("Wrong or refused commands before it hangs up.")] = 20
    max_command: Annotated[CommandOctets, _doc("The longest command line, 512B at least.")] = 4096
    max_line: Annotated[
        Octets,
        _doc("The longest line of a message; a longer one is refused at its end."),
    ] = 2048
    max_hops: Annotated[Count, _doc("Received fields before a message is going in circles.")] = 50
    command_timeout: Annotated[
        Patience, _doc("Waiting for a command, or for the next part of a message.")
    ] = 300.0
    data_timeout: Annotated[
        Patience,
        _doc("For the whole content of a message. 600s for 50MiB need 85KiB in each second."),
    ] = 600.0
    connections: Annotated[Count, _doc("Connections at one time.")] = 5000
    connections_per_ip: Annotated[
        Count, _doc("The same of one address (IPv6: of one /64 network).")
    ] = 50
    connections_per_minute_per_ip: Annotated[Count, _doc("New ones of it in a minute.")] = 60
    exempt_networks: Annotated[
        Networks, _doc("Free of the limits per address only. Never a right to relay.")
    ] = _LOOPBACK
    normalize_networks: Annotated[
        Networks,
        _doc(
            "Whose bare CR or LF in a message is mended into CRLF. From anyone else it is refused:"
            " that is how messages are smuggled."
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
        )


@dataclass(frozen=True, slots=True)
class Access:
    """Limits of the doors for readers; a size or count of 0: no limit. Reread at SIGHUP."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    failed_logins_per_minute: Annotated[
        Count, _doc("Wrong passwords of one address, and for one mailbox, before it must wait.")
    ] = 20
    idle_timeout: Annotated[Patience, _doc("Waiting for a command after login.")] = 600.0
    login_timeout: Annotated[Patience, _doc("Waiting for a command before login.")] = 60.0
    max_errors: Annotated[Count, _doc("Wrong commands before it hangs up.")] = 20
    connections: Annotated[Count, _doc("Connections at one time.")] = 5000
    connections_per_ip: Annotated[
        Count, _doc("The same of one address (IPv6: of one /64 network).")
    ] = 50
    exempt_networks: Annotated[
        Networks, _doc("Free of the limit per address; logins are checked as from anywhere.")
    ] = _LOOPBACK

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
        )


@dataclass(frozen=True, slots=True)
class Outbound:
    """Sending. Kept for the version that sends."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    smtp_port: Annotated[Port, _doc("The port of other mail servers.")] = 25
    smarthost: Annotated[str, _doc("A server that takes all mail to send; empty: none.")] = ""
    retry: Annotated[Durations, _doc("Waiting before each new attempt.")] = (
        300.0,
        900.0,
        3600.0,
        14400.0,
    )
    lifetime: Annotated[Seconds, _doc("How long it is attempted.")] = 5 * 86400.0
    connect_timeout: Annotated[Seconds, _doc("Waiting for a connection.")] = 30.0
    command_timeout: Annotated[Seconds, _doc("Waiting for a reply.")] = 300.0
    schedule: Annotated[str, _doc("When to send; empty: always.")] = ""


@dataclass(frozen=True, slots=True)
class Store:
    """How messages are kept."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    inline_threshold: Annotated[
        Octets, _doc("Up to this size a message is a row of the database, above it a file.")
    ] = 64 * 2**10


@dataclass(frozen=True, slots=True)
class Rules:
    """How rules are run."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    time_limit: Annotated[
        Patience, _doc("For one regular expression on one message; then the rule is skipped.")
    ] = 0.1
    timezone: Annotated[
        Zone, _doc('Of the times in rules that name none, "Europe/Moscow"; empty: the host\'s.')
    ] = ""


@dataclass(frozen=True, slots=True)
class Log:
    """The log, on standard output or in the file that twistd's --logfile names.

    Levels: debug, info, warn, error, critical; reread at SIGHUP.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    level: Annotated[Level, _doc("The lowest level that is written.")] = "info"
    format: Annotated[str, Field(description="text or json.", pattern="^(text|json)$")] = "text"
    levels: Annotated[
        Levels,
        _doc('Other levels by namespace, for example { "bitrixmail.smtp" = "debug" }.'),
    ] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings. Made once by `loading.load_settings`, and again at SIGHUP."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID

    server: Server = Server()
    listen: Listen = Listen()
    tls: TLS = TLS()
    database: Database = Database()
    dns: DNS = DNS()
    smtp: SMTP = SMTP()
    access: Access = Access()
    outbound: Outbound = Outbound()
    store: Store = Store()
    rules: Rules = Rules()
    log: Log = field(default_factory=Log)

    @property
    def data_dir(self) -> Path:
        """The data directory, absolute once loaded."""
        return Path(self.server.data_dir)

    def warnings(self) -> tuple[str, ...]:
        """Return what is no fault, but should be known: one sentence each."""
        told = [
            f"this version has no {name.upper()} door: listen.{name} is not opened"
            for name in DOORS_TO_COME
            if self.listen.door(name)
        ]
        if "." not in self.server.hostname:
            told.append(
                f'the server calls itself "{self.server.hostname}", a name no other mail server'
                ' can look up: set server.hostname to its full name, like "mx.example.org"'
            )
        if not any(self.listen.door(name) for name in DOORS):
            told.append("every door is closed: set listen.smtp or listen.pop3")
        return tuple(told)
