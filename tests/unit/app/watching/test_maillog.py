from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from zope.interface import implementer
from zope.interface.verify import verifyObject

from bitrixmail.app.watching.logs import json_line, text_line
from bitrixmail.app.watching.maillog import MailLog
from bitrixmail.interfaces.maillog import IMailLog

GOLDEN = Path(__file__).parent / "maillog.golden"


@implementer(ILogObserver)
class Kept:
    def __init__(self) -> None:
        self.events: list[LogEvent] = []

    def __call__(self, event: LogEvent) -> None:
        if event.get("log_namespace") == "mail":
            self.events.append(event | {"log_time": 1_800_000_000.25})


@pytest.fixture
def kept() -> Iterator[Kept]:
    observer = Kept()
    globalLogPublisher.addObserver(observer)
    yield observer
    globalLogPublisher.removeObserver(observer)


def write_all() -> None:
    log = MailLog()
    log.record(
        "accepted",
        queue_id="3FZ0",
        session_id="6b-1",
        peer="192.0.2.7",
        sender="a@example.net",
        recipient="info@example.org",
        folder="Invoices",
        size_octets=4096,
    )
    log.record(
        "accepted", queue_id="3FZ1", sender="", recipient='"a b"@example.org', folder="Счета"
    )
    log.record("refused", peer="2001:db8::1", reply="550 5.1.1 No such mailbox here", reason=None)
    log.record("refused", sender='evil"@x\r\nrefused peer=127.0.0.1\\', recipient="a\u202eb=c")
    log.record("deferred", reason="x" * 1000)
    log.record("login", account="info@example.org", peer="192.0.2.7", delay_s=0.25)


def test_the_lines_are_those_that_operators_know(kept: Kept) -> None:
    write_all()
    lines = "".join(text_line(event) + "\n" for event in kept.events)
    assert lines == GOLDEN.read_text("utf-8")


def test_as_json_the_fields_stand_flat(kept: Kept) -> None:
    write_all()
    first = json.loads(json_line(kept.events[0]))
    assert first["transition"] == "accepted"
    assert first["recipient"] == "info@example.org"
    assert first["namespace"] == "mail"
    assert "reason" not in json.loads(json_line(kept.events[2]))


def test_it_is_a_mail_log() -> None:
    assert verifyObject(IMailLog, MailLog())
