"""What keeps the server from starting: one line, its ways out, the right exit code."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from tests.fakes.process import BIN
from tests.fakes.server import NOBODY, RunningServer, anyones_twistd, until

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user: needs root")


def as_nobody(home: Path, settings: Sequence[str] = ()) -> RunningServer:
    """Return a server that never had any right of root's."""
    program, environment = anyones_twistd()
    return RunningServer(
        home, settings=settings, user=NOBODY, program=program, environment=environment
    )


def complaint(server: RunningServer) -> list[str]:
    """Return what was told on standard error: the lines after the first of ours."""
    lines = server.log.splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("bitrixmail: "))
    assert "Traceback" not in server.log, server.log
    return lines[first:]


def test_wrong_settings_are_all_told_at_once(tmp_path: Path) -> None:
    with RunningServer(tmp_path, settings=["smtp.max_sise=1", "listen.smtp=tcp:x"]) as server:
        assert server.exit_code() == os.EX_CONFIG
        assert complaint(server) == [
            'bitrixmail: listen.smtp.0: "x" is not a port (ports go from 1 to 65535)',
            'bitrixmail: smtp.max_sise: there is no such setting (did you mean "smtp.max_size"?)',
        ]


def test_check_config_says_yes_or_no(tmp_path: Path) -> None:
    command = ("-n", "--pidfile=", "bitrixmail", "--check-config")
    with RunningServer(tmp_path, command, settings=["listen.imap=tcp:143"]) as server:
        assert server.exit_code() == 0
        assert "the settings are good" in server.log
        assert "this version has no IMAP door" in server.log
    with RunningServer(tmp_path, command, settings=["smtp.max_size=x"]) as server:
        assert server.exit_code() == os.EX_CONFIG
    assert not server.data_dir.exists()


def test_a_taken_port_names_program_and_pid(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = [f"listen.smtp=tcp:{port}:interface=127.0.0.1"]
        with RunningServer(tmp_path, settings=settings) as server:
            assert server.exit_code() == os.EX_UNAVAILABLE
    first = complaint(server)[0]
    assert f"listen.smtp: can't listen on 127.0.0.1 port {port}: taken by " in first
    assert f"(PID {os.getpid()}, user " in first


@as_root
def test_of_a_hidden_program_the_user_is_named(nobodys_home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = [f"listen.smtp=tcp:{taken.getsockname()[1]}:interface=127.0.0.1"]
        with as_nobody(nobodys_home, settings) as server:
            assert server.exit_code() == os.EX_UNAVAILABLE
    assert complaint(server)[0].endswith("taken by a program of user root")


@as_root
def test_a_privileged_port_without_the_right_to_it(nobodys_home: Path) -> None:
    first = int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())
    if first <= 25:
        pytest.skip("port 25 is for everyone on this machine")
    with as_nobody(nobodys_home, ["listen.smtp=tcp:25"]) as server:
        assert server.exit_code() == os.EX_NOPERM
    problem, *ways = complaint(server)
    assert problem == (
        "bitrixmail: listen.smtp: can't listen on port 25 of all addresses:"
        " permission denied for user nobody"
    )
    assert len(ways) == 5
    assert all(way.startswith("  ") for way in ways)


def test_a_daemon_tells_its_parent(tmp_path: Path) -> None:
    command = (f"--pidfile={tmp_path}/twistd.pid", f"--logfile={tmp_path}/x.log", "bitrixmail")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = [f"listen.smtp=tcp:{port}:interface=127.0.0.1"]
        with RunningServer(tmp_path, command, settings=settings) as server:
            assert server.exit_code() == os.EX_UNAVAILABLE
    assert f"port {port}: taken by" in complaint(server)[0]
    assert "An error has occurred" not in server.log
    assert not server.pidfile.exists()
    assert f"port {port}: taken by" in (tmp_path / "x.log").read_text()


def test_a_daemon_tells_what_it_finds_after_the_fork(tmp_path: Path) -> None:
    command = (f"--pidfile={tmp_path}/twistd.pid", f"--logfile={tmp_path}/x.log", "bitrixmail")
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "bitrixmail.sqlite").write_bytes(b"no database" * 1000)
    with RunningServer(tmp_path, command) as server:
        assert server.exit_code() == os.EX_DATAERR
    assert "bitrixmail.sqlite" in complaint(server)[0]
    assert not server.pidfile.exists()


def opened(pid: int, name: str) -> bool:
    """Tell whether a process has a file of that name open."""
    found = Path(f"/proc/{pid}/fd").iterdir()
    return any(link.exists() and link.resolve().name == name for link in found)


def test_a_daemon_that_is_killed_before_it_is_open(tmp_path: Path) -> None:
    command = (f"--pidfile={tmp_path}/twistd.pid", f"--logfile={tmp_path}/x.log", "bitrixmail")
    with RunningServer(tmp_path) as server:
        server.ready()
        server.stop()
    with closing(sqlite3.connect(server.data_dir / "bitrixmail.sqlite")) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        with RunningServer(tmp_path, command) as server:
            until(server.pidfile.exists, "no pid file")
            until(lambda: opened(server.daemon(), "bitrixmail.sqlite"), "it opens nothing")
            os.kill(server.daemon(), signal.SIGKILL)
            assert server.exit_code() == os.EX_SOFTWARE
    assert "bitrixmail: the server ended before it was open; its log says why" in server.log


@pytest.mark.parametrize("mode", [(), ("-n",)])
def test_a_log_that_can_not_be_written(tmp_path: Path, mode: tuple[str, ...]) -> None:
    command = (*mode, "--pidfile=", f"--logfile={tmp_path}/none/x.log", "bitrixmail")
    with RunningServer(tmp_path, command) as server:
        assert server.exit_code() == os.EX_CANTCREAT
    problem, *ways = complaint(server)
    assert f"the log {tmp_path}/none/x.log can't be written" in problem
    assert len(ways) == 2


@as_root
def test_a_data_directory_that_can_not_be_written(nobodys_home: Path) -> None:
    data_dir = nobodys_home / "var"
    data_dir.mkdir(mode=0o755)  # root's
    with as_nobody(nobodys_home) as server:
        assert server.exit_code() == os.EX_NOPERM
    problem, way = complaint(server)
    assert f"server.data_dir: {data_dir} can't be written by user nobody" in problem
    assert f"install -d -o nobody -m 700 {data_dir}" in way


def test_a_data_directory_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("")
    with RunningServer(tmp_path) as server:
        assert server.exit_code() == os.EX_CANTCREAT
    assert "server.data_dir" in complaint(server)[0]


def test_a_damaged_database(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var/bitrixmail.sqlite").write_bytes(b"this is no database, " * 1000)
    with RunningServer(tmp_path) as server:
        assert server.exit_code() == os.EX_DATAERR
    problem, *ways = complaint(server)
    assert f"{tmp_path}/var/bitrixmail.sqlite" in problem
    assert "damaged" in problem
    assert ways


def test_a_certificate_that_is_not_there(tmp_path: Path) -> None:
    settings = [f"tls.certificate={tmp_path}/c.pem", f"tls.key={tmp_path}/k.pem"]
    with RunningServer(tmp_path, settings=settings) as server:
        assert server.exit_code() == os.EX_CONFIG
    assert f"tls.certificate: {tmp_path}/c.pem: No such file" in complaint(server)[0]


def test_versions_are_told(tmp_path: Path) -> None:
    with RunningServer(tmp_path, ("bitrixmail", "--version")) as server:
        assert server.exit_code() == 0
    told = server.log
    assert told.startswith("bitrixmail ")
    assert all(name in told for name in ("\nTwisted ", "\nPython ", "(module ssl)", "(doors)"))


def test_pages_of_the_database_that_are_damaged(tmp_path: Path) -> None:
    with RunningServer(tmp_path) as server:
        server.ready()
        server.stop()
        database = server.data_dir / "bitrixmail.sqlite"
    assert database.stat().st_mode & 0o777 == 0o600
    octets = bytearray(database.read_bytes())
    octets[4096 * 3 :] = b"\xa5" * (len(octets) - 4096 * 3)
    database.write_bytes(octets)
    with RunningServer(tmp_path) as again:
        assert again.exit_code() == os.EX_DATAERR
        assert "restore it from a backup" in again.log
        assert "Traceback" not in again.log


def test_check_config_looks_for_passwords_and_extensions(tmp_path: Path) -> None:
    command = ("-n", "--pidfile=", "bitrixmail", "--check-config")
    settings = [
        "outbound.smarthost=smtp.example.net",
        "outbound.smarthost_user=you",
        "outbound.smarthost_password_file=/nosuch/password",
        "extensions.enabled=nosuch",
    ]
    with RunningServer(tmp_path, command, settings=settings) as server:
        assert server.exit_code() == os.EX_CONFIG
        line, other = complaint(server)
        assert 'extensions.enabled: there is no extension "nosuch"' in other
        assert line.startswith("bitrixmail: outbound.smarthost_password_file: /nosuch/password: No")
        assert line.endswith("(make it, readable by the user of the server: chmod 400, chown)")


def test_check_config_looks_at_the_certificate(tmp_path: Path) -> None:
    command = ("-n", "--pidfile=", "bitrixmail", "--check-config")
    settings = ["tls.certificate=/nosuch.pem", "tls.key=/nosuch.key"]
    with RunningServer(tmp_path, command, settings=settings) as server:
        assert server.exit_code() == os.EX_CONFIG
        assert "the settings are good" not in server.log


def test_a_pid_file_that_can_not_be_written(tmp_path: Path) -> None:
    command = [str(BIN / "twistd"), "-n", f"--pidfile={tmp_path}/no/twistd.pid", "bitrixmail"]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert told.returncode != 0
    said = told.stdout + told.stderr
    assert f"--pidfile {tmp_path}/no/twistd.pid can't be written" in said
    assert "Traceback" not in said
