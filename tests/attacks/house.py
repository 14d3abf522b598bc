"""The whole way in, in memory: the SMTP door, gate, rules and store, the mail log and its file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import cast

from twisted.internet.address import IPv4Address
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher

from bitrixmail.app.watching.logs import LogWriter
from bitrixmail.app.watching.maillog import MailLog
from bitrixmail.link.proxied import Proxied
from bitrixmail.model.limits import SMTPLimits
from bitrixmail.rules.judging import Judging
from bitrixmail.smtp.factory import SMTPFactory
from bitrixmail.store.opening import inline_stores
from tests.attacks.sessions import EVERYWHERE
from tests.dialogs.dialog import MemoryConnection
from tests.fakes.real_gate import gate_of, judge_of
from tests.fakes.stores import result_of


@dataclass
class Log:
    """What a log file holds, in both its forms, and the events that were told."""

    events: list[LogEvent] = field(default_factory=list)
    text: StringIO = field(default_factory=StringIO)
    json: StringIO = field(default_factory=StringIO)


@contextmanager
def logged() -> Iterator[Log]:
    """Write every event as the server would."""
    log = Log()
    writers = LogWriter(log.text, as_json=False), LogWriter(log.json, as_json=True)

    def write(event: LogEvent) -> None:
        log.events.append(event)
        for writer in writers:
            writer(event)

    observer = cast("ILogObserver", write)
    globalLogPublisher.addObserver(observer)
    try:
        yield log
    finally:
        globalLogPublisher.removeObserver(observer)


class House:
    """Made by `house_at`. Its door trusts everybody to be a mail proxy; `proxied` one of the other kind."""

    def __init__(self, data_dir: Path) -> None:
        clock = Clock()
        clock.advance(1_800_000_000)
        self.clock = clock
        now = cast("IReactorTime", clock)
        url = f"sqlite:///{data_dir}/bitrixmail.sqlite"
        self.stores = inline_stores(url, data_dir, now)
        limits = SMTPLimits(
            max_errors=0,
            max_idle_commands=0,
            max_refused_recipients=0,
            error_delay_s=0.0,
            strict_pipelining=False,
            connections_per_ip=0,
            connections_per_minute_per_ip=0,
            connections_per_network=0,
            connections_per_minute_per_network=0,
            proxy_networks=EVERYWHERE,
            xclient_networks=EVERYWHERE,
        )
        self.judge = judge_of(self.stores, now, Judging(0.5))
        maillog = MailLog()
        self.gate = gate_of(self.stores, now, maillog, judge=self.judge, limits=limits)
        self.factory = SMTPFactory(self.gate, now, maillog, "mx.example.org", limits, None)
        self.proxied = Proxied(self.factory, self.factory, maillog)

    def say(self, *lines: bytes, proxied: bool = False) -> list[str]:
        """Say lines in one session, each in a write of its own; return what is answered."""
        connection = MemoryConnection(self.proxied if proxied else self.factory)
        for line in lines:
            connection.send(line + b"\r\n")
        said: bytes = connection.transport.value()
        connection.abort()
        return said.decode("utf-8").splitlines()


@contextmanager
def house_at(data_dir: Path) -> Iterator[House]:
    """Open the stores of a data directory behind a door; write what was refused at the end."""
    house = House(data_dir)
    with house.stores:
        result_of(house.judge.load())
        yield house
        result_of(house.gate.refusals.write())


PEER = IPv4Address("TCP", "192.0.2.1", 4242)
