"""Clients that are logged in under TLS and hand over one message after the other.

Postfix's generator knows no login. All of them in one thread, so that they take the servers little
of the machine; commands of a message are sent together, as both servers offer (RFC 2920).
"""

from __future__ import annotations

import selectors
import smtplib
import socket
import ssl
import time

_TIMEOUT_S = 60.0


class Submitters:
    """So many sessions, open from their making until `close`. Made by a benchmark."""

    def __init__(self, port: int, user: str, password: str, content: bytes, sessions: int) -> None:
        self._envelope = (
            f"MAIL FROM:<{user}>\r\nRCPT TO:<bob@elsewhere.example>\r\nDATA\r\n".encode()
        )
        self._content = content + b".\r\n"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self._clients: list[smtplib.SMTP] = []
        self._socks: list[socket.socket] = []
        for _ in range(sessions):
            client = smtplib.SMTP("127.0.0.1", port, timeout=_TIMEOUT_S)
            self._clients.append(client)
            client.ehlo("client.example.net")
            client.starttls(context=context)
            client.ehlo("client.example.net")
            client.login(user, password)
            if client.sock is None or not client.has_extn("pipelining"):
                raise RuntimeError("the server offers no pipelining, or has hung up")
            self._socks.append(client.sock)

    def close(self) -> None:
        """Hang up."""
        for client in self._clients:
            client.close()

    def send(self, count: int) -> float:
        """Hand over so many; return the seconds until the last 250. Raises RuntimeError."""
        links = []
        begun = time.perf_counter()
        with selectors.DefaultSelector() as selector:
            for number, sock in enumerate(self._socks):
                share = count // len(self._socks) + (number < count % len(self._socks))
                link = _Link(sock, self._envelope, self._content, share)
                selector.register(sock, selectors.EVENT_READ, link)
                links.append(link)
            left = sum(link.left > 0 for link in links)
            for link in links:
                link.begin()
            while left:
                ready = selector.select(_TIMEOUT_S)
                if not ready:
                    raise RuntimeError("the server falls silent")
                for key, _ in ready:
                    left -= key.data.go_on()
        return time.perf_counter() - begun


class _Link:
    """One session while it sends its share. Made by `Submitters`."""

    def __init__(self, sock: socket.socket, envelope: bytes, content: bytes, left: int) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._envelope = envelope
        self._content = content
        self._begun = b""
        self._awaited = 0
        self._in_content = False
        self.left = left

    def begin(self) -> None:
        """Send the next envelope, if one is left."""
        if self.left:
            self._sock.sendall(self._envelope)
            self._awaited, self._in_content = 3, False

    def go_on(self) -> bool:
        """Read what came, and answer it; return whether this was the end of its share."""
        while True:
            try:
                octets = self._sock.recv(65536)
            except (ssl.SSLWantReadError, BlockingIOError):
                return False
            if not octets:
                raise RuntimeError("the server hangs up")
            *lines, self._begun = (self._begun + octets).split(b"\r\n")
            for line in lines:
                if line[:1] not in b"23":
                    raise RuntimeError(f"the server refuses: {line!r}")
                self._awaited -= line[3:4] == b" "
            if self._awaited:
                continue
            if not self._in_content:
                self._sock.sendall(self._content)
                self._awaited, self._in_content = 1, True
                continue
            self.left -= 1
            if not self.left:
                return True
            self.begin()
