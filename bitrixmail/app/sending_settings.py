"""The settings of sending: where mail goes, how fast, and how long it is attempted.

See `settings`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, ConfigDict

from bitrixmail.app.values import (
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
from bitrixmail.model.schedule import RetryPlan, Timing
from bitrixmail.model.text import printable
from bitrixmail.outbound.timing.windows import check_window, read_quiet, read_window


def _as_texts(given: object) -> object:
    """Turn one text into a list of it: a comma is part of an expression of cron."""
    if not isinstance(given, str) or given.lstrip().startswith("["):
        return as_list(given)
    return [given] if given.strip() else []


def _readable(read: Callable[[str], object], remedy: str) -> Callable[[object], str]:
    """Return what checks that a text can be read."""

    def checked(given: object) -> str:
        text = str(given)
        try:
            read(text)
        except ValueError as error:
            raise wrong(f"{printable(repr(text), 80)}: {error}", remedy) from None
        return text

    return checked


def _read_window(text: str) -> None:
    check_window(read_window(text))


_Window = Annotated[
    str, BeforeValidator(_readable(_read_window, '"0 22 * * * Europe/Moscow for 8h"'))
]
_Quiet = Annotated[str, BeforeValidator(_readable(read_quiet, '"22:00-08:00 Europe/Moscow"'))]
Windows = Annotated[tuple[_Window, ...], BeforeValidator(_as_texts)]
QuietTimes = Annotated[tuple[_Quiet, ...], BeforeValidator(_as_texts)]


@dataclass(frozen=True, slots=True)
class Outbound:
    """Sending: to which hosts, how fast, and what if one of them is down."""

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
        str,
        doc(
            'A server that takes all mail to send: "smtp.example.com:587". Empty: it goes to the'
            " servers of its recipients."
        ),
    ] = ""
    smarthost_user: Annotated[str, doc("The name to log in with there; empty: no login.")] = ""
    smarthost_password: Annotated[str, doc("The password.")] = ""
    retry: Annotated[
        Durations, doc("Waiting before each new attempt; the last one again and again.")
    ] = (300.0, 900.0, 3600.0, 14400.0)
    lifetime: Annotated[Seconds, doc("How long it is attempted; then its sender gets it back.")] = (
        5 * 86400.0
    )
    delay_notice: Annotated[
        Seconds, doc("After so long its sender is told that it takes longer.")
    ] = 4 * 3600.0
    connections: Annotated[Count, doc("Deliveries at one time, to all destinations.")] = 200
    connections_per_domain: Annotated[
        Count, doc("The same to one domain; it begins with 5 and grows with what goes well.")
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

    def timings(self) -> tuple[Timing, ...]:
        """Return the times at which mail may go out, none if at any."""
        if not self.schedule and not self.quiet:
            return ()
        windows = tuple(read_window(text) for text in self.schedule)
        return (Timing("outbound.schedule", windows, self.quiet),)

    def retry_plan(self) -> RetryPlan:
        """Return the retries as the queue takes them."""
        return RetryPlan(
            intervals=tuple(timedelta(seconds=interval) for interval in self.retry),
            lifetime=timedelta(seconds=self.lifetime),
            delay_notice=timedelta(seconds=self.delay_notice),
        )


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
