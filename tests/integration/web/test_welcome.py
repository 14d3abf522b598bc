"""The first owner's password: told to who starts the server, once, and never to a file of the log."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.fakes.process import free_port
from tests.fakes.server import RunningServer
from tests.fakes.visitor import Visitor

TOLD = re.compile(
    r"log in as (admin) with the password (\S+)\n  It is told this once; another one:"
)


@pytest.mark.parametrize("way", ["foreground", "daemon"])
def test_it_is_told_at_the_terminal_and_not_in_the_log(tmp_path: Path, way: str) -> None:
    log, port = tmp_path / "twistd.log", free_port()
    pidfile = f"--pidfile={tmp_path / 'twistd.pid'}"
    flags = ("-n",) if way == "foreground" else ()
    command = (*flags, f"--logfile={log}", pidfile, "bitrixmail")
    settings = [f"listen.web=tcp:{port}:interface=127.0.0.1"]
    with RunningServer(tmp_path, command, settings=settings) as server:
        server.ready()
        if way == "daemon":
            # Who waited at the terminal has it before he gets it back
            assert server.exit_code() == 0
        found = TOLD.search(server.log)
        assert found is not None, server.log
        assert Visitor(port).log_in(*found.groups()).status == 303
        password = found[2]
        assert "ready as mx.example.org" in log.read_text()
        for file in (log, *server.data_dir.rglob("*")):
            if file.is_file():
                assert password.encode() not in file.read_bytes(), file
