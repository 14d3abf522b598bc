"""The server with every door that speaks TLS open, as its settings have it by default."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.fakes.process import ServerProcess, free_port


@dataclass(frozen=True)
class TLSDoor:
    """`starttls`: the protocol whose command begins TLS; empty: TLS from the first octet."""

    name: str
    port: int
    starttls: str = ""

    def connect(self, context: ssl.SSLContext) -> ssl.SSLSocket:
        """Shake hands. Raises OSError, of which ssl.SSLError is one."""
        link = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        try:
            if self.starttls:
                self._ask_for_tls(link)
            return context.wrap_socket(link, server_hostname="mx.example.org")
        except BaseException:
            link.close()
            raise

    def _ask_for_tls(self, link: socket.socket) -> None:
        hello = {"smtp": b"EHLO client.example\r\n", "pop3": b""}[self.starttls]
        begin = {"smtp": b"STARTTLS\r\n", "pop3": b"STLS\r\n"}[self.starttls]
        with link.makefile("rb", buffering=0) as lines:
            lines.readline()
            if hello:
                link.sendall(hello)
                while lines.readline()[3:4] == b"-":
                    pass
            link.sendall(begin)
            said = lines.readline()
        if said[:3] not in (b"220", b"+OK"):
            raise RuntimeError(f"{self.name} does not begin TLS: {said!r}")


def with_every_door(home: Path) -> tuple[ServerProcess, tuple[TLSDoor, ...]]:
    """Make a server that does not run yet, and name its doors."""
    server = ServerProcess(home)
    server.configure("server", 'domains = ["example.org"]')
    doors = (
        TLSDoor("smtp", server.smtp_port, "smtp"),
        TLSDoor("submission", free_port(), "smtp"),
        TLSDoor("submissions", free_port()),
        TLSDoor("pop3", server.pop3_port, "pop3"),
        TLSDoor("pop3s", free_port()),
    )
    listen = "\n".join(
        f'{door.name} = ["tcp:{door.port}:interface=127.0.0.1"]'
        for door in doors
        if door.name not in ("smtp", "pop3")
    )
    server.config.write_text(server.config.read_text().replace("submission = []", listen))
    return server, doors


def suites_taken(door: TLSDoor, version: ssl.TLSVersion, offered: list[str]) -> Iterator[str]:
    """Yield each cipher suite, of TLS 1.2 and before, that a door agrees to."""
    left = list(offered)
    while left:
        context = permissive(version)
        context.set_ciphers(":".join(left) + ":@SECLEVEL=0")
        try:
            with door.connect(context) as link:
                name, _, _ = link.cipher() or ("", "", 0)
        except OSError:
            return
        yield name
        left.remove(name)


def permissive(version: ssl.TLSVersion) -> ssl.SSLContext:
    """Return what speaks one version alone, however old, and believes everybody."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    return context
