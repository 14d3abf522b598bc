"""The doctor on a machine with one thing wrong: it is named, and its remedy, followed, mends it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.namespace import Namespaces, as_root
from tests.fakes.process import BIN, free_port
from tests.fakes.server import RunningServer

_LISTEN = (
    "import socket, sys, time\n"
    "server = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
    "print('listening', flush=True)\n"
    "time.sleep(300)\n"
)


def examined(
    home: Path, probe: str, settings: Sequence[str], before: Sequence[str] = ()
) -> tuple[int, list[dict[str, Any]]]:
    """Run the doctor; return its exit code and its findings."""
    words = [word for setting in settings for word in ("--set", setting)]
    done = subprocess.run(
        [*before, BIN / "bitrixmail", f"--data-dir={home}/var", *words,
         "doctor", "--only", probe, "--json"],
        capture_output=True, text=True, timeout=60, cwd=home, check=False,
        env={"PATH": os.environ["PATH"]},
    )  # fmt: skip
    assert done.returncode in (0, 1, 2), done.stderr
    return done.returncode, json.loads(done.stdout)["findings"]


def commands(finding: dict[str, Any]) -> list[str]:
    """Return the remedies that are commands: a sentence ends like one."""
    return [remedy for remedy in finding["remedies"] if remedy[-1] not in ".:"]


@contextmanager
def somebody_on(port: int) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [sys.executable, "-c", _LISTEN, str(port)], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"listening\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_taken_port(tmp_path: Path) -> None:
    port = free_port()
    settings = [f"listen.smtp=tcp:{port}"]
    with somebody_on(port) as other:
        code, (found, *_others) = examined(tmp_path, "port", settings)
        assert (code, found["severity"], found["subject"]) == (2, "failure", f"smtp tcp:{port}")
        assert f"(PID {other.pid}, user " in found["what"]
        assert f"listens on port {port} of 127.0.0.1" in found["what"]
        look, end, elsewhere = commands(found)
        assert str(other.pid) in subprocess.check_output(look, shell=True, text=True)
        # The other way out: the setting that is offered.
        setting = f"listen.smtp={json.loads(elsewhere.removeprefix('smtp = '))[0]}"
        code, (found, *_others) = examined(tmp_path, "port", [setting])
        assert (code, found["severity"]) == (0, "ok")
        subprocess.run(end, shell=True, check=True)
        assert other.wait(10) == -signal.SIGTERM
    code, (found, *_others) = examined(tmp_path, "port", settings)
    assert (code, found["severity"], found["what"]) == (0, "ok", "the port is free")


def test_our_own_server_is_no_stranger(tmp_path: Path) -> None:
    with RunningServer(tmp_path) as server:
        server.ready()
        settings = [
            f"listen.smtp=tcp:{server.port}:interface=127.0.0.1",
            f"listen.pop3=tcp:{server.pop3_port}:interface=127.0.0.1",
            "listen.submission=",
            "listen.web=",
        ]
        code, findings = examined(tmp_path, "port", settings)
        assert code == 0
        ours = f"our own server listens there (PID {server.process.pid})"
        assert [found["what"] for found in findings] == [ours, ours]


@as_root
@pytest.mark.debian("nftables", "iproute2")
def test_a_firewall_that_drops_the_port(tmp_path: Path) -> None:
    settings = ["listen.smtp=tcp:20225", "listen.pop3=", "listen.web=", "listen.submission="]
    with (
        Namespaces() as machine,
        RunningServer(
            tmp_path, settings=settings, program=(*machine.inside, str(BIN / "twistd"))
        ) as server,
    ):
        machine.run("nft", "-f", "-", stdin=DROPPING)
        server.logs("ready as")
        assert not machine.reaches(20225)
        code, (found,) = examined(tmp_path, "firewall", settings, machine.inside)
        assert (code, found["severity"]) == (2, "failure")
        assert "port 20225 is closed to strangers by IPv4 and IPv6" in found["what"]
        assert "table inet filter, chain input drops them by its policy" in found["what"]
        for command in commands(found):
            machine.shell(command)
        code, (found,) = examined(tmp_path, "firewall", settings, machine.inside)
        assert (code, found["severity"]) == (0, "ok")
        assert machine.reaches(20225, 4, 5.0)
        assert machine.reaches(20225, 6, 5.0)
        assert machine.reaches_itself(20225, 4, 5.0)


DROPPING = """\
table inet filter {
    chain input {
        type filter hook input priority 0; policy drop;
        meta l4proto ipv6-icmp accept
        tcp dport 22 accept
    }
}
"""


@as_root
@pytest.mark.debian("nftables", "iproute2")
def test_a_redirect_that_is_missing(tmp_path: Path) -> None:
    # Not the port of the ready file, so that the commands are those for any port.
    settings = ["listen.smtp=tcp:20226", "listen.pop3=", "listen.web=", "listen.submission="]
    with Namespaces() as machine:
        machine.listen(20226)
        machine.run("nft", "-f", "-", stdin=ONLY_IPV4)
        code, (found,) = examined(tmp_path, "redirect", settings, machine.inside)
        assert (code, found["severity"]) == (1, "warning")
        assert found["what"] == "port 25 is not redirected to port 20226 by IPv6"
        for command in commands(found):
            machine.shell(command)
        code, (found,) = examined(tmp_path, "redirect", settings, machine.inside)
        assert (code, found["severity"]) == (0, "ok")
        for version in (4, 6):
            assert machine.reaches(25, version, 5.0)
            assert machine.reaches_itself(25, version, 5.0)


ONLY_IPV4 = """\
table ip mine {
    chain prerouting {
        type nat hook prerouting priority -100;
        tcp dport 25 redirect to :20226
    }
}
"""
