"""The mail log of a real server: for everything that happens to mail one line, in stable words.

Operators, grep and fail2ban read it: a line of the golden file is changed on purpose only. The same
dialogues are counted: see test_metrics.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from resource import RLIMIT_FSIZE, prlimit

from tests.fakes.dialogue import Dialogue
from tests.fakes.process import ServerProcess
from tests.fakes.server import until

GOLDEN = Path(__file__).with_name("mail_log.golden")
INFO, SHOP, FULL = "info@example.org", "shop@example.org", "full@example.org"
PASSWORD = "a password of the test"
SETTINGS = """\
[smtp]
max_errors = 3
max_size = "64KiB"
[access]
max_errors = 3
connections_per_ip = 2
exempt_networks = []
[log]
format = "{form}"
"""
SITE = (
    f"""\
[[domain]]
name = "example.org"
[[mailbox]]
address = "{INFO}"
password = "{PASSWORD}"
[[mailbox]]
address = "{SHOP}"
password = "{PASSWORD}"
[[mailbox]]
address = "{FULL}"
quota = "1KiB"

"""
    """\
[[rule]]
name = "Rejected"
condition = [{ field = "subject", op = "equals", value = "reject me" }]
action = [{ do = "reject", text = "No such letters please" }]
[[rule]]
name = "Discarded"
condition = [{ field = "subject", op = "equals", value = "discard me" }]
action = [{ do = "discard" }]
[[rule]]
name = "Quarantined"
condition = [{ field = "subject", op = "equals", value = "quarantine me" }]
action = [{ do = "quarantine" }]
[[rule]]
name = "Filed"
condition = [{ field = "subject", op = "equals", value = "file me" }]
action = [{ do = "move", folder = "Папка" }]
"""
)
START = "MAIL FROM:<a@example.net>"
_LINE = re.compile(r"^\S+Z info mail: (.*)$", re.MULTILINE)
_SESSION = re.compile(r"session_id=(\S+)")


class Log:
    """What a server has written to its mail log, made comparable: its ids differ in each run."""

    def __init__(self, server: ServerProcess, form: str) -> None:
        self._server = server
        self._form = form
        self.lines: list[str] = []

    def expect(self, count: int) -> None:
        """Wait for so many more lines; they stay apart from those of the next step."""
        wanted = len(self.lines) + count
        until(lambda: len(self._read()) >= wanted, f"no {wanted} lines:\n{self._server.log}")
        self.lines = self._read()

    def _read(self) -> list[str]:
        text = self._server.log.read_text("utf-8")
        if self._form == "text":
            return _LINE.findall(text)
        entries = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
        return [_as_text(entry) for entry in entries if entry["namespace"] == "mail"]


def _as_text(entry: dict[str, str]) -> str:
    """Write a flat JSON entry as the text form does: both say the same."""
    fields = {key: text for key, text in entry.items() if key not in ("time", "level", "namespace")}
    words = [fields.pop("transition")]
    for key, text in fields.items():
        assert isinstance(text, str)
        quoted = json.dumps(text, ensure_ascii=False) if re.search(r'[\s"=]|^$', text) else text
        words.append(f"{key}={quoted}")
    return " ".join(words)


def comparable(lines: list[str]) -> str:
    sessions: dict[str, str] = {}

    def numbered(found: re.Match[str]) -> str:
        return f"session_id=S{sessions.setdefault(found[1], str(len(sessions) + 1))}"

    text = "".join(f"{line}\n" for line in lines)
    text = re.sub(r"queue_id=\w+", "queue_id=Q", text)
    return _SESSION.sub(numbered, text)


@contextmanager
def running(home: Path, form: str) -> Iterator[ServerProcess]:
    server = ServerProcess(home / "server", SETTINGS.format(form=form))
    (home / "site.toml").write_text(SITE)
    server.cli("apply", str(home / "site.toml"))
    with server:
        yield server


def smtp(server: ServerProcess, *lines: str) -> None:
    with Dialogue(server.smtp_port, "220") as dialogue:
        for line in ("EHLO client.example.net", *lines):
            dialogue.say(line)


def letter(server: ServerProcess, subject: str, *recipients: str) -> None:
    to = [f"RCPT TO:<{recipient}>" for recipient in recipients or (INFO,)]
    content = f"Subject: {subject}\r\n\r\nx\r\n."
    smtp(server, START, *to, "DATA", content, "QUIT")


def pop3(server: ServerProcess, *lines: str) -> None:
    with Dialogue(server.pop3_port, "+OK") as dialogue:
        for line in lines:
            dialogue.say(line)


def letters(server: ServerProcess, log: Log) -> None:
    letter(server, "hello")
    log.expect(1)
    letter(server, "file me", INFO, SHOP)
    log.expect(2)
    for subject in ("reject me", "discard me", "quarantine me"):
        letter(server, subject)
        log.expect(1)


def refused(server: ServerProcess, log: Log) -> None:
    smtp(server, START, "RCPT TO:<nobody@example.org>", "QUIT")
    log.expect(1)
    smtp(server, START, "RCPT TO:<somebody@example.com>", "QUIT")
    log.expect(1)
    smtp(server, START, f"RCPT TO:<{INFO}>", "DATA", "Subject: x\n\r\n.", "QUIT")
    log.expect(1)
    smtp(server, f"{START} SIZE=65537", "MAIL FROM:<a b@example.net>", "QUIT")
    log.expect(2)
    smtp(server, START, "RCPT TO:<in fo@example.org>", "QUIT")
    log.expect(1)
    large = ("y" * 70 + "\r\n") * 1000
    smtp(server, START, f"RCPT TO:<{INFO}>", "DATA", f"{large}.")
    log.expect(1)
    smtp(server, "SPAM", "SPAM", "SPAM")
    log.expect(1)


def full_and_broken(server: ServerProcess, log: Log) -> None:
    letter(server, "x" * 2000, FULL)
    log.expect(1)
    smtp(server, START, f"RCPT TO:<{FULL}>", "QUIT")
    log.expect(1)
    # The disk takes no more of the database's log, but some of ours
    unlimited = prlimit(server.pid, RLIMIT_FSIZE)
    prlimit(server.pid, RLIMIT_FSIZE, (64 * 1024, unlimited[1]))
    letter(server, "hello")
    log.expect(1)
    prlimit(server.pid, RLIMIT_FSIZE, unlimited)


def readers(server: ServerProcess, log: Log) -> None:
    right = f"PASS {PASSWORD}"
    pop3(server, f"USER {INFO}", "PASS wrong", "QUIT")
    log.expect(1)
    pop3(server, "USER info+Nowhere@example.org", right, "QUIT")
    log.expect(1)
    with Dialogue(server.pop3_port, "+OK") as holding:
        for line in (f"USER {INFO}", right):
            holding.say(line)
        log.expect(1)
        pop3(server, f"USER {INFO}", right, "QUIT")
        log.expect(1)
        with Dialogue(server.pop3_port, "+OK"), Dialogue(server.pop3_port, "-ERR"):
            log.expect(1)
        holding.say("RETR 1", end="\r\n.\r\n")
        holding.say("DELE 1")
        holding.say("QUIT")
        log.expect(1)
    pop3(server, f"USER {SHOP}", right)
    log.expect(2)
    pop3(server, "SPAM", "SPAM", "SPAM")
    log.expect(1)


def test_each_transition_has_one_line(tmp_path: Path) -> None:
    with running(tmp_path, "text") as server:
        log = Log(server, "text")
        for steps in (letters, refused, full_and_broken, readers):
            steps(server, log)
        server.stop()
        log.expect(0)
    assert comparable(log.lines) == GOLDEN.read_text("utf-8")


def test_as_json_the_same_fields_stand_flat(tmp_path: Path) -> None:
    with running(tmp_path, "json") as server:
        log = Log(server, "json")
        letters(server, log)
        refused(server, log)
    assert GOLDEN.read_text("utf-8").startswith(comparable(log.lines))
    assert len(log.lines) == 14
