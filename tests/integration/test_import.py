"""An import is killed, again and again: in the end each message is there once."""

from __future__ import annotations

import json
import signal
import subprocess
from collections import Counter
from pathlib import Path

from tests.fakes.process import BIN
from tests.fakes.terminal import Terminal

COUNT = 3000
LINE = "From ann@example.net Mon May  4 03:02:01 2026\n"


def command(home: Path, *words: str) -> list[str]:
    return [str(BIN / "bitrixmail"), "--data-dir", str(home / "var"), *words]


def out(home: Path, *words: str) -> str:
    done = subprocess.run(
        command(home, *words), check=True, capture_output=True, text=True, timeout=60, cwd=home
    )
    return done.stdout


def write_mbox(home: Path, count: int = COUNT) -> None:
    with (home / "old.mbox").open("w") as file:
        for number in range(count):
            body = "text\n" * (20_000 if number % 300 == 0 else 10)
            file.write(f"{LINE}Subject: {number // 2}\n\n{body}\n")


def test_killed_anywhere_it_goes_on(tmp_path: Path) -> None:
    out(tmp_path, "domain", "add", "example.org")
    write_mbox(tmp_path)
    words = ("import", "mbox", "old.mbox", "--mailbox", "postmaster@example.org")
    killed = 0
    for attempt in range(9):
        running = subprocess.Popen(
            command(tmp_path, *words),
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            running.communicate(timeout=0.35 + 0.07 * attempt)
        except subprocess.TimeoutExpired:
            killed += 1
            running.send_signal(signal.SIGKILL if attempt % 2 else signal.SIGINT)
            running.communicate(timeout=20)
    report = json.loads(out(tmp_path, *words, "--json"))
    assert report["imported"] + report["already_there"] == COUNT
    assert killed > 3
    listed = json.loads(
        out(tmp_path, "message", "list", "postmaster@example.org", "--limit", "9999", "--json")
    )
    assert Counter(each["subject"] for each in listed) == {f"{n}": 2 for n in range(COUNT // 2)}
    big = [each["queue_id"] for each in listed if each["size_octets"] > 100_000]
    assert len(big) == len(range(0, COUNT, 300))
    for queue_id in big[:3]:
        assert out(tmp_path, "message", "export", queue_id).endswith("text\n" * 20_000)


def test_at_a_terminal_it_shows_how_far_it_is_and_can_be_interrupted(tmp_path: Path) -> None:
    out(tmp_path, "domain", "add", "example.org")
    # So many that it is not over before the key is heard, however busy the machine
    count = 3 * COUNT
    write_mbox(tmp_path, count)
    words = ("import", "mbox", "old.mbox", "--mailbox", "postmaster@example.org")
    terminal = Terminal(tmp_path, "--data-dir", "var", *words, environment={})
    terminal.reads("importing")
    terminal.types("\x03")
    assert terminal.end() == 130
    assert "imported so far: the same command again goes on from there" in terminal.shown
    terminal = Terminal(tmp_path, "--data-dir", "var", *words, environment={})
    assert terminal.end() == 0
    assert "already there" in terminal.shown
    listed = out(tmp_path, "message", "list", "postmaster@example.org", "--limit", "9999", "--json")
    assert len(json.loads(listed)) == count
