"""Whole sessions over a transport in memory: commands in any order, cuts, waits, lost connections.

An input is what the client sends. Octets that UTF-8 never has are what happens meanwhile: see _EVENTS.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any, cast

from twisted.internet.protocol import Factory
from twisted.internet.task import Clock
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from twisted.python.failure import Failure

from bitrixmail.model.limits import SMTPLimits
from bitrixmail.model.reply import Reply
from bitrixmail.smtp.factory import SMTPFactory
from tests.dialogs.dialog import MemoryConnection, parse
from tests.fakes.gate import RecordingGate, RecordingMailLog
from tests.fakes.maildrop import PASSWORD
from tests.fakes.reader_door import ReaderDoor
from tests.fuzz.target import Target, size_class

_DIALOGS = Path(__file__).parents[1] / "dialogs"
_CUT, _RELEASE, _TIME, _LONG_TIME, _SLOW, _READS, _LOST, _DRAIN = range(0xF8, 0x100)
_EVENT = re.compile(rb"([\xf8-\xff])")
_SMTP_REPLY = re.compile(rb"(?:[2345][0-9]{2}[ -][^\r\n\0]*\r\n)*")
_HOLDS = ("sender", "recipient", "write", "commit")
_REFUSALS = ("nobody@example.org", "full@example.org")


@contextmanager
def errors_seen() -> Iterator[list[Failure]]:
    """Gather the tracebacks that are logged meanwhile: a session answers a bug and goes on."""
    found: list[Failure] = []

    def watch(event: LogEvent) -> None:
        if "log_failure" in event:
            found.append(event["log_failure"])

    observer = cast("ILogObserver", watch)
    globalLogPublisher.addObserver(observer)
    try:
        yield found
    finally:
        globalLogPublisher.removeObserver(observer)


class _Played:
    """One session and what happens to it. Made for one input, ends with it."""

    def __init__(
        self, factory: Factory, clock: Clock, waiting: list[Any], release: Callable[[], None]
    ) -> None:
        self._clock = clock
        self._waiting = waiting
        self._release = release
        self.factory: Any = factory
        self.connection = MemoryConnection(factory)
        self.said = b""

    def play(self, script: bytes) -> None:
        for number, piece in enumerate(_EVENT.split(script)):
            if number % 2:
                self._happen(piece[0])
            elif piece and not self.connection.gone:
                self.connection.send(piece)
        self.hear()

    def hear(self) -> None:
        transport = self.connection.transport
        self.said += transport.value()
        transport.clear()

    def _happen(self, event: int) -> None:
        protocol = self.connection.protocol
        if event == _RELEASE and self._waiting:
            self._release()
        elif event in (_TIME, _LONG_TIME):
            self._clock.advance(40.0 if event == _TIME else 700.0)
        elif event == _SLOW and not self.connection.gone:
            protocol.pauseProducing()
        elif event == _READS and not self.connection.gone:
            protocol.resumeProducing()
        elif event == _LOST:
            self.hear()
            self.connection.abort()
        elif event == _DRAIN:
            self.factory.drain()

    def end(self) -> None:
        """Lose the connection, let everything come that is waited for; nothing may be left."""
        self.hear()
        self.connection.abort()
        before = self.said
        for _ in range(100):
            if not self._waiting:
                break
            self._release()
        self.hear()
        assert self.said == before, "something was said to nobody"
        left = [call for call in self._clock.getDelayedCalls() if call.active()]
        assert not left, f"delayed calls are left: {left}"
        assert not self.factory._sessions, "the session is still counted"


def _smtp(given: bytes) -> Hashable:
    gate, clock = RecordingGate(), Clock()
    mode = given[0] if given else 0
    limits = SMTPLimits(
        max_size_octets=300, max_recipients=3, max_messages=3, max_errors=6, max_command_octets=200
    )
    if mode & 16:
        limits = replace(limits, normalize_networks=(ip_network("0.0.0.0/0"),))
    if mode & 15 < len(_HOLDS):
        gate.hold.add(_HOLDS[mode & 15])
    gate.refuse.update({name: Reply(550, "5.1.1", "No such mailbox") for name in _REFUSALS[:1]})
    gate.refuse[_REFUSALS[1]] = Reply(452, "4.2.2", "Full")
    factory = SMTPFactory(gate, clock, RecordingMailLog(), "mx.example.org", limits, None)
    with errors_seen() as errors:
        played = _Played(factory, clock, gate.waiting, gate.release)
        played.play(given[1:])
        protocol = played.connection.protocol
        if protocol.transaction is not None:
            assert protocol.transaction is gate.opened[-1]
            assert not protocol.transaction.ended
        played.end()
    for error in errors:
        error.raiseException()
    assert _SMTP_REPLY.fullmatch(played.said), played.said
    assert played.said.startswith((b"220 ", b"4", b"5")), played.said
    assert all(each.ended for each in gate.opened), "a transaction has no end"
    assert not +gate.inside, "a client is still counted"
    for message in gate.messages:
        assert len(message.content) <= limits.max_size_octets + 2
        assert len(message.recipients) > 0
        lines = message.content.replace(b"\r\n", b"")
        assert not any(octet in lines for octet in (b"\r", b"\n", b"\0"))
    codes = re.findall(rb"^(\d{3}) ", played.said, re.MULTILINE)
    return (tuple(codes[:14]), len(gate.messages), len(gate.aborted), mode & 31)


def _seeds(folder: str, head: bytes) -> tuple[bytes, ...]:
    """Take what clients say in the dialogues, with the events between them as far as known."""
    found = []
    for path in sorted((_DIALOGS / folder).glob("*.txt")):
        script = bytearray(head)
        for step in parse(path.read_text()):
            if step.kind == "C":
                script += step.octets
            elif step.kind == "WAIT":
                script.append(_TIME)
            elif step.kind == "ABORT":
                script.append(_LOST)
            elif step.kind == "!release":
                script.append(_RELEASE)
            elif step.kind == "!drain":
                script.append(_DRAIN)
        if len(script) < 1000:
            found.append(bytes(script))
    return tuple(found)


_EVENTS = tuple(bytes((event,)) for event in range(0xF8, 0x100))


def smtp() -> Target:
    """The SMTP door."""
    return Target(
        "smtp",
        _smtp,
        seeds=(
            *_seeds("smtp", b"\x0f"),
            *_seeds("smtp", b"\x13"),
            *_seeds("smtp", b"\x01"),
        ),
        words=(
            b"EHLO a.example\r\n", b"HELO a\r\n", b"MAIL FROM:<a@b.example>\r\n", b"MAIL FROM:<>\r\n", b"QUIT\r\n",
            b"RCPT TO:<info@example.org>\r\n", b"RCPT TO:<nobody@example.org>\r\n", b"RCPT TO:<full@example.org>\r\n",
            b"DATA\r\n", b"Subject: x\r\n\r\nx\r\n.\r\n", b".\r\n", b"\r\n.\r\n", b"BDAT 4\r\nx\r\n.", b"BDAT 0 LAST\r\n",
            b"BDAT 5 LAST\r\nxxx\r\n", b"BDAT 999999999999\r\n", b"BDAT x\r\n", b"RSET\r\n", b"NOOP\r\n", b"STARTTLS\r\n",
            b"AUTH PLAIN AA==\r\n", b"VRFY x\r\n", b"HELP\r\n", b"EXPN x\r\n", b"XCLIENT ADDR=1.2.3.4\r\n", b"BOGUS\r\n",
            b" SIZE=10", b" SIZE=99999", b" BODY=8BITMIME", b" SMTPUTF8", "<инфо@пример.рф>".encode(), b"\r\n", b"\r",
            b"\n", b"\0", b"x" * 60, b"x" * 250, *_EVENTS, *_EVENTS,
        ),
        max_octets=700,
    )  # fmt: skip


_POP3_LINE = re.compile(rb"(?:\+OK|-ERR|\+ )")


def _pop3(given: bytes) -> Hashable:
    door = ReaderDoor()
    mode = given[0] if given else 0
    accounts = door.accounts
    for content in (
        b"Subject: one\r\n\r\n.dot\r\n..\r\nend\r\n",
        b"\r\n",
        b"Subject: big\r\n\r\n" + b"x" * 300 + b"\r\n",
    ):
        accounts.add(content)
    accounts.stored["Spam"] = {5: b"Subject: x\r\n\r\nx\r\n"}
    if mode & 7 < 3:
        accounts.hold.add(("login", "read", "commit")[mode & 7])
    if mode & 8:
        accounts.errors["read"] = accounts.errors["commit"] = _full
    with errors_seen() as errors:
        played = _Played(door.factory, door.clock, accounts.waiting, accounts.release)
        played.play(given[1:])
        played.end()
    for error in errors:
        error.raiseException()
    said = played.said
    assert said.endswith(b"\r\n") or not said or b"+OK" in said, said
    assert not said or _POP3_LINE.match(said), said
    assert PASSWORD not in said
    assert b"\0" not in said
    assert not accounts.held, "the maildrop is still locked"
    left = sum(map(len, accounts.stored.values()))
    assert left == 4 or accounts.logouts, "removed without having logged in"
    marks = re.findall(rb"^(\+OK|-ERR|\+ )", said, re.MULTILINE)
    return (tuple(marks[:14]), left, accounts.logouts, mode & 15, size_class(len(said)))


def _full() -> Exception:
    from bitrixmail.model.errors import StoreFullError  # noqa: PLC0415 - see ERRORS

    return StoreFullError("the disk is full")


def pop3() -> Target:
    """The POP3 door."""
    return Target(
        "pop3",
        _pop3,
        seeds=(
            *_seeds("pop3", b"\x0f"),
            *_seeds("pop3", b"\x07"),
            *_seeds("pop3", b"\x01"),
            b"\x07USER info@example.org\r\nPASS pass word\r\nSTAT\r\nRETR 1\r\nDELE 2\r\nQUIT\r\n",
        ),
        words=(
            b"USER info@example.org\r\n", b"USER info+Spam@example.org\r\n", b"USER x\r\n", b"PASS pass word\r\n",
            b"PASS x\r\n", b"APOP a b\r\n", b"AUTH PLAIN\r\n", b"AUTH LOGIN\r\n", b"AUTH PLAIN =\r\n", b"*\r\n", b"=\r\n",
            b"AGluZm9AZXhhbXBsZS5vcmcAcGFzcyB3b3Jk\r\n", b"aW5mb0BleGFtcGxlLm9yZw==\r\n", b"cGFzcyB3b3Jk\r\n",
            b"STAT\r\n", b"LIST\r\n", b"LIST 1\r\n", b"UIDL\r\n", b"UIDL 2\r\n", b"RETR 1\r\n", b"RETR 9\r\n", b"TOP 1 0\r\n",
            b"TOP 3 99999999999999999999\r\n", b"DELE 1\r\n", b"DELE 3\r\n", b"RSET\r\n", b"NOOP\r\n", b"CAPA\r\n",
            b"UTF8\r\n", b"STLS\r\n", b"QUIT\r\n", b"-1", b"0", b" ", "²".encode(), b"\r\n", b"\n", b"\r", b"\0", b"x" * 300,
            *_EVENTS, *_EVENTS,
        ),
        max_octets=500,
    )  # fmt: skip
