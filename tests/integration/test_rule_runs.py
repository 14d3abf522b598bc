"""`rules apply` killed or interrupted in the middle, resumed, and taken back."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest

from bitrixmail.rules.syntax import parse_rules
from tests.fakes.process import BIN
from tests.fakes.stored_mail import Snapshot, fill, snapshot
from tests.fakes.stores import make_stores, result_of
from tests.unit.admin.test_rule_runs import RULES

PROGRAM = str(BIN / "bitrixmail")
MESSAGES = 2500


@pytest.fixture
def before(tmp_path: Path) -> Snapshot:
    """Fill the stores, with rules in force and settings that name them; return what is there."""
    (tmp_path / "bitrixmail.toml").write_text(
        f'[server]\nhostname = "mx.example.org"\ndata_dir = "{tmp_path}/data"\n'
        f'[database]\nurl = "sqlite:///{tmp_path}/mail.sqlite"\n'
    )
    with make_stores(tmp_path) as stores:
        fill(stores, MESSAGES)
        result_of(stores.rulebook.replace(parse_rules(RULES, "rules"), "me", ""))
        return snapshot(stores)


def started(home: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [PROGRAM, "--config", str(home / "bitrixmail.toml"), "rules", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> str:
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    return said


def looked_at(home: Path, query: str) -> int:
    connection = sqlite3.connect(home / "mail.sqlite")
    try:
        found = connection.execute(query).fetchone()
    finally:
        connection.close()
    return int(found[0] or 0)


def stop_when(
    process: subprocess.Popen[str], home: Path, query: str, number: signal.Signals
) -> str:
    """Send a signal once the query's number is above 0; return what the process said."""
    deadline = time.monotonic() + 30
    while not looked_at(home, query):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
    os.kill(process.pid, number)
    _, said = process.communicate(timeout=60)
    return said


def now(home: Path) -> Snapshot:
    with make_stores(home) as stores:
        return snapshot(stores)


def test_killed_resumed_killed_while_it_is_taken_back_nothing_differs(
    tmp_path: Path, before: Snapshot
) -> None:
    process = started(tmp_path, "apply", "--yes")
    stop_when(process, tmp_path, "SELECT max(cursor) FROM rule_run", signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert looked_at(tmp_path, "SELECT count(*) FROM rule_run WHERE state = 'running'") == 1
    assert now(tmp_path) != before
    done = ended(started(tmp_path, "runs", "resume"))
    assert f"of {MESSAGES + MESSAGES // 11 + 1} messages are done" in done
    assert now(tmp_path) != before
    process = started(tmp_path, "runs", "undo", "--yes")
    undoing = "SELECT count(*) FROM rule_run WHERE state = 'undoing'"
    stop_when(process, tmp_path, undoing, signal.SIGKILL)
    assert looked_at(tmp_path, undoing) == 1
    assert "note" not in ended(started(tmp_path, "runs", "undo", "--yes"))
    assert now(tmp_path) == before


def test_interrupted_it_says_how_to_go_on(tmp_path: Path, before: Snapshot) -> None:
    process = started(tmp_path, "apply", "--yes")
    said = stop_when(process, tmp_path, "SELECT max(cursor) FROM rule_run", signal.SIGINT)
    assert process.returncode == 130, said
    assert said.split("\n")[-4:] == [
        "to go on: bitrixmail rules runs resume 1; to take it back: bitrixmail rules runs undo 1",
        "",  # behind ^C
        "interrupted",
        "",
    ]
    ended(started(tmp_path, "runs", "undo", "1", "--yes"))
    assert now(tmp_path) == before
