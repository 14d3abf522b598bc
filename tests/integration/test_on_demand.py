"""Receivers that come under load, rest and end: real processes, and a book of what they said."""

from __future__ import annotations

import os
import re
import signal
import smtplib
import sqlite3
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any, Self, cast

import pytest
from twisted.internet import reactor
from twisted.internet.protocol import Factory

from bench.processes import tree
from bitrixmail.app.listening.listeners import Listener
from bitrixmail.app.receiving.helping import WINDOW_S
from bitrixmail.app.settings.endpoints import parse_endpoint
from bitrixmail.model.errors import SetupError
from tests.fakes.process import ServerProcess
from tests.fakes.server import until

ADDRESS = "info@example.org"
PASSWORD = "a password of the test"
_OF_RECEIVER = re.compile(r" accepted .*session_id=[0-9a-f]+\.1-")
_STORED = """SELECT message.message_id, count(*) FROM place
    JOIN message ON message.id = place.message_id GROUP BY message.message_id"""
# Of letters, in all tests: they go to one store
_NUMBERS = count()

pytestmark = pytest.mark.skipif(
    len(os.sched_getaffinity(0)) < 2, reason="on one core there are no further processes"
)


class OnDemand(ServerProcess):
    """A server that asks for help early."""

    program = (sys.executable, "-m", "tests.fakes.eager")

    @property
    def receivers(self) -> frozenset[int]:
        return tree(self.pid) - {self.pid}

    def says(self, words: str, times: int = 1) -> None:
        """Wait until something stands so often in its log."""
        until(lambda: self.log.read_text().count(words) >= times, self.end_of_log(words))

    def end_of_log(self, words: str) -> str:
        lines = [line for line in self.log.read_text().splitlines() if " mail: " not in line]
        return f"no “{words}” behind\n" + "\n".join(lines[-20:])

    def has_both(self) -> None:
        """Wait until a receiver has accepted messages, from now on."""
        before = len(_OF_RECEIVER.findall(self.log.read_text()))
        until(lambda: len(_OF_RECEIVER.findall(self.log.read_text())) > before, "all is one's")


class Senders:
    """Clients that send at full speed, and the book of what was acknowledged. Use `with`.

    `each` is how many messages a connection brings, and may be changed; 0: none is made.
    """

    def __init__(self, port: int, threads: int = 4) -> None:
        self._port = port
        self.each = 25
        self.acknowledged: set[str] = set()
        self.faults: list[str] = []
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._send, daemon=True) for _ in range(threads)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(30)

    def connected(self) -> smtplib.SMTP:
        return smtplib.SMTP("127.0.0.1", self._port, "c.example.net", 20)

    def letter(self, client: smtplib.SMTP) -> None:
        """Send one; it stands in the book once it is acknowledged."""
        name = f"<{next(_NUMBERS)}@example.net>"
        client.sendmail("a@example.net", [ADDRESS], f"Message-ID: {name}\r\n\r\n{'x' * 70}\r\n")
        self.acknowledged.add(name)

    def _send(self) -> None:
        while not self._over.is_set():
            if not self.each:
                time.sleep(0.01)
                continue
            try:
                self._connection()
            except (OSError, smtplib.SMTPException) as error:
                self.faults.append(repr(error))
                time.sleep(0.02)

    def _connection(self) -> None:
        client = self.connected()
        with closing(client):
            for _ in range(self.each):
                self.letter(client)
                if self._over.is_set():
                    break
            client.quit()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> OnDemand:
    """Make a server that does not run, once: its mailbox takes a command."""
    folder = tmp_path_factory.mktemp("demand")
    server = OnDemand(
        folder / "server", '[log.levels]\n"bitrixmail.app.receiving.on_demand" = "debug"\n'
    )
    site = folder / "site.toml"
    site.write_text(
        '[[domain]]\nname = "example.org"\n'
        f'[[mailbox]]\naddress = "{ADDRESS}"\npassword = "{PASSWORD}"\n'
    )
    server.cli("apply", str(site))
    return server


@pytest.fixture
def server(home: OnDemand) -> Iterator[OnDemand]:
    home.log.write_text("")
    with home:
        yield home


def judge(server: OnDemand, senders: Senders) -> None:
    """Every acknowledged message is filed, none twice."""
    with closing(sqlite3.connect(server.data_dir / "bitrixmail.sqlite")) as reader:
        stored = Counter(dict(reader.execute(_STORED).fetchall()))
    assert not senders.acknowledged - stored.keys()
    assert max(stored.values()) == 1


def test_they_come_rest_and_end_and_no_connection_is_lost(server: OnDemand) -> None:
    assert not server.receivers
    tell_a_second_server(server)
    with Senders(server.smtp_port) as senders:
        server.says("receivers start, ")
        server.has_both()
        kept = [senders.connected() for _ in range(8)]
        for client in kept:
            senders.letter(client)
        senders.each = 1
        server.says("receivers rest")
        for client in kept:
            senders.letter(client)
        senders.each = 25
        server.says("receivers accept again")
        server.has_both()
        senders.each = 0
        server.says("receivers end: there was too little")
        time.sleep(3 * WINDOW_S)  # by now it would have cut them
        for client in kept:  # those of the receiver end it with the last of them
            senders.letter(client)
            client.quit()
        server.says("receiver 1 has ended")
        assert not server.receivers
        assert not senders.faults
        senders.each = 25
        server.says("receivers start, ", 2)
    assert not senders.faults
    assert server.stop() in (0, -signal.SIGTERM)
    judge(server, senders)


def tell_a_second_server(server: OnDemand) -> None:
    """Start one on the same port: it is told at once, and by whom the port is held."""
    endpoint = parse_endpoint(f"tcp:{server.smtp_port}:interface=127.0.0.1")
    listener = Listener(cast("Any", reactor), "smtp", endpoint, Factory(), processes=2)
    begun = time.monotonic()
    with pytest.raises(SetupError, match=rf"taken by .*\(PID {server.pid}, user "):
        listener.privilegedStartService()
    assert time.monotonic() - begun < 1


def test_each_may_be_killed_at_any_of_these_moments(server: OnDemand) -> None:
    with Senders(server.smtp_port) as senders:
        server.has_both()
        [receiver] = server.receivers
        server.kill()
        server.start()
        server.says("receivers start, ", 2)
        until(lambda: not Path(f"/proc/{receiver}").exists(), "it outlives its server")
        kill_the_receiver(server)  # while it starts
        server.says("it is started again")
        server.has_both()
        senders.each = 1
        server.says("receivers rest")
        kill_the_receiver(server)
        server.says("it is started again when it is of help")
        senders.each = 25
        server.says("receivers start, ", 3)
        [starting] = server.receivers
        server.kill()
        until(lambda: not Path(f"/proc/{starting}").exists(), "it starts without its server")
    judge(server, senders)
    assert len(senders.acknowledged) > 100


def kill_the_receiver(server: OnDemand) -> None:
    [receiver] = server.receivers
    os.kill(receiver, signal.SIGKILL)
