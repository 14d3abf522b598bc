"""A small SMTP client of its own over a blocking socket: DATA and BDAT, plain and STARTTLS."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import struct
import time
from types import TracebackType
from typing import Self

from tests.crash.letters import Drop, Letter

_LINE_START_DOT = re.compile(rb"^\.", re.MULTILINE)


# Between the halves of a slow content
_PAUSE_S = 0.02


class RefusedError(Exception):
    """The server answered, but not with what was hoped for."""


class DroppedError(Exception):
    """The client went away on purpose."""


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
        # From the server's leave to send a content until its reply: it must not go without a word
        self.in_content = False
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
        """Send a letter; return the text of the 250 that acknowledges it.

        Raises DroppedError where the letter wants the connection to be given up.
        """
        self.in_content = False
        self._write(b"MAIL FROM:<a@example.net>\r\n")
        for recipient in letter.recipients:
            self._write(b"RCPT TO:<" + recipient.encode() + b">\r\n")
        # The replies of a pipelined group are read together (RFC 2920).
        if not letter.chunked:
            self._write(b"DATA\r\n")
        for _ in range(1 + len(letter.recipients)):
            self._expect(250)
        if letter.chunked:
            self._chunks(letter)
        else:
            self._expect(354)
            self.in_content = True
            stuffed = _LINE_START_DOT.sub(b"..", letter.content)
            self._parts(stuffed, b".\r\n", letter)
        if letter.drop is Drop.AFTER:
            raise self._dropped()
        text = self._expect(250)
        self.in_content = False
        return text

    def quit(self) -> None:
        self._write(b"QUIT\r\n")
        self._expect(221)

    def _chunks(self, letter: Letter) -> None:
        """Send one or two BDAT commands, the last one marked so (RFC 3030 §2)."""
        content = letter.content
        cut = len(content) // 3
        if cut:
            self._write(b"BDAT %d\r\n%b" % (cut, content[:cut]))
            self._expect(250)
            self.in_content = True
        self._write(b"BDAT %d LAST\r\n" % (len(content) - cut))
        self._parts(content[cut:], b"", letter)

    def _parts(self, octets: bytes, end: bytes, letter: Letter) -> None:
        """Write octets and what ends them, in one piece, or slowly, or not to the end."""
        cut = len(octets) // 2
        if letter.slow or letter.drop is Drop.AMID:
            self._write(octets[:cut])
            time.sleep(_PAUSE_S)
            octets = octets[cut:]
        if letter.drop is Drop.AMID:
            raise self._dropped()
        self._write(octets + end)

    def _dropped(self) -> DroppedError:
        """Cut the connection so that the server is told by a reset, not by an orderly end."""
        with contextlib.suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return DroppedError()

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
