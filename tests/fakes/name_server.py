"""A name server on loopback sockets, UDP and TCP on one port, in threads of its own."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
from dns.name import Name
from dns.rdatatype import CNAME

from tests.fakes.zone import Zone

_SOA = "ns.example. root.example. 1 3600 600 86400 60"
Spoil = Callable[[bytes, dns.message.Message], list[bytes]]


class NameServer:
    """Answers from a zone, as one that recurses. Made by a test; use `with`.

    `failing`: names that get SERVFAIL; `silent`: names that get no answer; `cut`: names whose
    answer does not fit into a datagram; `slow_s`: names whose answer takes so long, by UDP;
    `halves`: whether the end of an alias is left out; `signed`: names whose answers get the AD bit
    if it is asked for.
    `spoil` makes the datagrams of each answer; `questions` are all that came, as
    (name, kind, transport, source port, id).
    """

    def __init__(self, *lines: str, host: str = "127.0.0.1", port: int = 0) -> None:
        self.zone = Zone(lines)
        self.failing: set[str] = set()
        self.silent: set[str] = set()
        self.cut: set[str] = set()
        self.signed: set[str] = set()
        self.slow_s: dict[str, float] = {}
        self.halves = False
        self.edns = True
        self.spoil: Spoil = lambda wire, _query: [wire]
        self.questions: list[tuple[str, str, str, int, int]] = []
        self.host = host
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._stream = socket.socket(family, socket.SOCK_STREAM)
        self._datagrams = socket.socket(family, socket.SOCK_DGRAM)
        self._bind(port)
        self._threads = [
            threading.Thread(target=serve, daemon=True)
            for serve in (self._serve_datagrams, self._serve_streams)
        ]

    def _bind(self, port: int) -> None:
        """Take a port, or find one that is free for both."""
        while True:
            self._stream.bind((self.host, port))
            self.port = self._stream.getsockname()[1]
            try:
                self._datagrams.bind((self.host, self.port))
            except OSError:
                family = self._stream.family
                self._stream.close()
                self._stream = socket.socket(family, socket.SOCK_STREAM)
                continue
            self._stream.listen(16)
            return

    @property
    def address(self) -> str:
        """The server as the setting `dns.servers` names it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for bound in (self._stream, self._datagrams):
            with contextlib.suppress(OSError):
                bound.shutdown(socket.SHUT_RDWR)  # which wakes who waits on it
            bound.close()
        for thread in self._threads:
            thread.join(5)

    def _serve_datagrams(self) -> None:
        while True:
            try:
                wire, source = self._datagrams.recvfrom(65535)
            except OSError:
                return
            if not wire:
                return
            query = dns.message.from_wire(wire)
            answer = self._answered(query, "udp", source[1])
            if answer is None:
                continue
            name = query.question[0].name.to_text(omit_final_dot=True).lower()
            if name in self.cut:
                answer.answer.clear()
                answer.flags |= dns.flags.TC
            datagrams = self.spoil(answer.to_wire(), query)
            if name in self.slow_s:
                late = threading.Timer(self.slow_s[name], self._send, (datagrams, source))
                late.daemon = True
                late.start()
            else:
                self._send(datagrams, source)

    def _send(self, datagrams: list[bytes], source: tuple[str, int]) -> None:
        for datagram in datagrams:
            with contextlib.suppress(OSError):
                self._datagrams.sendto(datagram, source)

    def _serve_streams(self) -> None:
        while True:
            try:
                link, source = self._stream.accept()
            except OSError:
                return
            with link, contextlib.suppress(OSError, struct.error):
                link.settimeout(5)
                reader = link.makefile("rb")
                (length,) = struct.unpack("!H", reader.read(2))
                query = dns.message.from_wire(reader.read(length))
                answer = self._answered(query, "tcp", source[1])
                if answer is not None:
                    wire = answer.to_wire()
                    link.sendall(struct.pack("!H", len(wire)) + wire)

    def _answered(
        self, query: dns.message.Message, transport: str, source_port: int
    ) -> dns.message.Message | None:
        asked = query.question[0]
        name = asked.name.to_text(omit_final_dot=True).lower()
        self.questions.append((name, asked.rdtype.name, transport, source_port, query.id))
        if name in self.silent:
            return None
        answer = dns.message.make_response(query, recursion_available=True)
        if query.edns >= 0 and not self.edns:
            plain = dns.message.Message(id=query.id)
            plain.flags = dns.flags.QR
            plain.set_rcode(dns.rcode.FORMERR)
            return plain
        if name in self.failing:
            answer.set_rcode(dns.rcode.SERVFAIL)
            return answer
        self._fill(answer, asked)
        names = {asked.name, *(found.name for found in answer.answer)}
        if query.flags & dns.flags.AD and all(_plain(each) in self.signed for each in names):
            answer.flags |= dns.flags.AD
        return answer

    def _fill(self, answer: dns.message.Message, asked: dns.rrset.RRset) -> None:
        end: Name = asked.name
        for _ in range(12):
            found = self.zone.records(end, asked.rdtype)
            if found is not None:
                answer.answer.append(found)
                return
            alias = self.zone.records(end, CNAME)
            if alias is None:
                break
            answer.answer.append(alias)
            end = alias[0].target
            if self.halves:
                return
        else:
            return  # a circle: what was found of it
        if not self.zone.has(end):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        answer.authority.append(dns.rrset.from_text(".", 300, "IN", "SOA", _SOA))


def _plain(name: Name) -> str:
    return name.to_text(omit_final_dot=True).lower()
