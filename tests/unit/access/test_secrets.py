"""No log line and no repr knows a password."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import cast

import pytest
from twisted.logger import ILogObserver, LogEvent, eventAsText, globalLogPublisher
from zope.interface.verify import verifyObject

from bitrixmail.interfaces.login import IPasswordLogin
from bitrixmail.link.credentials import PasswordLogin
from tests.fakes.maildrop import PASSWORD
from tests.fakes.reader_door import ReaderDoor
from tests.unit.access.conftest import Reader

Connect = Callable[[], Reader]


@pytest.fixture
def logged() -> Iterator[list[str]]:
    lines: list[str] = []

    def observe(event: LogEvent) -> None:
        lines.append(eventAsText(event) + repr({key: event[key] for key in sorted(event)}))

    observer = cast("ILogObserver", observe)
    globalLogPublisher.addObserver(observer)
    yield lines
    globalLogPublisher.removeObserver(observer)


def test_a_bug_in_a_login_tells_where_and_not_what(
    door: ReaderDoor, connect: Connect, logged: list[str]
) -> None:
    door.hooks()["error"]("login bug")
    reader = connect()
    reader.send(b"USER info@example.org", b"PASS " + PASSWORD)
    assert b"-ERR [SYS/TEMP] Nobody can be logged in now" in reader.transport.read()
    assert len(logged) == 1
    assert "ZeroDivisionError" in logged[0]
    assert "authorization.py" in logged[0]
    assert PASSWORD.decode() not in logged[0]


def test_exchanges_that_break_are_not_logged(
    door: ReaderDoor, connect: Connect, logged: list[str]
) -> None:
    reader = connect()
    reader.send(b"AUTH PLAIN \xff" + PASSWORD, b"AUTH PLAIN cGFzcyB3b3Jk", b"pass word", b"PASS x")
    assert reader.transport.read().count(b"-ERR") == 4
    assert not logged
    assert not door.maillog.lines


def test_credentials_show_no_password() -> None:
    login = PasswordLogin(b"info@example.org", PASSWORD, "192.0.2.1")
    assert verifyObject(IPasswordLogin, login)
    assert PASSWORD.decode() not in repr(login)
    assert login.checkPassword(PASSWORD)
    assert not login.checkPassword(PASSWORD + b" ")
