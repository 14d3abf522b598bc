"""Programs that are run beside the server: real ones, bounded."""

from __future__ import annotations

import os
import pwd
import time
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred
from zope.interface.verify import verifyObject

from bitrixmail.interfaces.commands import ICommandRunner
from bitrixmail.model.command import Command, Ended
from bitrixmail.net.process import CommandRunner
from tests.fakes.delivering import pause, reactor

LARGE = 3 * 1024 * 1024


def script(text: str) -> tuple[str, ...]:
    return ("/bin/sh", "-c", text)


def begun(text: str, content: bytes = b"x", **limits: Any) -> Deferred[Ended]:
    async def read(offset: int, length: int) -> bytes:
        await pause(0)
        return content[offset : offset + length]

    command = Command(script(text), **limits)
    running = CommandRunner(reactor()).run(command, {"GIVEN": "a b"}, read, len(content))
    return Deferred.fromCoroutine(running)


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def gone(pid: int) -> None:
    """Wait until no such process runs; a zombie of nobody counts as gone."""
    end = time.monotonic() + 5
    while time.monotonic() < end:
        if not runs(pid):
            return
        await pause(0.02)
    raise AssertionError(f"process {pid} still runs")


def test_it_keeps_its_contract() -> None:
    verifyObject(ICommandRunner, CommandRunner(reactor()))


async def test_it_is_told_what_is_known_and_says_how_it_ended() -> None:
    ended = await begun('cat; echo " $GIVEN"; echo more >&2; exit 75', b"the message")
    assert (ended.code, ended.signal, ended.timed_out) == (75, "", False)
    assert ended.output.startswith(b"the message a b\n")
    assert b"more" in ended.output


async def test_it_finds_nothing_of_the_servers_own_environment() -> None:
    ended = await begun("env")
    names = {line.partition(b"=")[0] for line in ended.output.splitlines()}
    assert names <= {b"PATH", b"LANG", b"GIVEN", b"PWD", b"OLDPWD", b"SHLVL", b"_"}


async def test_a_large_message_goes_through_in_pieces() -> None:
    ended = await begun("wc -c", b"y" * LARGE)
    assert ended.output.strip() == str(LARGE).encode()


async def test_one_that_reads_nothing_does_well() -> None:
    ended = await begun("exec <&-; exit 0", b"y" * LARGE)
    assert ended.code == 0


async def test_much_output_is_cut_and_does_not_stop_it() -> None:
    ended = await begun("head -c 1000000 /dev/zero | tr '\\0' a; exit 3")
    assert ended.code == 3
    assert len(ended.output) == 4096


async def test_one_that_takes_too_long_is_asked_then_killed_with_all_it_started() -> None:
    before = time.monotonic()
    text = "trap '' TERM; sleep 300 & echo $!; wait; sleep 300"
    ended = await begun(text, timeout_s=0.3, grace_s=0.3)
    assert ended.timed_out
    assert (ended.code, ended.signal) == (None, "SIGKILL")
    assert 0.6 <= time.monotonic() - before < 5
    await gone(int(ended.output))


async def test_one_that_ends_when_asked_is_not_killed() -> None:
    ended = await begun("trap 'exit 9' TERM; sleep 300 & wait", timeout_s=0.3, grace_s=30.0)
    assert (ended.code, ended.timed_out) == (9, True)


async def test_what_it_leaves_behind_ends_with_it() -> None:
    ended = await begun("sleep 300 & echo $!")
    assert ended.code == 0
    await gone(int(ended.output))


async def test_cancelling_kills_it(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    running = begun(f"echo $$ > {mark}; sleep 300")
    while not mark.exists() or not mark.read_text():
        await pause(0.01)
    running.cancel()
    with pytest.raises(CancelledError):
        await running
    await gone(int(mark.read_text()))
    await pause(0.1)  # Twisted hears of it


async def test_limits_hold() -> None:
    told = "ulimit -v; ulimit -t; ulimit -f; ulimit -n; ulimit -u; ulimit -c"
    limits: dict[str, Any] = {
        "memory_octets": 512 * 2**20, "cpu_s": 7, "file_octets": 1024 * 512, "open_files": 50,
        "processes": 4000,
    }  # fmt: skip
    ended = await begun(told.replace("ulimit -u", "ulimit -p"), **limits)
    assert ended.output.split() == [b"524288", b"7", b"1024", b"50", b"4000", b"0"]


async def test_memory_beyond_the_limit_is_not_had() -> None:
    ended = await begun("head -c 300000000 /dev/zero | tail -n 1 >/dev/null", memory_octets=2**27)
    assert ended.code not in (0, None) or b"memory" in ended.output


@pytest.mark.skipif(os.geteuid() != 0, reason="another user is root's to give")
async def test_it_runs_as_the_user_that_is_named() -> None:
    ended = await begun("id -u; id -g; id -G", user="nobody")
    nobody = pwd.getpwnam("nobody")
    assert ended.output.split()[:2] == [str(nobody.pw_uid).encode(), str(nobody.pw_gid).encode()]
    assert b"0" not in ended.output.split()[2:]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (Command(("/no/such/program",)), "/no/such/program is not there"),
        (Command(("/etc/passwd",)), "/etc/passwd may not be run"),
        (Command(("/bin/true",), user="no-such-user"), "no user no-such-user"),
    ],
)
async def test_what_cannot_be_run_is_told(command: Command, said: str) -> None:
    async def read(_offset: int, _length: int) -> bytes:
        await pause(0)
        return b""

    with pytest.raises(OSError, match=said):
        await CommandRunner(reactor()).run(command, {}, read, 0)
