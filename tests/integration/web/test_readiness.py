"""What a server whose disk is full answers to those who ask whether it takes mail."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path

from tests.fakes.process import ServerProcess, free_port
from tests.fakes.server import until
from tests.fakes.small_disk import fill, mounted


def asked(port: int, path: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_a_full_disk_is_alive_and_not_ready(tmp_path: Path) -> None:
    metrics = free_port()
    with mounted(tmp_path / "small", "32m") as disk:
        server = ServerProcess(disk / "home", web=True)
        server.configure("listen", f'metrics = ["tcp:{metrics}:interface=127.0.0.1"]')
        with server:
            for port in (server.web_port, metrics):
                assert asked(port, "/readyz")[0] == 200
            filler = fill(disk)
            for port in (server.web_port, metrics):
                assert asked(port, "/healthz")[0] == 200
                status, said = asked(port, "/readyz")
                assert (status, b"the disk is full" in said) == (503, True)
            (fault,) = json.loads(asked(server.web_port, "/readyz")[1])["faults"]
            assert fault["where"] == "server"
            filler.unlink()
            until(lambda: asked(server.web_port, "/readyz")[0] == 200, "not ready", 10)
            until(lambda: asked(metrics, "/readyz")[0] == 200, "not ready", 10)
