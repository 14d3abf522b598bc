"""A real HAProxy before the doors: each client is seen as itself, by all that looks at addresses."""

from __future__ import annotations

import poplib
import re
import shutil
import smtplib
import socket
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes.process import free_port
from tests.fakes.server import RunningServer, until

pytestmark = pytest.mark.debian("haproxy")

# Whence HAProxy connects to the server, which trusts that address and no other
PROXY = "127.0.0.9"
CONFIG = """\
defaults
    mode tcp
    timeout connect 5s
    timeout client 20s
    timeout server 20s
frontend version-1
    bind 127.0.0.1:{version_1}
    bind [::1]:{version_1}
    default_backend version-1
frontend version-2
    bind 127.0.0.1:{version_2}
    bind [::1]:{version_2}
    default_backend version-2
frontend no-header
    bind 127.0.0.1:{no_header}
    default_backend no-header
frontend pop3s
    bind 127.0.0.1:{pop3s}
    default_backend pop3s
backend version-1
    server s 127.0.0.1:{smtp} source {proxy} send-proxy
backend version-2
    option tcp-check
    tcp-check expect rstring ^220
    server s 127.0.0.1:{smtp} source {proxy} send-proxy-v2 proxy-v2-options crc32c,unique-id \
check check-send-proxy inter 500ms fall 1
backend no-header
    server s 127.0.0.1:{smtp} source {proxy}
backend pop3s
    server s 127.0.0.1:{server_pop3s} source {proxy} send-proxy-v2
"""


@dataclass
class House:
    """A server and a proxy before it."""

    server: RunningServer
    ports: dict[str, int]

    def smtp(self, door: str, source: str = "127.0.0.1", host: str = "127.0.0.1") -> smtplib.SMTP:
        return smtplib.SMTP(host, self.ports[door], timeout=10, source_address=(source, 0))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    home = tmp_path_factory.mktemp("haproxy")
    ports = {name: free_port() for name in ("version_1", "version_2", "no_header", "pop3s")}
    server_pop3s = free_port()
    settings = [
        f"listen.pop3s=tcp:{server_pop3s}:interface=127.0.0.1",
        f"smtp.proxy_networks={PROXY}",
        f"access.proxy_networks={PROXY}",
        "smtp.exempt_networks=127.0.0.1,127.0.0.9",
        "smtp.connections_per_ip=1",
    ]
    with RunningServer(home, settings=settings) as server:
        server.ready()
        config = home / "haproxy.cfg"
        config.write_text(
            CONFIG.format(smtp=server.port, server_pop3s=server_pop3s, proxy=PROXY, **ports)
        )
        program = shutil.which("haproxy", path="/usr/sbin:/usr/bin:/sbin:/bin")
        assert program is not None
        with (home / "haproxy.log").open("wb") as log:
            haproxy = subprocess.Popen([program, "-db", "-f", config], stdout=log, stderr=log)
        try:
            until(lambda: _answers(ports["version_2"]), (home / "haproxy.log").read_text())
            yield House(server, ports)
        finally:
            haproxy.terminate()
            haproxy.wait(10)


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as link:
            return link.recv(3) == b"220"
    except OSError:
        return False


@pytest.mark.parametrize("door", ["version_1", "version_2"])
def test_log_and_received_field_name_the_client(house: House, door: str) -> None:
    text = b"Subject: x\r\n\r\nbody\r\n"
    with house.smtp(door, "127.0.0.5") as client:
        client.sendmail(f"{door}@example.net", ["postmaster@example.org"], text)
    house.server.logs(f"peer=127.0.0.5 sender={door}@example.net")
    with house.smtp(door, "::1", "::1") as client:
        client.sendmail(f"six-{door}@example.net", ["postmaster@example.org"], text)
    house.server.logs(f"peer=::1 sender=six-{door}@example.net")
    content = b"".join(_contents(house.server.data_dir))
    assert b"[127.0.0.5]" in content
    assert b"[IPv6:::1]" in content
    assert b"[127.0.0.9]" not in content


def _contents(data_dir: Path) -> Iterator[bytes]:
    """Read the database as it lies there: the Received fields are in it as text."""
    for path in data_dir.glob("bitrixmail.sqlite*"):
        yield path.read_bytes()


def test_limits_per_address_are_those_of_the_client(house: House) -> None:
    with house.smtp("version_1", "127.0.0.6"):
        with pytest.raises(smtplib.SMTPConnectError) as refused:
            house.smtp("version_2", "127.0.0.6")
        assert refused.value.smtp_code == 421
        with house.smtp("version_2", "127.0.0.7") as other:
            assert other.noop()[0] == 250


def test_tls_begins_behind_the_header(house: House) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    raw = socket.create_connection(
        ("127.0.0.1", house.ports["pop3s"]), timeout=10, source_address=("127.0.0.5", 0)
    )
    with context.wrap_socket(raw) as link:
        reader = link.makefile("rb")
        assert reader.readline().startswith(b"+OK")
        link.sendall(b"USER nobody@example.org\r\n")
        assert reader.readline().startswith(b"+OK")
        link.sendall(b"PASS wrong\r\n")
        assert reader.readline().startswith(b"-ERR")
    house.server.logs("peer=127.0.0.5 account=nobody@example.org")


def test_who_is_not_the_proxy_needs_no_header(house: House) -> None:
    with smtplib.SMTP("127.0.0.1", house.server.port, timeout=10) as client:
        assert client.noop()[0] == 250
    reader = poplib.POP3("127.0.0.1", house.server.pop3_port, timeout=10)
    reader.quit()


def test_a_proxy_without_header_is_not_served(house: House) -> None:
    with socket.create_connection(("127.0.0.1", house.ports["no_header"]), timeout=10) as link:
        link.sendall(b"EHLO client.example\r\n")
        assert link.recv(100) == b""
    house.server.logs(f'refused peer={PROXY} reason="no PROXY header"')


def test_the_proxy_looks_after_the_server_in_its_own_name(house: House) -> None:
    """Its checks are sessions of LOCAL headers: had one been refused, version 2 would be down."""
    refused = re.findall(rf"refused .*peer={re.escape(PROXY)}.*", house.server.log)
    assert len(refused) <= 1, refused
    assert " is DOWN" not in (house.server.home / "haproxy.log").read_text()
    with house.smtp("version_2", "127.0.0.8") as client:
        assert client.noop()[0] == 250
