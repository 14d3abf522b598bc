"""Several processes receive mail: real ones, told apart by their session ids."""

from __future__ import annotations

import os
import re
import signal
import socket
import sqlite3
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bench.processes import tree
from bitrixmail.admin.probes.places import Place
from bitrixmail.admin.probes.ports import PortsProbe
from bitrixmail.model.finding import Severity
from tests.fakes.dialogue import Dialogue
from tests.fakes.process import ServerProcess, free_port
from tests.fakes.server import until

ADDRESS = "info@example.org"
PASSWORD = "a password of the test"
_OF_RECEIVER = re.compile(r" accepted .*session_id=[0-9a-f]+\.1-")
_TAKEN = "new settings are in force in a receiver"
_ACCEPTED = re.compile(r" accepted ")


class Receiving(ServerProcess):
    """A server of two processes."""

    metrics_port = 0

    @property
    def receiver(self) -> int:
        [found] = tree(self.pid) - {self.pid}
        return found

    def ready(self, times: int = 1) -> None:
        """Wait until a receiver has got ready so often."""
        until(
            lambda: self.log.read_text().count("receiver 1 is ready") >= times,
            "no receiver\n" + self.log.read_text()[-2000:],
        )

    def accepted(self) -> Counter[bool]:
        """Count the messages accepted by now: True are the receiver's."""
        lines = self.log.read_text().splitlines()
        return Counter(bool(_OF_RECEIVER.search(line)) for line in lines if _ACCEPTED.search(line))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Receiving]:
    server = Receiving(tmp_path / "server")
    server.configure("server", "processes = 2")
    server.metrics_port = free_port()
    server.configure("listen", f'metrics = ["tcp:{server.metrics_port}:interface=127.0.0.1"]')
    site = tmp_path / "site.toml"
    site.write_text(
        '[[domain]]\nname = "example.org"\n'
        f'[[mailbox]]\naddress = "{ADDRESS}"\npassword = "{PASSWORD}"\n'
    )
    server.cli("apply", str(site))
    with server:
        server.ready()
        yield server


def send(server: Receiving, recipient: str = ADDRESS, subject: str = "hello") -> str:
    """Send a message over a connection of its own; return the reply to its recipient or its end."""
    with Dialogue(server.smtp_port, "220") as client:
        client.say("EHLO x.example.net")
        client.say("MAIL FROM:<a@example.net>")
        reply = client.say(f"RCPT TO:<{recipient}>")
        if reply.startswith("250"):
            client.say("DATA")
            reply = client.say(f"Subject: {subject}\r\n\r\nx\r\n.")
        return reply


def send_until_both(server: Receiving, **what: str) -> int:
    """Send until both processes have accepted some; return how many were sent."""
    before, sent = server.accepted(), 0
    while sent < 100:
        assert send(server, **what).startswith("250")
        sent += 1
        if sent >= 4:
            time.sleep(0.03)  # what a receiver logs lies in the pipe for a moment
            if len(server.accepted() - before) == 2:
                break
    assert len(server.accepted() - before) == 2, server.accepted()
    return sent


def stored(server: Receiving, folder: str = "INBOX") -> int:
    """Count what the mailbox holds."""
    query = """SELECT count(*) FROM place JOIN folder ON folder.id = folder_id JOIN mailbox
        ON mailbox.id = folder.mailbox_id WHERE folder.name = ? AND address = ?"""
    with closing(sqlite3.connect(server.data_dir / "bitrixmail.sqlite")) as reader:
        return int(reader.execute(query, (folder, ADDRESS)).fetchone()[0])


def counted(server: Receiving) -> float:
    """Ask the metrics how many messages were accepted."""
    url = f"http://127.0.0.1:{server.metrics_port}/metrics"
    with urllib.request.urlopen(url, timeout=20) as answer:
        text = answer.read().decode()
    return sum(
        map(
            float,
            re.findall(r"^bitrixmail_transitions_total\{.*accepted.*\} (.*)$", text, re.MULTILINE),
        )
    )


def test_both_take_mail_in_and_see_what_changes(server: Receiving) -> None:
    sent = send_until_both(server)
    assert stored(server) == sent
    until(lambda: counted(server) == sent, "the metrics are not those of both")
    server.cli("mailbox", "add", "new@example.org", "--password-stdin", stdin=PASSWORD + "\n")
    server.import_rules(
        '[[rule]]\nname = "n"\n[[rule.condition]]\nfield = "subject"\nop = "contains"\n'
        'value = ["invoice"]\n[[rule.action]]\ndo = "move"\nfolder = "Invoices"\n'
    )
    until(lambda: server.log.read_text().count("rules of version 1 are in force") == 2, "rules")
    send_until_both(server, recipient="new@example.org")
    filed = send_until_both(server, subject="invoice")
    assert stored(server, "Invoices") == filed
    assert stored(server) == sent
    place = Place("smtp", "tcp", server.smtp_port, "127.0.0.1")
    [finding] = PortsProbe([place], server.data_dir).look()
    assert finding.severity is Severity.OK, finding


def test_each_may_die_and_comes_back_and_nothing_is_lost(server: Receiving) -> None:
    sent = send_until_both(server)
    os.kill(server.receiver, signal.SIGKILL)
    until(lambda: "it is started again" in server.log.read_text(), "nobody noticed")
    for _ in range(10):
        assert send(server).startswith("250")
    # The server stands in: nobody waited for the next receiver
    assert server.log.read_text().count("receiver 1 is ready") == 1
    server.ready(2)
    assert stored(server) == sent + 10
    more = send_until_both(server)
    sent += 10 + more
    assert stored(server) == sent
    assert counted(server) >= 10
    # The server itself dies: it comes back on the same port at once
    receiver = Path(f"/proc/{server.receiver}")
    with Dialogue(server.smtp_port, "220"):
        server.kill()
        until(lambda: not receiver.exists(), "the receiver lives on")
    server.start()
    server.ready(3)
    assert stored(server) == sent
    send_until_both(server)


def test_limits_hold_for_both_and_sigterm_ends_both(server: Receiving) -> None:
    server.configure("smtp", "connections_per_ip = 6\nexempt_networks = []\nmax_size = '1MiB'")
    os.kill(server.pid, signal.SIGHUP)
    until(lambda: server.log.read_text().count(_TAKEN) == 1, "not reloaded")
    links, greetings = [], Counter[bytes]()
    for _ in range(16):
        link = socket.create_connection(("127.0.0.1", server.smtp_port), 20)
        greetings[link.recv(100)[:3]] += 1
        links.append(link)
    assert greetings == {b"220": 6, b"421": 10}
    for link in links:
        link.close()
    _end_in_order(server)


def _end_in_order(server: Receiving) -> None:
    """Ask it to end amid messages in both processes."""
    server.configure("smtp", "connections_per_minute_per_ip = 0")
    server.config.write_text(server.config.read_text().replace("_per_ip = 6", "_per_ip = 0"))
    os.kill(server.pid, signal.SIGHUP)
    until(lambda: server.log.read_text().count(_TAKEN) == 2, "not reloaded")
    links = [Dialogue(server.smtp_port, "220") for _ in range(12)]
    for link in links:
        for line in ("EHLO x", "MAIL FROM:<a@example.net>", f"RCPT TO:<{ADDRESS}>", "DATA"):
            link.say(line)
    os.kill(server.pid, signal.SIGTERM)
    time.sleep(0.1)
    replies = [link.say("Subject: x\r\n\r\nx\r\n.") for link in links]
    assert all(reply.startswith("250") for reply in replies), replies
    pids = tree(server.pid)
    assert server.stop() in (0, -signal.SIGTERM)
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids - {server.pid})
    accepted = server.accepted()
    assert all(accepted[where] for where in (True, False)), accepted
    assert accepted.total() == 12
    assert "killed" not in server.log.read_text()
    assert stored(server) == 12
