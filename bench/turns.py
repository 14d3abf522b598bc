"""The longest calls of the reactor, in CPU time of its thread, while much is asked of it."""

from __future__ import annotations

import smtplib
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from bench.contestants import ADDRESS
from bench.goals import Figure, Scores
from bench.large_mailbox import LargeMailbox
from bench.pop3 import Reader
from bench.rounds import progress
from tests.fakes.process import ServerProcess

_MOST_MS = 50.0
_RECIPIENTS = 1000
_RULES = 5000
_HEADER_OCTETS = 100_000
_SITE = '[[domain]]\nname = "many.example"\n' + "".join(
    f'[[mailbox]]\naddress = "box-{number}@many.example"\n' for number in range(_RECIPIENTS)
)


@dataclass(frozen=True)
class Call:
    """One call of the reactor, and what was asked of the server when it ended."""

    spent_ms: float
    what: str
    during: str


class Turns:
    """A watched server with a large mailbox. Made once for a run; `measure` runs it."""

    def __init__(self, large: LargeMailbox) -> None:
        self._messages = large.messages
        self._server = large.server
        self._file = self._server.home / "calls.tsv"
        self._phases: list[tuple[float, str]] = []

    def measure(self) -> list[Call]:
        """Ask for everything, one after the other; return the calls, the longest first."""
        server = self._server
        server.cli("apply", self._written("site.toml", _SITE), timeout_s=300)
        # Of one process all is seen
        server.configure("server", "processes = 1")
        server.program = (sys.executable, "-m", "bench.watched", self._file)
        server.start()
        try:
            for name, ask in self._asked():
                progress(f"reactor calls: {name}")
                self._phases.append((time.monotonic(), name))
                ask(server)
                # what is done behind the last answer counts too
                time.sleep(0.5)
            progress("")
        finally:
            server.kill()
            server.program = ServerProcess.program
        return sorted(self._calls(), key=lambda call: -call.spent_ms)

    def _asked(self) -> list[tuple[str, Callable[[ServerProcess], None]]]:
        return [
            ("1,000 small messages, 20 sessions", _many_messages),
            ("a message of 25 MiB", lambda server: _send(server, _large(25 * 2**20))),
            (f"a message for {_RECIPIENTS} mailboxes", _many_recipients),
            ("a header section of 100 KB", lambda server: _send(server, _long_header())),
            (f"an import of {_RULES} rules", self._many_rules),
            ("a message through them", lambda server: _send(server, "Subject: x\r\n\r\nx\r\n")),
            (f"the listing of {self._messages} messages", self._listing),
            (f"POP3 with {self._messages} messages", self._reading),
        ]

    def _written(self, name: str, text: str) -> str:
        file = self._server.home / name
        file.write_text(text)
        return str(file)

    def _many_rules(self, server: ServerProcess) -> None:
        rules = "".join(
            f'[[rule]]\nname = "rule {n}"\n'
            f'condition = [{{field = "subject", op = "contains", value = "word-{n}"}}]\n'
            f'action = [{{do = "move", folder = "Folder {n % 50}"}}]\n'
            for n in range(_RULES)
        )
        server.import_rules(rules)

    def _listing(self, server: ServerProcess) -> None:
        server.cli("message", "list", ADDRESS, "--limit", str(self._messages), "--json")

    def _reading(self, server: ServerProcess) -> None:
        """Ask for all there is to ask of a maildrop, and empty it."""
        with Reader(server.pop3_port) as reader:
            reader.log_in()
            reader.ask("STAT")
            for command in ("LIST", "UIDL"):
                reader.ask(command, long=True)
            for number in range(1, 101):
                reader.ask(f"RETR {number}", long=True)
            reader.pipeline([f"DELE {number + 1}" for number in range(self._messages)])
            reader.ask("RSET")
            reader.pipeline([f"DELE {number + 1}" for number in range(self._messages)])
            reader.ask("QUIT")

    def _calls(self) -> list[Call]:
        calls = []
        for line in self._file.read_text("utf-8").splitlines():
            ended, spent_ms, what = line.split("\t")
            during = [name for begun, name in self._phases if begun <= float(ended)]
            if during:  # before the first, it was the start
                calls.append(Call(float(spent_ms), what, during[-1]))
        return calls


def run(large: LargeMailbox, scores: Scores) -> None:
    """Print the five longest calls, and which they were."""
    calls = Turns(large).measure()
    print("  the longest calls of the reactor, ms of its thread's CPU time:")
    for call in calls[:5]:
        print(f"    {call.spent_ms:>7.1f}  {call.what}, during {call.during}")
    longest_ms = calls[0].spent_ms if calls else 0.0
    scores.add(
        Figure("longest reactor call, CPU time", longest_ms, _MOST_MS, 20.0, " ms", at_most=True)
    )
    print()


def _many_messages(server: ServerProcess) -> None:
    subprocess.run(
        ["smtp-source", "-4", "-d", "-s", "20", "-m", "1000", "-l", "4096",
         "-f", "generator@example.net", "-t", ADDRESS, f"127.0.0.1:{server.smtp_port}"],
        check=True, stdin=subprocess.DEVNULL, timeout=120,
    )  # fmt: skip


def _many_recipients(server: ServerProcess) -> None:
    recipients = [f"box-{number}@many.example" for number in range(_RECIPIENTS)]
    _send(server, "Subject: to all\r\n\r\nx\r\n", recipients)


def _send(server: ServerProcess, text: str, recipients: list[str] | None = None) -> None:
    with smtplib.SMTP("127.0.0.1", server.smtp_port, timeout=120) as client:
        client.sendmail("a@example.net", recipients or [ADDRESS], text)


def _large(octets: int) -> str:
    return "Subject: large\r\n\r\n" + ("x" * 76 + "\r\n") * (octets // 78)


def _long_header() -> str:
    field = "X-Field-{number}: " + "word " * 14 + "\r\n"
    fields = (field.format(number=number) for number in range(_HEADER_OCTETS // len(field)))
    return "Subject: long\r\n" + "".join(fields) + "\r\nx\r\n"
