"""A reader of 100,000 messages, here and at Dovecot's, in turn."""

from __future__ import annotations

import shutil
import socket
import time
from pathlib import Path
from statistics import median
from types import TracebackType
from typing import Self

from bench.contestants import ADDRESS, PASSWORD
from bench.dovecot import Dovecot
from bench.goals import Figure, Scores
from bench.large_mailbox import LargeMailbox
from bench.rounds import progress

_END = b"\r\n.\r\n"
_LOGIN, _STAT, _LIST, _UIDL = _STEPS = ("login", "STAT", "LIST", "UIDL")


class Reader:
    """One session over a blocking socket, read as fast as it comes. Use `with`."""

    def __init__(self, port: int) -> None:
        self._link = socket.create_connection(("127.0.0.1", port), timeout=120)
        self._link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answer(b"\r\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._link.close()

    def ask(self, command: str, *, long: bool = False) -> bytes:
        """Send a command, return its answer, of many lines if it is `long`."""
        self._link.sendall(command.encode() + b"\r\n")
        return self._answer(_END if long else b"\r\n")

    def pipeline(self, commands: list[str]) -> None:
        """Send commands of one-line answers, some thousands before their answers are read."""
        for start in range(0, len(commands), 2000):
            group = commands[start : start + 2000]
            self._link.sendall("".join(command + "\r\n" for command in group).encode())
            lines = 0
            while lines < len(group):
                lines += self._piece().count(b"\r\n")

    def log_in(self) -> None:
        self.ask(f"USER {ADDRESS}")
        self.ask(f"PASS {PASSWORD}")

    def _answer(self, end: bytes) -> bytes:
        pieces = [self._piece()]
        tail = pieces[0][-len(end) :]
        while tail != end and not pieces[0].startswith(b"-ERR"):
            pieces.append(self._piece())
            tail = (tail + pieces[-1])[-len(end) :]
        if pieces[0].startswith(b"-ERR"):
            raise RuntimeError(f"POP3: {pieces[0].decode(errors='replace').strip()}")
        return b"".join(pieces)

    def _piece(self) -> bytes:
        piece = self._link.recv(1 << 18)
        if not piece:
            raise ConnectionError("the server closed the connection")
        return piece


def run(home: Path, large: LargeMailbox, scores: Scores, rounds: int) -> None:
    """Print what login, STAT, LIST and UIDL take, and the ratio of the first two together."""
    if shutil.which("dovecot") is None:
        print("  not measured: there is no Dovecot (apt-get install dovecot-pop3d)\n")
        return
    ours = large.server
    dovecot = Dovecot(home / "dovecot", large.maildir)
    took: dict[str, list[dict[str, float]]] = {"bitrixmail": [], "Dovecot": []}
    try:
        ours.start()
        dovecot.start()
        servers = {"bitrixmail": ours.pop3_port, "Dovecot": dovecot.port}
        for name, port in servers.items():
            # The first session makes Dovecot's index; both are warm behind it.
            progress(f"POP3: the first session of {name}")
            _session(port, large.messages)
        for number in range(rounds):
            for name, port in servers.items():
                progress(f"POP3: round {number + 1}/{rounds}, {name}")
                took[name].append(_session(port, large.messages))
        progress("")
    finally:
        ours.kill()
        dovecot.stop()
    print(f"  medians of {rounds} sessions in turn, ms{'':<8}" + "".join(f"{s:>8}" for s in _STEPS))
    for name, sessions in took.items():
        row = "".join(f"{median(each[step] for each in sessions):>8.0f}" for step in _STEPS)
        print(f"    {name:<36}{row}")
    pairs = list(zip(took["bitrixmail"], took["Dovecot"], strict=True))

    def ratio(*steps: str) -> float:
        return median(sum(a[s] for s in steps) / sum(b[s] for s in steps) for a, b in pairs)

    name = f"POP3 login + STAT, {large.messages} messages, beside Dovecot"
    scores.add(Figure(name, ratio(_LOGIN, _STAT), 1 / 3, 0.1, at_most=True))
    name = f"POP3 UIDL, {large.messages} messages, beside Dovecot"
    scores.add(Figure(name, ratio(_UIDL), 1.5, 1.0, at_most=True))
    print()


def _session(port: int, messages: int) -> dict[str, float]:
    """Log in and ask for all that a mail program asks first; return milliseconds by step."""
    took = {}
    with Reader(port) as reader:
        begun = time.perf_counter()
        reader.log_in()
        took[_LOGIN] = (time.perf_counter() - begun) * 1000
        for step in (_STAT, _LIST, _UIDL):
            begun = time.perf_counter()
            answer = reader.ask(step, long=step != _STAT)
            took[step] = (time.perf_counter() - begun) * 1000
            if step == _STAT and int(answer.split()[1]) != messages:
                raise RuntimeError(f"POP3: {answer!r} instead of {messages} messages")
        reader.ask("QUIT")
    return took
