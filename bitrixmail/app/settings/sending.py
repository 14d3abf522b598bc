"""The settings of sending: where mail goes, how fast, and how long it is attempted.

See `settings`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, ConfigDict

from bitrixmail.app.settings.routes import (
    LEVELS,
    PRIORITIES,
    REASONS,
    HostPort,
    QuietTimes,
    RetryReasons,
    Route,
    TLSLevels,
    Window,
    Windows,
    faults_of,
    password_faults,
    split_host,
)
from bitrixmail.app.settings.values import (
    FORBID,
    Count,
    Durations,
    Flag,
    Networks,
    Patience,
    Port,
    Seconds,
    Texts,
    as_list,
    doc,
    wrong,
)
from bitrixmail.model import schedule as model
from bitrixmail.model.destination import Level
from bitrixmail.model.errors import Fault
from bitrixmail.model.schedule import RetryPlan, Timing
from bitrixmail.model.text import printable
from bitrixmail.outbound.timing.schedule import Schedule
from bitrixmail.outbound.timing.windows import read_window
from bitrixmail.pickup.addresses import address_of

# Times come back: from which day on they are looked at does not matter.
_SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)


def _origin(given: object) -> str:
    """Return a domain as A-labels, or nothing."""
    text = str(given).strip()
    if not text:
        return ""
    try:
        return address_of(f"root@{text}", "").domain
    except ValueError:
        remedy = 'write it like "example.org"'
        raise wrong(f"{printable(repr(text), 80)} is no domain", remedy) from None


@dataclass(frozen=True, slots=True)
class Outbound:
    """Sending: to which hosts, how fast, and what if one of them is down.

    Reread at SIGHUP, but for `verp`.
    """

    __pydantic_config__: ClassVar[ConfigDict] = FORBID

    relay_networks: Annotated[
        Networks,
        doc(
            "Clients whose mail for other hosts is taken without a login. Whoever can use one of"
            " these addresses can send in your name: only machines of your own."
        ),
    ] = ()
    smtp_port: Annotated[Port, doc("The port of other mail servers.")] = 25
    smarthost: Annotated[
        HostPort,
        doc(
            'A server that takes all mail to send: "smtp.example.com:587". Empty: it goes to the'
            " servers of its recipients."
        ),
    ] = ""
    smarthost_user: Annotated[str, doc("The name to log in with there; empty: no login.")] = ""
    smarthost_password: Annotated[str, doc("The password; or better:")] = ""
    smarthost_password_file: Annotated[
        str, doc("A file whose first line it is, readable by the server's user alone.")
    ] = ""
    retry: Annotated[
        Durations, doc("Waiting before each new attempt; the last one again and again.")
    ] = (300.0, 900.0, 3600.0, 14400.0)
    retry_reasons: Annotated[
        RetryReasons,
        doc(
            "The same by what the other side says, before the longer ones of those:"
            ' { greylisted = ["2m", "5m", "10m"], mailbox_full = ["1h", "4h", "8h"] }, which stands'
            " already, and rate_limited, timeout; further words: unreachable, dns, tls, system."
        ),
    ] = field(default_factory=dict)
    lifetime: Annotated[
        Patience, doc("How long it is attempted; then its sender gets it back.")
    ] = 5 * 86400.0
    delay_notice: Annotated[
        Seconds, doc("After so long its sender is told that it takes longer.")
    ] = 4 * 3600.0
    connections: Annotated[Count, doc("Deliveries at one time, to all destinations.")] = 200
    connections_per_domain: Annotated[
        Count,
        doc("The same to one domain or smarthost; it begins with 5 and grows with what goes well."),
    ] = 20
    connect_timeout: Annotated[Patience, doc("Waiting for a connection.")] = 30.0
    command_timeout: Annotated[Patience, doc("Waiting for a reply.")] = 300.0
    suppress: Annotated[
        Seconds,
        doc(
            "How long nothing more is sent to an address that does not exist: who goes on writing"
            " to such is soon taken for a spammer. `bitrixmail suppression` lists and lifts it."
            " 0: never."
        ),
    ] = 30 * 86400.0
    verp: Annotated[
        Flag,
        doc(
            "Give each recipient of mail from our domains a return path of his own: a bounce then"
            " says by its address of whom it speaks, whatever it says. Each gets a copy by himself."
        ),
    ] = False
    ipv6: Annotated[Flag, doc("Use IPv6 where both sides have it.")] = True
    mta_sts: Annotated[
        Flag, doc("Obey what domains say by MTA-STS of the TLS of their servers (RFC 8461).")
    ] = True
    dane: Annotated[
        Flag, doc("Obey DANE (RFC 7672), where the name server vouches for DNSSEC.")
    ] = True
    private_hosts: Annotated[
        Flag,
        doc("Send to servers with addresses that the Internet can't reach: a closed network."),
    ] = False
    schedule: Annotated[
        Windows,
        doc(
            "When to send; empty: always. Cron's five fields and perhaps a time zone, then for how"
            ' long and how much: "0 22 * * * Europe/Moscow for 8h at 200/min". With a batch alone'
            ' it sends so many at each tick: "*/5 * * * * batch 50". Several in a list.'
        ),
    ] = ()
    quiet: Annotated[
        QuietTimes,
        doc(
            'When not to send, whatever the schedule says: "22:00-08:00 Europe/Moscow", "Sat-Sun".'
        ),
    ] = ()
    tls: Annotated[
        TLSLevels,
        doc(
            'What is demanded of the servers of domains: { "example.com" = "verified",'
            ' "*.example.net" = "encrypted", "*" = "opportunistic" }. Levels: none (in the clear),'
            " opportunistic (encrypted if the server can), encrypted (or not at all), verified"
            " (encrypted, and its certificate or DANE proves that it is the right one). Who has one"
            " of the first two is not asked for what he demands himself by MTA-STS or DANE."
        ),
    ] = field(default_factory=dict)
    route: Annotated[
        tuple[Route, ...],
        BeforeValidator(as_list),
        doc("Other ways for certain mail: by domain of the recipient, and by sender."),
    ] = ()
    window: Annotated[
        tuple[Window, ...],
        BeforeValidator(as_list),
        doc("Other times for certain mail: by sender, route and priority."),
    ] = ()

    def faults(self) -> Iterator[Fault]:
        """Find what is wrong with lists, and with the tables together."""
        lists = {"retry": self.retry}
        lists |= {f"retry_reasons.{word}": found for word, found in self.retry_reasons.items()}
        for key, waits in lists.items():
            if not waits or min(waits) < 1:
                remedy = 'for example ["5m", "1h"]'
                yield Fault(f"outbound.{key}", "has no wait, or one below a second", remedy)
        if self.smarthost:
            where, user = "outbound.smarthost_", self.smarthost_user
            password, file = self.smarthost_password, self.smarthost_password_file
            yield from password_faults(where, user, password, file)
        yield from faults_of(self.route, self.window, self.smarthost)

    def smarthost_place(self) -> tuple[str, int] | None:
        """Return name and port of the server that takes all mail, if there is one."""
        return split_host(self.smarthost) if self.smarthost else None

    def timings(self) -> tuple[Timing, ...]:
        """Return the times at which mail may go out, the first that fits; none if at any."""
        found = [
            Timing(
                f"outbound.window[{number}]",
                _windows(self.schedule if window.schedule is None else window.schedule),
                self.quiet if window.quiet is None else window.quiet,
                routes=frozenset(window.routes),
                senders=frozenset(window.senders),
                priorities=frozenset(PRIORITIES[word] for word in window.priorities),
            )
            for number, window in enumerate(self.window, 1)
        ]
        if self.schedule or self.quiet:
            found.append(Timing("outbound.schedule", _windows(self.schedule), self.quiet))
        return tuple(found)

    def never_open(self, zone: tzinfo) -> Iterator[str]:
        """Yield the names of times that leave none: quiet hours may cover all of a schedule."""
        for timing in self.timings():
            if Schedule(timing, zone).next_open(_SOME_DAY) is None:
                yield timing.name

    def tls_levels(self) -> dict[str, Level]:
        """Return the levels of TLS that the owner demands, by domain."""
        return {domain: LEVELS[word] for domain, word in self.tls.items()}

    def retry_plan(self, route: Route | None = None) -> RetryPlan:
        """Return the retries as the queue takes them, those of a route where it has its own."""
        retry = self.retry if route is None else route.retry or self.retry
        lifetime = self.lifetime if route is None else route.lifetime or self.lifetime
        notice = self.delay_notice if route is None else route.delay_notice or self.delay_notice
        by_reason = {REASONS[word]: _waits(found) for word, found in self.retry_reasons.items()}
        return RetryPlan(
            intervals=_waits(retry),
            by_reason={**RetryPlan().by_reason, **by_reason},
            lifetime=timedelta(seconds=lifetime),
            delay_notice=timedelta(seconds=notice),
        )


def _waits(seconds: Iterable[float]) -> tuple[timedelta, ...]:
    return tuple(timedelta(seconds=each) for each in seconds)


def _windows(texts: Iterable[str]) -> tuple[model.Window, ...]:
    return tuple(read_window(text) for text in texts)


@dataclass(frozen=True, slots=True)
class Pickup:
    """The directory where programs of this machine leave mail: `bitrixmail sendmail install`."""

    __pydantic_config__: ClassVar[ConfigDict] = FORBID

    directory: Annotated[
        str,
        doc(
            'Where. Default: "pickup" in server.data_dir. All users of this machine must be able'
            " to reach it, and nobody but the server to read it."
        ),
    ] = ""
    origin: Annotated[
        str,
        BeforeValidator(_origin),
        doc("The domain of addresses that have none. Default: server.hostname."),
    ] = ""
    trusted_users: Annotated[Texts, doc("Users of this machine who may send as anybody.")] = (
        "root",
    )
    senders: Annotated[
        dict[str, Texts],
        doc(
            'Who else may send as whom: { "www-data" = ["@example.org", "shop@example.com"] }.'
            ' "*" is anybody. A user who is not named may send as any address of our domains.'
        ),
    ] = field(default_factory=dict)
    messages_per_minute: Annotated[
        Count,
        doc(
            "Messages of one user in a minute; 0: no limit. What is more waits in the directory."
            " Trusted users have no limits."
        ),
    ] = 0
    messages_per_hour: Annotated[Count, doc("The same in an hour.")] = 0
    messages_per_day: Annotated[Count, doc("The same in a day.")] = 0
    recipients_per_minute: Annotated[
        Count, doc("Recipients of all these messages together, in a minute.")
    ] = 0
    recipients_per_hour: Annotated[Count, doc("The same in an hour.")] = 0
    recipients_per_day: Annotated[Count, doc("The same in a day.")] = 20000
