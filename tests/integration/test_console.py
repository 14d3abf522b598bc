"""The `bitrixmail` command as a process: at a terminal, in a pipe, beside a running server."""

from __future__ import annotations

import os
import signal
import smtplib
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.fakes.process import BIN, ROOT
from tests.fakes.server import NOBODY, RunningServer, anyones_twistd, until
from tests.fakes.terminal import Terminal

PROGRAM = str(BIN / "bitrixmail")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user: needs root")
HEAVY = ("twisted", "pydantic", "sqlalchemy", "alembic", "regex", "chardet", "tomlkit", "rich")


def run(
    cwd: Path, *words: str, stdin: str = "", environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAM, *words],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=cwd,
        env={"PATH": os.environ["PATH"], **(environment or {})},
        check=False,
    )


def good(cwd: Path, *words: str, stdin: str = "") -> str:
    done = run(cwd, *words, stdin=stdin)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_makes_what_is_missing_where_the_server_would(tmp_path: Path) -> None:
    done = run(tmp_path, "domain", "add", "example.org")
    database = tmp_path / "var/bitrixmail.sqlite"
    assert done.returncode == 0
    assert done.stderr.splitlines()[0].startswith(f"note: there was no {database}: made it, for")
    assert database.exists()
    assert (tmp_path / "var").stat().st_mode & 0o777 == 0o700
    assert "note" not in run(tmp_path, "domain", "list").stderr


def test_the_usual_file_is_found_by_command_and_server_alike(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/bitrixmail.toml").write_text('[server]\ndata_dir = "elsewhere"\n')
    good(tmp_path, "domain", "add", "example.org")
    assert (tmp_path / "elsewhere/bitrixmail.sqlite").exists()
    (tmp_path / "var").mkdir()
    (tmp_path / "var/bitrixmail.toml").write_text('[server]\ndata_dir = "nearer"\n')
    good(tmp_path, "domain", "add", "example.org")
    assert (tmp_path / "nearer/bitrixmail.sqlite").exists()
    (tmp_path / "var/bitrixmail.toml").unlink()
    (tmp_path / "etc/bitrixmail.toml").write_text("[server]\ndata_dirr = 1\n")
    assert run(tmp_path, "domain", "list").returncode == os.EX_CONFIG
    server = subprocess.run(
        [str(BIN / "twistd"), "-n", "--pidfile=", "bitrixmail", "--check-config"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert server.returncode == os.EX_CONFIG
    named = {"BITRIXMAIL_CONFIG": str(ROOT / "etc/bitrixmail.toml")}
    assert run(tmp_path, "config", "check", environment=named).returncode == 0


def test_a_running_server_sees_a_change_within_a_second(tmp_path: Path) -> None:
    data_dir = f"--data-dir={tmp_path}/var"
    with RunningServer(tmp_path) as server:
        server.ready()

        def reply() -> int:
            with smtplib.SMTP("127.0.0.1", server.port, timeout=10) as client:
                client.helo()
                client.mail("a@example.net")
                return client.rcpt("new@example.org")[0]

        assert reply() == 550
        good(tmp_path, data_dir, "mailbox", "add", "new@example.org")
        begun = time.monotonic()
        until(lambda: reply() == 250, "the mailbox is not seen")
        added_s = time.monotonic() - begun
        good(tmp_path, data_dir, "mailbox", "remove", "new@example.org")
        begun = time.monotonic()
        until(lambda: reply() == 550, "the mailbox is still seen")
        # A machine that is busy otherwise adds to one of them
        assert min(added_s, time.monotonic() - begun) < 1


def test_help_waits_for_nothing_heavy() -> None:
    program = (
        "import sys\nfrom bitrixmail.app.console import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        f"print(*(name for name in {HEAVY!r} if name in sys.modules), file=sys.stderr)\n"
    )
    for words in (["--help"], ["mailbox", "add", "--help"], ["nosuch"]):
        done = subprocess.run(
            [sys.executable, "-c", program, *words],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.stderr.splitlines()[-1] == "", done.stderr


@pytest.mark.parametrize(
    "words",
    [("--help",), ("domain", "list"), ("--set", "server.hostname=a.example", "config", "show")],
)
def test_a_closed_pipe_is_no_error(tmp_path: Path, words: tuple[str, ...]) -> None:
    good(tmp_path, "domain", "add", "example.org")
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [PROGRAM, *words],
        stdout=writer,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        timeout=60,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


def test_letters_of_any_alphabet_in_any_locale(tmp_path: Path) -> None:
    good(tmp_path, "domain", "add", "example.org")
    plain = {"LC_ALL": "C"}
    words = ("mailbox", "add", "счета@example.org", "--description", "Бухгалтерия")
    assert run(tmp_path, *words, environment=plain).returncode == 0
    listed = run(tmp_path, "mailbox", "list", environment=plain).stdout
    assert "счета@example.org" in listed
    assert "Бухгалтерия" in listed


def test_a_full_disk_is_no_traceback(tmp_path: Path) -> None:
    good(tmp_path, "domain", "add", "example.org")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [PROGRAM, "domain", "list"], stdout=full, stderr=subprocess.PIPE, cwd=tmp_path,
            timeout=60, check=False, text=True,
        )  # fmt: skip
    assert done.returncode == os.EX_IOERR
    assert done.stderr == "error: output: No space left on device\n"


def test_a_damaged_database(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var/bitrixmail.sqlite").write_bytes(b"this is no database, " * 1000)
    done = run(tmp_path, "domain", "list")
    assert done.returncode == os.EX_DATAERR
    assert done.stderr.startswith(f"error: {tmp_path}/var/bitrixmail.sqlite is damaged, or")
    assert done.stderr.count("\n") == 1


class TestAtATerminal:
    def terminal(self, cwd: Path, *words: str) -> Terminal:
        return Terminal(cwd, *words, environment={"PATH": os.environ["PATH"]})

    def test_a_password_is_asked_for_twice_and_not_shown(self, tmp_path: Path) -> None:
        good(tmp_path, "domain", "add", "example.org")
        asked = self.terminal(tmp_path, "mailbox", "add", "info@example.org")
        asked.reads("Password: ")
        asked.types("hidden words\n")
        asked.reads("Repeat for confirmation: ")
        asked.types("hidden words\n")
        asked.reads("mailbox info@example.org added")
        assert asked.end() == 0
        assert "hidden" not in asked.shown
        assert "no password" not in asked.shown
        site = '[[mailbox]]\naddress = "info@example.org"\npassword = "hidden words"\n'
        assert good(tmp_path, "apply", "-", stdin=site) == ""

    @pytest.mark.parametrize(
        ("answer", "code"), [("n", os.EX_NOPERM), ("y", 0), ("", os.EX_NOPERM)]
    )
    def test_it_asks_before_mail_goes(self, tmp_path: Path, answer: str, code: int) -> None:
        with RunningServer(tmp_path) as server:
            server.ready()
            with smtplib.SMTP("127.0.0.1", server.port, timeout=10) as client:
                client.sendmail("a@example.net", ["postmaster@example.org"], b"\r\n")
        asked = self.terminal(tmp_path, "domain", "remove", "example.org")
        asked.reads("of mail (postmaster@example.org). Remove it with its mail? [y/N]: ")
        asked.types(f"{answer}\n")
        assert asked.end() == code
        assert ("nothing was removed" in asked.shown) is (code != 0)
        assert ("example.org" in good(tmp_path, "domain", "list")) is (code != 0)

    def test_an_interrupted_question_changes_nothing(self, tmp_path: Path) -> None:
        good(tmp_path, "domain", "add", "example.org")
        asked = self.terminal(tmp_path, "mailbox", "add", "info@example.org")
        asked.reads("Password: ")
        asked.types("\x03")
        assert asked.end() == 128 + signal.SIGINT
        assert "interrupted" in asked.shown
        assert "info@" not in good(tmp_path, "mailbox", "list")

    def test_a_stranger_does_not_command_it(self, tmp_path: Path) -> None:
        letter = b"Subject: \x1b]0;owned\x07\r\n\r\n\x1b[2Jred\ttab \xff\r\n"
        with RunningServer(tmp_path) as server:
            server.ready()
            with smtplib.SMTP("127.0.0.1", server.port, timeout=10) as client:
                client.sendmail("a@example.net", ["postmaster@example.org"], letter)
        listing = ("message", "list", "postmaster@example.org")
        queue_id = good(tmp_path, *listing).split("\n")[1].split()[0]
        for words in (listing, ("message", "show", queue_id), ("message", "export", queue_id)):
            shown = self.terminal(tmp_path, *words)
            assert shown.end() == 0
            assert "owned" in shown.shown
            styled = shown.shown.replace("\x1b[0m", "").replace("\x1b[1m", "")
            assert not {"\x1b", "\x07", "\t"} & set(styled), (words, styled)


class TestAsRoot:
    """What root makes for a server of another user stays that user's."""

    def others(self, home: Path) -> set[int]:
        return {found.stat().st_uid for found in [home, *home.rglob("*")]}

    @as_root
    @pytest.mark.parametrize("made", [True, False], ids=["its own directory", "one to be made"])
    def test_files_belong_to_the_owner_of_the_place(self, nobodys_home: Path, made: bool) -> None:
        program, environment = anyones_bitrixmail()
        data_dir = nobodys_home / "var"
        if made:
            data_dir.mkdir(mode=0o700)
            os.chown(data_dir, NOBODY, NOBODY)
        done = subprocess.run(
            [*program, f"--data-dir={data_dir}", "domain", "add", "example.org"],
            capture_output=True,
            text=True,
            timeout=60,
            env={"PATH": os.environ["PATH"], **environment},
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert self.others(data_dir) == {NOBODY}

    @as_root
    def test_what_root_imports_belongs_to_the_owner_too(self, nobodys_home: Path) -> None:
        program, environment = anyones_bitrixmail()
        source = nobodys_home / "root's.mbox"
        source.write_text("From - Mon May  4 03:02:01 2026\nSubject: big\n\n" + "text\n" * 50_000)
        source.chmod(0o600)
        for words in (
            ("domain", "add", "example.org"),
            ("import", "mbox", str(source), "--mailbox", "postmaster@example.org"),
        ):
            subprocess.run(
                [*program, f"--data-dir={nobodys_home / 'var'}", *words],
                timeout=60,
                env={"PATH": os.environ["PATH"], **environment},
                check=True,
            )
        assert len(list((nobodys_home / "var/blobs").glob("*/*"))) == 1
        assert self.others(nobodys_home / "var") == {NOBODY}

    @as_root
    def test_a_file_of_roots_in_it_is_refused_with_a_remedy(self, nobodys_home: Path) -> None:
        program, environment = anyones_bitrixmail()
        (nobodys_home / "var").mkdir(mode=0o700)
        good(nobodys_home, f"--data-dir={nobodys_home}/var", "domain", "add", "example.org")
        assert self.others(nobodys_home / "var") == {0}
        os.chown(nobodys_home / "var", NOBODY, NOBODY)
        done = subprocess.run(
            [*program, f"--data-dir={nobodys_home}/var", "domain", "list"],
            capture_output=True,
            text=True,
            timeout=60,
            env={"PATH": os.environ["PATH"], **environment},
            check=False,
        )
        assert done.returncode == os.EX_NOPERM
        assert f"chown -R {NOBODY} {nobodys_home}/var" in done.stderr

    @as_root
    def test_another_user_is_told_whose_it_is(self, tmp_path: Path, nobodys_home: Path) -> None:
        program, environment = anyones_bitrixmail()
        (nobodys_home / "var").mkdir(mode=0o700)  # root's
        done = subprocess.run(
            [*program, f"--data-dir={nobodys_home}/var", "domain", "list"],
            capture_output=True,
            text=True,
            timeout=60,
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            cwd="/",
            env={"PATH": os.environ["PATH"], **environment},
            check=False,
        )
        assert done.returncode == os.EX_NOPERM
        assert done.stderr.startswith(
            f"error: server.data_dir: {nobodys_home}/var belongs to user root, and user "
        )
        assert "can't write in it (run the command as that user: sudo -u root" in done.stderr


def anyones_bitrixmail() -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the command as every user may run it, likewise to `anyones_twistd`."""
    program, environment = anyones_twistd()
    if len(program) == 1:
        return (PROGRAM,), environment
    run_it = (
        "import sys; sys.argv[0] = 'bitrixmail'; from bitrixmail.app.console import main; main()"
    )
    return (program[0], "-c", run_it), environment
