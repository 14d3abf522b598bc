"""A small SMTP client of its own over a blocking socket: DATA and BDAT, plain and STARTTLS."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
from types import TracebackType
from typing import Self

from tests.crash.letters import Letter

_LINE_START_DOT = re.compile(rb"^\.", re.MULTILINE)


class RefusedError(Exception):
    """The server answered, but not with what was hoped for."""


def trusting_context() -> ssl.SSLContext:
    """Take any certificate: a test server has a self-signed one."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class SMTPClient:
    """One connection. Made by a sender's thread and used there; closed by `with`.

    Every method raises OSError when the connection ends and RefusedError for another reply.
    """

    def __init__(self, port: int, tls: ssl.SSLContext | None, timeout_s: float = 20.0) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._replies = self._socket.makefile("rb")
        try:
            self._greet(tls)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._replies.close()
        with contextlib.suppress(OSError):
            self._socket.close()

    def send(self, letter: Letter) -> bytes:
        """Send a letter; return the text of the 250 that acknowledges it."""
        self._write(b"MAIL FROM:<a@example.net>\r\n")
        for recipient in letter.recipients:
            self._write(b"RCPT TO:<" + recipient.encode() + b">\r\n")
        # The replies of a pipelined group are read together (RFC 2920).
        if not letter.chunked:
            self._write(b"DATA\r\n")
        for _ in range(1 + len(letter.recipients)):
            self._expect(250)
        if letter.chunked:
            return self._chunks(letter.content)
        self._expect(354)
        self._write(_LINE_START_DOT.sub(b"..", letter.content) + b".\r\n")
        return self._expect(250)

    def quit(self) -> None:
        self._write(b"QUIT\r\n")
        self._expect(221)

    def _chunks(self, content: bytes) -> bytes:
        """Send one or two BDAT commands, the last one marked so (RFC 3030 §2)."""
        cut = len(content) // 3
        if cut:
            self._write(b"BDAT %d\r\n%b" % (cut, content[:cut]))
        self._write(b"BDAT %d LAST\r\n%b" % (len(content) - cut, content[cut:]))
        if cut:
            self._expect(250)
        return self._expect(250)

    def _greet(self, tls: ssl.SSLContext | None) -> None:
        self._expect(220)
        self._write(b"EHLO client.example.net\r\n")
        self._expect(250)
        if tls is None:
            return
        self._write(b"STARTTLS\r\n")
        self._expect(220)
        self._replies.close()
        self._socket = tls.wrap_socket(self._socket)
        self._replies = self._socket.makefile("rb")
        self._write(b"EHLO client.example.net\r\n")
        self._expect(250)

    def _write(self, data: bytes) -> None:
        self._socket.sendall(data)

    def _expect(self, code: int) -> bytes:
        while True:
            line = self._replies.readline(4096)
            if not line.endswith(b"\n"):
                raise ConnectionError("the server closed the connection")
            if line[3:4] == b"-":
                continue
            if line[:3] != b"%d" % code:
                raise RefusedError(line.decode(errors="replace").strip())
            return line[4:].strip()
