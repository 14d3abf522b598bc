from __future__ import annotations

import io
import json

import pytest
from twisted.logger import LogEvent, LogLevel
from twisted.python.failure import Failure

from bitrixmail.app.settings.tree import Log
from bitrixmail.app.watching.logs import (
    LogLevels,
    json_line,
    log_observer,
    log_stream,
    text_line,
    twistd_flags,
)


def event(level: str = "info", namespace: str = "bitrixmail.smtp", **more: object) -> LogEvent:
    return {
        "log_time": 1_800_000_000.5,
        "log_level": LogLevel.levelWithName(level),
        "log_namespace": namespace,
        "log_format": "{what} happened",
        "what": "something",
        **more,
    }


def test_a_line_is_time_level_namespace_message() -> None:
    assert text_line(event()) == "2027-01-15T08:00:00.500Z info bitrixmail.smtp: something happened"


def test_remote_text_begins_no_line() -> None:
    line = text_line(event(what="a\r\n2027 info mail: forged\x1b[2J"))
    assert "\n" not in line
    assert "\x1b" not in line


def test_json_is_one_flat_object() -> None:
    line = json_line(event(queue_id="3F", size=3, log_source=object(), thing=object()))
    assert json.loads(line) == {
        "time": "2027-01-15T08:00:00.500Z",
        "level": "info",
        "namespace": "bitrixmail.smtp",
        "message": "something happened",
        "what": "something",
        "queue_id": "3F",
        "size": 3,
    }


def failed() -> Failure:
    try:
        int("broken")
    except ValueError:
        return Failure()  # type: ignore[no-untyped-call]  # Twisted's
    raise AssertionError


def test_a_traceback_stands_behind_its_line() -> None:
    told = event(log_failure=failed())
    assert text_line(told).splitlines()[-1].startswith("    builtins.ValueError:")
    assert "ValueError: invalid" in json.loads(json_line(told))["traceback"]


def test_levels_hold_by_namespace_and_may_change() -> None:
    stream = io.StringIO()
    settings = Log(level="warn", levels={"bitrixmail.smtp": "debug"})
    levels = LogLevels(settings)
    write = log_observer(stream, settings, levels)
    write(event("debug"))
    write(event("info", "bitrixmail.store"))
    write(event("info", "mail"))
    assert [line.split()[2] for line in stream.getvalue().splitlines()] == [
        "bitrixmail.smtp:",
        "mail:",
    ]
    levels.set(Log(level="error"))
    write(event("warn"))
    assert len(stream.getvalue().splitlines()) == 2


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["-ny", "etc/x.tac"], {"nodaemon": True, "y": "etc/x.tac"}),
        (["--logfile=x.log", "-y", "x"], {"logfile": "x.log", "y": "x"}),
        (["-l", "x.log", "bitrixmail", "--config", "c"], {"logfile": "x.log"}),
        (["--no-such-option"], {}),
    ],
)
def test_twistds_own_options_are_read_for_a_tac_file(
    arguments: list[str], expected: dict[str, object]
) -> None:
    assert twistd_flags(arguments) == expected


def test_syslog_stays_with_twistd() -> None:
    assert log_stream({"syslog": True}) is None


def test_the_message_of_an_error_begins_no_line() -> None:
    error = ValueError("x\r2027 info mail: forged\x1b[2J\x85y")
    line = text_line(event(log_failure=Failure(error)))  # type: ignore[no-untyped-call]  # Twisted's
    assert not {"\r", "\x1b", "\x85"} & set(line)
    assert "2027 info mail: forged" in line
