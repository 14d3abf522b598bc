"""The settings: frozen values, their defaults and their documentation (the file is made of it).

Sections and keys are spelled as in the file. Sizes are octets, durations seconds.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from bitrixmail.app.settings.actions import Actions
from bitrixmail.app.settings.commands import Commands
from bitrixmail.app.settings.doors import SMTP, Access
from bitrixmail.app.settings.endpoints import Endpoint, parse_endpoint
from bitrixmail.app.settings.extensions import Extensions
from bitrixmail.app.settings.sending import Outbound, Pickup
from bitrixmail.app.settings.spam import Spam
from bitrixmail.app.settings.submission import Submission
from bitrixmail.app.settings.values import (
    AUTO_PROCESSES,
    FORBID,
    Count,
    DomainNames,
    Endpoints,
    Flag,
    IPAddresses,
    Level,
    Levels,
    NameServers,
    Networks,
    Octets,
    Patience,
    Processes,
    Seconds,
    Texts,
    Trust,
    Zone,
    doc,
)
from bitrixmail.model.answer import Bounds
from bitrixmail.rules.times import zone_of

MAX_DRAIN_S = 30.0
# Doors this version opens, and those that come later: their keys are taken, with a warning.
DOORS = ("smtp", "submission", "submissions", "lmtp", "pop3", "pop3s", "web", "webs")
DOORS_TO_COME = ("imap", "imaps")


@dataclass(frozen=True, slots=True)
class Server:
    """The server itself: its name, where it keeps its data, how it ends."""

    __pydantic_config__: ClassVar[ConfigDict] = FORBID

    hostname: Annotated[
        str,
        doc(
            "The name it greets with, and writes into Received fields. Where the MX record points."
            " Default: the full name of this machine."
        ),
    ] = ""
    data_dir: Annotated[
        str,
        doc(
            "The directory of database, large messages and certificate; made if missing."
            " A relative path starts in the directory where the server was started."
        ),
    ] = "var"
    domains: Annotated[
        Texts,
        Zone,
        doc(
            "Domains to make at the start if they do not exist; `bitrixmail domain` is the usual"
            " way to make them."
        ),
    ] = ()
    public_addresses: Annotated[
        IPAddresses,
        doc(
            "The addresses under which other servers reach this one, if a router or a cloud stands"
            ' before it: ["198.51.100.7"]. Empty: those of this machine. For `bitrixmail doctor`.'
        ),
    ] = ()
    processes: Annotated[
        Processes,
        doc(
            'How many processes receive mail: a number up to 16, or "auto". One keeps one core of'
            ' the machine busy; each further one takes about 100 MB. With "auto" there is one, and'
            " as many more as there are cores, up to 4 in all, only while it is at its limit with"
            " connections that bring several messages each. All limits hold for them together."
        ),
    ] = AUTO_PROCESSES
    drain_timeout: Annotated[
        Seconds,
        doc("How long messages on their way in may take to end after SIGTERM; at most 30s."),
    ] = MAX_DRAIN_S


@dataclass(frozen=True, slots=True)
class Listen:
    r"""Where it listens: lists of Twisted endpoint strings; [] is a closed door.

    "tcp:25" means every address, IPv4 and IPv6. More: "tcp:25:interface=192.0.2.1",
    "tcp6:25:interface=2001\:db8\:\:1", "unix:/run/bitrixmail/smtp.sock",
    "systemd:domain=INET6:name=smtp" (a socket that systemd opened, etc/systemd).
    """

    __pydantic_config__: ClassVar[ConfigDict] = FORBID

    smtp: Annotated[Endpoints, doc("Mail from other servers. Port 25 needs a right: README.")] = (
        parse_endpoint("tcp:20225"),
    )
    submission: Annotated[
        Endpoints,
        doc("Mail of your own mailboxes, behind a login and STARTTLS (usual port: 587)."),
    ] = (parse_endpoint("tcp:2587"),)
    submissions: Annotated[
        Endpoints, doc("The same, TLS from the first octet (usual port: 465).")
    ] = ()
    lmtp: Annotated[
        Endpoints,
        doc(
            "Mail from a mail server of this machine, and from there alone:"
            ' ["unix:/run/bitrixmail/lmtp.sock"] or ["tcp:2524:interface=127.0.0.1"].'
        ),
    ] = ()
    pop3: Annotated[Endpoints, doc("Mail programs that collect, with STLS.")] = (
        parse_endpoint("tcp:2110"),
    )
    pop3s: Annotated[Endpoints, doc("The same, TLS from the first octet (usual port: 995).")] = ()
    imap: Annotated[Endpoints, doc("Not in this version.")] = ()
    imaps: Annotated[Endpoints, doc("Not in this version.")] = ()
    web: Annotated[
        Endpoints,
        doc(
            "The pages and the API, by HTTP: for this machine, or behind a web server that knows"
            " TLS."
        ),
    ] = (parse_endpoint("tcp:8025:interface=127.0.0.1"),)
    webs: Annotated[
        Endpoints, doc("The same under TLS, with the certificate below; for a browser elsewhere.")
    ] = ()
    metrics: Annotated[
        Endpoints,
        doc(
            "/metrics for Prometheus and /healthz, by HTTP and without a password, so for this"
            ' machine only: ["tcp:8026:interface=127.0.0.1"].'
        ),
    ] = ()

    attachments: Annotated[
        Endpoints,
        doc(
            "Files of messages, by HTTP, for who has a signed link to one: docs/webhooks.md. The"
            ' web server of your site stands before it: ["tcp:8027:interface=127.0.0.1"].'
        ),
    ] = ()

    def door(self, name: str) -> tuple[Endpoint, ...]:
        """Return the endpoints of a door by its name."""
        endpoints: tuple[Endpoint, ...] = getattr(self, name)
        return endpoints


@dataclass(frozen=True, slots=True)
class TLS:
    """Certificate and key, PEM files. None given: a self-signed one is made in data_dir.

    Reread at SIGHUP: new connections get the new certificate.
    """

    __pydantic_config__: ClassVar[ConfigDict] = FORBID

    certificate: Annotated[str, doc("The certificate, and behind it those of its chain.")] = ""
    key: Annotated[str, doc("Its private key, without a passphrase.")] = ""


@dataclass(frozen=True, slots=True)
class Database:
    """Where everything is kept that is not a large message."""

    __pydantic_config__: ClassVar[ConfigDict] = FORBID

    url: Annotated[
        str,
        doc('A file of SQLite. Default: "sqlite:///" and bitrixmail.sqlite in server.data_dir.'),
    ] = ""


@dataclass(frozen=True, slots=True)
class DNS:
    """Name servers: where mail goes, and what `bitrixmail doctor` looks up."""

    __pydantic_config__: ClassVar[ConfigDict] = FORBID

    servers: Annotated[
        NameServers,
        doc('Like ["127.0.0.1:5300", "[::1]:5300"]; empty: those of the system.'),
    ] = ()
    validates: Annotated[
        Trust,
        doc(
            'Whether they check DNSSEC and may be believed, as DANE needs: "yes", "no", or "auto",'
            " which is yes on this machine, and for the system's with `trust-ad` in resolv.conf."
        ),
    ] = "auto"
    timeout: Annotated[
        Patience, doc("Waiting for an answer: all servers and attempts of one question together.")
    ] = 5.0


@dataclass(frozen=True, slots=True)
class Doctor:
    """The look at what keeps mail away: `bitrixmail doctor`, and at the start of the server."""

    __pydantic_config__: ClassVar[ConfigDict] = FORBID

    at_start: Annotated[
        Flag,
        doc(
            "Look soon after the start, and write what fails into the log. It asks the name servers"
            " for the domains; nobody else is connected to."
        ),
    ] = True
    daily: Annotated[
        Flag,
        doc(
            "Look at the records of the domains in the DNS once a day: what was right and is not"
            " any more is written into the log, and keys whose records are found begin to sign."
        ),
    ] = True
    outgoing: Annotated[
        DomainNames,
        doc(
            "Domains whose mail server `bitrixmail doctor` greets, to see whether port 25 is open"
            " to the outside; [] = none."
        ),
    ] = ("gmail.com", "yandex.ru", "mail.ru")


@dataclass(frozen=True, slots=True)
class Store:
    """How messages are kept."""

    __pydantic_config__: ClassVar[ConfigDict] = FORBID

    inline_threshold: Annotated[
        Octets, doc("Up to this size a message is a row of the database, above it a file.")
    ] = 64 * 2**10


@dataclass(frozen=True, slots=True)
class Web:
    """The pages and the API."""

    __pydantic_config__: ClassVar[ConfigDict] = FORBID

    calls_per_minute: Annotated[
        Count, doc("Calls of the API by one token, or one session, within a minute.")
    ] = 1200
    proxy_networks: Annotated[
        Networks,
        doc(
            "Reverse proxies that are believed for whom they ask, by X-Forwarded-For and"
            " X-Forwarded-Proto (docs/web/proxy.md)."
        ),
    ] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """How rules are run."""

    __pydantic_config__: ClassVar[ConfigDict] = FORBID

    time_limit: Annotated[
        Patience, doc("For one regular expression on one message; then the rule is skipped.")
    ] = 0.1
    timezone: Annotated[
        Zone, doc('Of the times in rules that name none, "Europe/Moscow"; empty: the host\'s.')
    ] = ""
    forwards_per_hour: Annotated[
        Count,
        doc("Messages that rules pass on from one mailbox within an hour; the others wait."),
    ] = 500
    forwards_per_hour_to_one: Annotated[Count, doc("The same to one address.")] = 300
    replies_per_hour: Annotated[
        Count,
        doc(
            "Answers that rules give for one mailbox within an hour, acknowledgements of tickets"
            " among them; more are not given."
        ),
    ] = 100

    def bounds(self) -> Bounds:
        """Return how much rules may send by themselves."""
        return Bounds(self.forwards_per_hour, self.forwards_per_hour_to_one, self.replies_per_hour)


@dataclass(frozen=True, slots=True)
class Log:
    """The log, on standard output or in the file that twistd's --logfile names.

    Levels: debug, info, warn, error, critical; reread at SIGHUP.
    """

    __pydantic_config__: ClassVar[ConfigDict] = FORBID

    level: Annotated[Level, doc("The lowest level that is written.")] = "info"
    format: Annotated[str, Field(description="text or json.", pattern="^(text|json)$")] = "text"
    levels: Annotated[
        Levels,
        doc('Other levels by namespace, for example { "bitrixmail.smtp" = "debug" }.'),
    ] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings. Made once by `loading.load_settings`, and again at SIGHUP."""

    __pydantic_config__: ClassVar[ConfigDict] = FORBID

    server: Server = Server()
    listen: Listen = Listen()
    tls: TLS = TLS()
    database: Database = Database()
    dns: DNS = DNS()
    doctor: Doctor = Doctor()
    smtp: SMTP = field(default_factory=SMTP)
    access: Access = field(default_factory=Access)
    submission: Submission = field(default_factory=Submission)
    outbound: Outbound = field(default_factory=Outbound)
    actions: Actions = field(default_factory=Actions)
    pickup: Pickup = field(default_factory=Pickup)
    store: Store = Store()
    rules: Rules = Rules()
    extensions: Extensions = field(default_factory=Extensions)
    commands: Commands = field(default_factory=dict)
    spam: Spam = field(default_factory=Spam)
    web: Web = Web()
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
        told += [
            f"listen.metrics: {endpoint} may be open to other machines, and asks for no password:"
            ' write it like "tcp:8026:interface=127.0.0.1"'
            for endpoint in self.listen.metrics
            if not endpoint.only_here
        ]
        told += [
            f"listen.lmtp: {endpoint} can be reached by other machines, which are all turned away:"
            ' write it like "tcp:2524:interface=127.0.0.1"'
            for endpoint in self.listen.lmtp
            if not endpoint.only_here and endpoint.kind != "systemd"
        ]
        told += [
            f"commands.{name}: {command.argv[0]} is not there, or may not be run"
            for name, command in self.commands.items()
            if not command.user and not os.access(command.argv[0], os.X_OK)
        ]
        told += [
            f"{name} never opens, and mail that keeps to it waits for ever: its quiet hours cover"
            " all of its schedule"
            for name in self.outbound.never_open(zone_of(self.rules.timezone or "UTC"))
        ]
        return tuple(told)
