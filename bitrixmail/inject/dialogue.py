"""SMTP on stdin and stdout (-bs), for mail programs that hand over so (RFC 5321 §4.1)."""

from __future__ import annotations

import os

from bitrixmail.inject.message import (
    FIRST,
    LINE_ENDS,
    LINE_OCTETS,
    Message,
    Refused,
    address_of,
    as_slip,
    notify_of,
)
from bitrixmail.inject.place import MOST_OCTETS

TYPE_CHECKING = False
if TYPE_CHECKING:  # importing typing is slow
    from typing import BinaryIO

_MOST_ENVID, _MOST_ORCPT = 100, 500  # characters (RFC 3461 §4.2, §4.4)


class Dialogue:
    """One session. Each message becomes a file of the pickup directory.

    Made once for a process. The server judges the addresses, when it takes the file in.
    """

    def __init__(self, source: BinaryIO, sink: BinaryIO, name: str) -> None:
        self._source = source
        self._sink = sink
        self._name = name
        self._lines: list[str] = []
        self._recipients = 0

    def run(self) -> int:
        """Speak until QUIT or the end of the input; return the exit code."""
        self._say(f"220 {self._name} ESMTP")
        while line := self._source.readline(LINE_OCTETS):
            text = line.decode("utf-8", "surrogateescape").rstrip("\r\n")
            verb, _, rest = text.partition(" ")
            if LINE_ENDS.intersection(text) or not line.endswith(b"\n"):
                self._say("500 5.5.2 Not a command")
            elif verb.upper() == "QUIT":
                self._say("221 2.0.0 Bye")
                return os.EX_OK
            else:
                self._obey(verb.upper(), rest.strip())
        return os.EX_OK

    def _say(self, *lines: str) -> None:
        for number, line in enumerate(lines):
            mark = " " if number == len(lines) - 1 else "-"
            self._sink.write(f"{line[:3]}{mark}{line[4:]}\r\n".encode())
        self._sink.flush()

    def _obey(self, verb: str, rest: str) -> None:
        try:
            if verb == "EHLO":
                self._forget()
                self._say(
                    f"250 {self._name}", f"250 SIZE {MOST_OCTETS}", "250 8BITMIME", "250 SMTPUTF8",
                    "250 DSN", "250 PIPELINING", "250 ENHANCEDSTATUSCODES",
                )  # fmt: skip
            elif verb in ("HELO", "RSET"):
                self._forget()
                self._say(f"250 {self._name}" if verb == "HELO" else "250 2.0.0 Ok")
            elif verb in ("NOOP", "VRFY"):
                self._say("250 2.0.0 Ok" if verb == "NOOP" else "252 2.5.0 Send some, and see")
            elif verb == "MAIL":
                self._mail(rest)
            elif verb == "RCPT":
                self._rcpt(rest)
            elif verb == "DATA":
                self._data()
            else:
                self._say("502 5.5.1 Not a command of this server")
        except Refused as error:
            code = "452 4.3.1" if error.code == os.EX_TEMPFAIL else "501 5.5.4"
            self._say(f"{code} {error}")

    def _forget(self) -> None:
        self._lines, self._recipients = [], 0

    def _mail(self, rest: str) -> None:
        if self._lines:
            self._say("503 5.5.1 There is a sender already")
            return
        sender, words = _path_of(rest, "FROM:")
        lines = [FIRST, f"sender {sender}"]
        for word in words:
            keyword, _, value = word.partition("=")
            if keyword.upper() == "BODY" and value.upper() in ("7BIT", "8BITMIME"):
                lines.append(f"body {value}")
            elif keyword.upper() == "RET" and value.upper() in ("FULL", "HDRS"):
                lines.append(f"ret {value}")
            elif keyword.upper() == "ENVID":
                lines.append(f"envid {_from_xtext(value, _MOST_ENVID)}")
            elif keyword.upper() not in ("SIZE", "SMTPUTF8", "AUTH"):
                raise Refused(os.EX_USAGE, f"{keyword} means nothing here")
        self._lines = lines
        self._say("250 2.1.0 Ok")

    def _rcpt(self, rest: str) -> None:
        if not self._lines:
            self._say("503 5.5.1 MAIL comes first")
            return
        recipient, words = _path_of(rest, "TO:")
        if not recipient.strip():
            raise Refused(os.EX_USAGE, "not a recipient")
        lines = [f"recipient {recipient}"]
        for word in words:
            keyword, _, value = word.partition("=")
            if keyword.upper() == "NOTIFY":
                lines.append(f"notify {notify_of(value)}")
            elif keyword.upper() == "ORCPT":
                lines.append(f"orcpt {_orcpt(value)}")
            else:
                raise Refused(os.EX_USAGE, f"{keyword} means nothing here")
        as_slip(self._lines + lines)
        self._lines += lines
        self._recipients += 1
        self._say("250 2.1.5 Ok")

    def _data(self) -> None:
        if not self._recipients:
            self._say("503 5.5.1 RCPT comes first")
            return
        message = Message(as_slip(self._lines))
        self._forget()
        self._say("354 End with a line of one dot")
        failure: Refused | None = None
        starts, ended = True, False
        while not ended and (line := self._source.readline(LINE_OCTETS)):
            ended = starts and line in (b".\r\n", b".\n")
            if not ended and failure is None:
                try:
                    message.write(line[1:] if starts and line.startswith(b".") else line)
                except Refused as error:
                    failure = error
            starts = line.endswith(b"\n")
        if failure is not None or not ended:
            message.forget()
            if failure is not None:
                self._say(
                    f"{'552 5.3.4' if failure.code == os.EX_DATAERR else '451 4.3.0'} {failure}"
                )
            return
        message.keep()
        self._say("250 2.0.0 Ok: kept for the server")


def _path_of(rest: str, keyword: str) -> tuple[str, list[str]]:
    """Cut a path in angle brackets from its parameters."""
    if rest[: len(keyword)].upper() != keyword:
        raise Refused(os.EX_USAGE, f"{keyword} lacks")
    path = rest[len(keyword) :].lstrip()
    # A quoted local-part may hold a bracket
    quoted, at = False, 0
    for at, letter in enumerate(path):
        quoted = quoted ^ (letter == '"' and path[at - 1 : at] != "\\")
        if letter == ">" and not quoted:
            break
    if not path.startswith("<") or path[at] != ">":
        raise Refused(os.EX_USAGE, "an address stands in angle brackets")
    return address_of(path[1:at], "an address"), path[at + 1 :].split()


def _orcpt(value: str) -> str:
    """Read an ORCPT (RFC 3461 §4.2)."""
    kind, _, address = value.partition(";")
    if not kind or not kind.isascii() or not kind.replace("-", "0").isalnum():
        raise Refused(os.EX_USAGE, "not an ORCPT of RFC 3461")
    return f"{kind};{_from_xtext(address, _MOST_ORCPT)}"


def _from_xtext(value: str, most: int) -> str:
    """Decode xtext (RFC 3461 §4) of so many characters at most."""
    parts = value.split("+")
    try:
        text = parts[0] + "".join(chr(int(part[:2], 16)) + part[2:] for part in parts[1:])
    except ValueError:
        text = ""
    if not 0 < len(text) <= most or not all("!" <= each <= "~" for each in text):
        raise Refused(os.EX_USAGE, "not the xtext of RFC 3461")
    return text
