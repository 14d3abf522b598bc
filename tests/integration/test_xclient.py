"""XCLIENT from a program that others wrote, to a real server: the client is the one that is named."""

from __future__ import annotations

import smtplib
import subprocess
from collections.abc import Iterator

import pytest

from tests.fakes.server import RunningServer


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    settings = ["smtp.xclient_networks=127.0.0.1", "smtp.connections_per_ip=1"]
    with RunningServer(tmp_path_factory.mktemp("xclient"), settings=settings) as running:
        yield running.ready()


def named(server: RunningServer, attributes: str) -> tuple[smtplib.SMTP, int]:
    client = smtplib.SMTP("127.0.0.1", server.port, timeout=10)
    client.ehlo("proxy.example")
    assert client.has_extn("xclient")
    code, _ = client.docmd("XCLIENT", attributes)
    return client, code


@pytest.mark.debian("swaks")
def test_swaks_names_a_client(server: RunningServer) -> None:
    done = subprocess.run(
        ["swaks", "--server", f"127.0.0.1:{server.port}", "--to", "postmaster@example.org",
         "--from", "swaks@example.net", "--ehlo", "client.example", "--timeout", "15",
         "--xclient-addr", "198.51.100.7", "--xclient-name", "client.example",
         "--xclient-proto", "ESMTP", "--xclient-helo", "claimed.example"],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    server.logs("peer=198.51.100.7 sender=swaks@example.net")
    content = b"".join(path.read_bytes() for path in server.data_dir.glob("bitrixmail.sqlite*"))
    assert b"from client.example ([198.51.100.7])" in content


def test_a_client_that_is_named_has_its_limits(server: RunningServer) -> None:
    first, code = named(server, "ADDR=198.51.100.8 PORT=4242")
    assert code == 220
    second, code = named(server, "ADDR=198.51.100.8")
    assert code == 421
    second.close()
    third, code = named(server, "ADDR=198.51.100.9")
    assert code == 220
    # the place of a client is free again when another is named on its connection
    assert first.docmd("XCLIENT", "ADDR=[UNAVAILABLE]")[0] == 220
    assert third.docmd("XCLIENT", "ADDR=198.51.100.8")[0] == 220
    for client in (first, third):
        client.quit()
    server.logs("peer=198.51.100.8")
