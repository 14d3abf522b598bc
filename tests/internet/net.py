"""Mail hosts on 127.0.0.2 and up, all on one port, and the DNS that leads to them."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

from tests.fakes.black_hole import BlackHole
from tests.fakes.delivering import pause, reactor
from tests.fakes.name_server import NameServer
from tests.fakes.process import free_port
from tests.fakes.scripted_host import Script, ScriptedHost


class Internet:
    """Made by a test or its fixture; `close` ends it. Names are written without a dot at the end.

    127.0.0.1 is the server's own, so hosts begin at 127.0.0.2.
    """

    def __init__(self) -> None:
        self.port = free_port()
        self.dns = NameServer()
        self.hosts: list[ScriptedHost] = []
        self._holes: list[BlackHole] = []
        self._last = 1

    def open(self) -> Internet:
        """Begin to answer questions."""
        self.dns.__enter__()
        return self

    async def close(self) -> None:
        """Close every host and the name server."""
        for host in self.hosts:
            await host.stop()
        for hole in self._holes:
            hole.close()
        self.dns.__exit__(None, None, None)
        await pause(0.02)  # the other ends hear of it

    def host(self, name: str, script: Script | None = None) -> ScriptedHost:
        """Make a host with an address of its own."""
        host = ScriptedHost(script, name).listen(reactor(), self.nobody(name), self.port)
        self.hosts.append(host)
        return host

    def nobody(self, name: str) -> str:
        """Give a name an address where nothing listens; return that."""
        self._last += 1
        address = f"127.0.0.{self._last}"
        self.dns.zone.add(f"{name}. 60 IN A {address}")
        return address

    def black_hole(self, name: str) -> None:
        """Make a host that never answers a call, not even to refuse it."""
        self._holes.append(BlackHole(self.nobody(name), self.port))

    def domain(self, name: str, *hosts: str) -> None:
        """Give a domain its MX records, each ten behind the one before."""
        for number, host in enumerate(hosts, 1):
            self.dns.zone.add(f"{name}. 60 IN MX {10 * number} {host}.")

    def site(self, name: str, script: Script | None = None) -> ScriptedHost:
        """Make a domain with one host."""
        self.domain(name, f"mx.{name}")
        return self.host(f"mx.{name}", script)
