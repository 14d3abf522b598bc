"""Doors stopped and started without the rights of the start: a low port, a socket of systemd's."""

from __future__ import annotations

import os
import re
import socket
import time
from pathlib import Path

import pytest

from tests.fakes.process import free_port
from tests.fakes.server import NOBODY, RunningServer, anyones_twistd, inherited, until
from tests.fakes.visitor import Visitor

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="sheds its uid: needs to start as root")


def test_a_socket_from_systemd_stops_and_starts_and_is_handed_back(tmp_path: Path) -> None:
    web_port = free_port()
    server, listening = inherited(
        ("--smtp=systemd:domain=INET:name=smtp",),
        socket.AF_INET,
        tmp_path,
        port=free_port(),
        settings=(f"listen.web=tcp:{web_port}:interface=127.0.0.1",),
    )
    with listening, server:
        server.ready()
        until(lambda: "log in as" in server.log, server.log)
        owner = visitor_of(server, web_port)
        name = "smtp systemd:domain=INET:name=smtp"
        press(owner, "stop", name)
        assert not greeted(server.port)
        press(owner, "start", name)
        assert greeted(server.port)
        press(owner, "stop", name)
        server.stop()
        # systemd waits there for the next connection
        assert listening.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)


@as_root
def test_a_low_port_starts_again_when_the_rights_are_gone(nobodys_home: Path) -> None:
    port, web_port = low_port(), free_port()
    log = nobodys_home / "server.log"
    command = (
        *(f"--uid={NOBODY}", f"--gid={NOBODY}", f"--pidfile={nobodys_home}/twistd.pid"),
        *(f"--logfile={log}", "bitrixmail", f"--smtp=tcp:{port}:interface=127.0.0.1"),
    )
    program, environment = anyones_twistd()
    settings = (f"listen.web=tcp:{web_port}:interface=127.0.0.1",)
    with RunningServer(
        nobodys_home, command, settings=settings, program=program, environment=environment
    ) as server:
        assert server.exit_code() == 0, server.log
        owner = visitor_of(server, web_port)
        name = f"smtp tcp:{port}:interface=127.0.0.1"
        press(owner, "stop", name)
        assert not greeted(port)
        press(owner, "start", name)
        assert greeted(port)


def low_port() -> int:
    """Find a port that root alone may have, and that nobody has."""
    for port in range(600, 1000):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    pytest.skip("no low port is free")


def visitor_of(server: RunningServer, web_port: int) -> Visitor:
    """Return one who has logged in as the first owner, as the start has told."""
    found = re.search(r"log in as (\S+) with the password (\S+)", server.log)
    assert found is not None, server.log
    visitor = Visitor(web_port)
    visitor.log_in(*found.groups())
    visitor.get("/")
    return visitor


def press(visitor: Visitor, what: str, name: str) -> None:
    begun = time.monotonic()
    assert visitor.post(f"/server/{what}", name=name).location == "/server"
    assert time.monotonic() - begun < 1


def greeted(port: int) -> bool:
    """Tell whether a client is greeted; False if he is refused, an error for anything else."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as link:
            return link.recv(3) == b"220"
    except ConnectionRefusedError:
        return False
