"""Sendmail as programs call it: every flag, in Perl and in Python alike."""

from __future__ import annotations

import fcntl
import os
import resource
import stat
import subprocess
import sys
import tempfile
import termios
from pathlib import Path

import pytest

from bitrixmail.pickup.folder import key_of
from bitrixmail.pickup.slip import read_slip
from tests.unit.inject.conftest import MOST, PROGRAMS, Sendmail, installed


@pytest.mark.parametrize(
    ("words", "slip"),
    [
        (["a@x.org", "b@x.org"], "recipient a@x.org\nrecipient b@x.org"),
        (["-t"], "fields"),
        (["-ti"], "fields"),
        (["-t", "a@x.org"], "fields\nrecipient a@x.org"),
        (["-froot", "a@x.org"], "sender root\nrecipient a@x.org"),
        (["-f", "", "a@x.org"], "sender \nrecipient a@x.org"),
        (["-r<>", "a@x.org"], "sender <>\nrecipient a@x.org"),
        (["a@x.org", "-f", "b@x.org"], "sender b@x.org\nrecipient a@x.org"),
        (["-F", "The Site", "a@x.org"], "name The Site\nrecipient a@x.org"),
        (["-F", "The\tSite\x1b[2J\x7f", "a@x.org"], "name The Site [2J \nrecipient a@x.org"),
        (["-f\ta@x.org", "a@x.org,\tb@x.org", "", " ,"],
         "sender  a@x.org\nrecipient a@x.org, b@x.org"),
        (["-bm", "-oi", "-oem", "-odb", "-OTimeout=1d", "-vGU", "a@x.org"], "recipient a@x.org"),
        (["-B8BITMIME", "-m", "-n", "-h9", "-Llabel", "-d8.1", "a@x.org"],
         "body 8BITMIME\nrecipient a@x.org"),
        (["-e", "q", "-C/etc/x", "-p", "ESMTP", "-X", "/x", "a@x.org"], "recipient a@x.org"),
        (["-N", "success,DELAY", "-Rhdrs", "-V", "7+x", "a@x.org"],
         "notify success,DELAY\nret hdrs\nenvid 7+x\nrecipient a@x.org"),
        (["-Nnever", "a@x.org"], "notify never\nrecipient a@x.org"),
        (["-i", "--", "-a@x.org", "-t"], "recipient -a@x.org\nrecipient -t"),
        (["-"], "recipient -"),
        (["Иван <почта@пример.рф>, b@x.org"], "recipient Иван <почта@пример.рф>, b@x.org"),
    ],
)  # fmt: skip
def test_flags(sendmail: Sendmail, words: list[str], slip: str) -> None:
    assert sendmail.sends(*words, stdin=b"To: a\n\nHi\n") == (slip, b"To: a\n\nHi\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "no recipient"),
        (["-i"], "no recipient"),
        (["-f"], "-f lacks its value"),
        (["-Z", "a@x.org"], "-Z is unknown"),
        (["--help"], "-- is unknown"),
        (["-bd"], "-bd is not for this program"),
        (["-N", "sometimes", "a@x.org"], "-N takes"),
        (["-N", "success,never", "a@x.org"], "-N takes"),
        (["-Rall", "a@x.org"], "-R takes"),
        (["-V", "a b", "a@x.org"], "-V takes"),
        (["-V", "x" * 101, "a@x.org"], "-V takes"),
        ([""], "no recipient"),
        ([" \t,;"], "no recipient"),
        (["a\x1b@x.org"], "a recipient holds a control character"),
        (["-f", "a\x7f@x.org", "a@x.org"], "the value of -f holds a control character"),
        (["a@x.org" + ",b@x.org" * 10_000], "too many recipients"),
        (["a@x.org\nsender b@x.org"], "a recipient holds a line end"),
        (["a@x.org\rBcc: b@x.org"], "a recipient holds a line end"),
        (["-f", "a@x.org\nrecipient b@x.org", "a@x.org"], "the value of -f holds a line end"),
        (["-F", "A\r\nBcc: b@x.org", "a@x.org"], "the value of -F holds a line end"),
        (["--", *(f"{number:0100}@x.org" for number in range(10_000))], "too many recipients"),
    ],
)
def test_what_is_no_call(sendmail: Sendmail, words: list[str], said: str) -> None:
    if words == ["--help"]:
        said = "is unknown"
    assert said in sendmail.fails(os.EX_USAGE, *words)


@pytest.mark.parametrize(
    ("came", "kept"),
    [
        (b"a\n.\nb\n", b"a\n"),
        (b"a\r\n.\r\nb\r\n", b"a\r\n"),
        (b"a\n.", b"a\n"),
        (b"a\n.\r", b"a\n"),
        (b".\nb\n", b""),
        (b"a.\n.b\n..\n. \n", b"a.\n.b\n..\n. \n"),
        (b"a\n.\n", b"a\n"),
        (b"", b""),
        (b"x" * 65535 + b"\n.\nmore\n", b"x" * 65535 + b"\n"),
        (b"x" * 65534 + b"\n.\nmore\n", b"x" * 65534 + b"\n"),
        (b"x" * 65533 + b"\n.\nmore\n", b"x" * 65533 + b"\n"),
        (b"x" * 65534 + b"\n.\r\nmore\n", b"x" * 65534 + b"\n"),
        (b"x" * 65536 + b".\nmore\n", b"x" * 65536 + b".\nmore\n"),
    ],
)
def test_a_lone_dot_ends_it(sendmail: Sendmail, came: bytes, kept: bytes) -> None:
    assert sendmail.sends("a@x.org", stdin=came)[1] == kept


@pytest.mark.parametrize("flag", ["-i", "-oi", "-it"])
def test_a_lone_dot_may_be_part_of_it(sendmail: Sendmail, flag: str) -> None:
    came = b"To: a@x.org\n\na\n.\nb\n."
    assert sendmail.sends(flag, "a@x.org", stdin=came)[1] == came


def in_pieces(sendmail: Sendmail, words: list[str], pieces: list[bytes]) -> bytes:
    """Hand it each piece when it has read those before; return what it kept."""
    process = subprocess.Popen([sendmail.program, *words], stdin=subprocess.PIPE)
    assert process.stdin is not None
    with process.stdin as pipe:
        for piece in pieces:
            os.write(pipe.fileno(), piece)
            while _unread(pipe.fileno()) and process.poll() is None:
                os.sched_yield()
    assert process.wait(20) == 0
    return sendmail.taken()[1]


def _unread(descriptor: int) -> int:
    octets = bytearray(4)
    fcntl.ioctl(descriptor, termios.FIONREAD, octets)
    return int.from_bytes(octets, sys.byteorder)


def test_a_dot_that_comes_in_pieces(sendmail: Sendmail) -> None:
    pieces = [b"a\n", b".", b"b\n", b".\r", b"\n"]
    assert in_pieces(sendmail, ["a@x.org"], pieces) == b"a\n.b\n"


def test_fields_that_come_in_pieces(sendmail: Sendmail) -> None:
    pieces = [b"Subject: x\n", b"To: a@x.org\n", b"\nHi\n"]
    assert in_pieces(sendmail, ["-t"], pieces) == b"".join(pieces)


def test_octets_stay_as_they_are(sendmail: Sendmail) -> None:
    message = b"Subject: \xf2\xe5\xec\xe0\n\n" + bytes(range(256)) * 300
    assert sendmail.sends("-i", "a@x.org", stdin=message)[1] == message


def test_what_it_writes_is_what_the_server_reads(sendmail: Sendmail) -> None:
    sendmail.run("-f", "a@x.org", "-F", "Иван", "-N", "never", "b@x.org")
    (path,) = sendmail.folder.iterdir()
    found = read_slip(path.read_bytes())
    assert found is not None
    slip, start = found
    assert (slip.sender, slip.name) == (b"a@x.org", "Иван")
    assert path.read_bytes()[start:] == b"Subject: x\n\nHi\n"
    assert key_of(path.name)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_the_mode_is_not_that_of_the_caller(sendmail: Sendmail) -> None:
    sendmail.folder.chmod(0o3733)
    subprocess.run(
        [sendmail.program, "a@x.org"], input=b"", check=True, preexec_fn=lambda: os.umask(0o777)
    )
    (path,) = sendmail.folder.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert path.stat().st_gid == sendmail.folder.stat().st_gid


def test_too_large(sendmail: Sendmail) -> None:
    said = sendmail.fails(os.EX_DATAERR, "a@x.org", stdin=b"x" * (MOST + 1))
    assert f"larger than {MOST} octets" in said
    assert len(sendmail.sends("a@x.org", stdin=b"x" * MOST)[1]) == MOST


@pytest.mark.parametrize(
    "message",
    [
        b"Subject: x\n\nTo: a@x.org\n",
        b"",
        b"X-To: a\n",
        b"\nTo: a\n\n",
        b" To: a\n",
        b"Hello\nTo: a\n\n",
        b"Subject: x\nFrom here on it is text\nTo: a\n\n",
        # No empty line within what is read at once
        b"X: " + b"x" * 70_000 + b"To: a\n\n",
        b"X: x\n" * 20_000,
        b"X: x\n" * 20_000 + b"\nTo: a\n",
    ],
)
def test_t_needs_a_field(sendmail: Sendmail, message: bytes) -> None:
    said = sendmail.fails(os.EX_USAGE, "-t", stdin=message)
    assert "no field To, Cc or Bcc" in said
    sendmail.sends("-t", "a@x.org", stdin=message)


@pytest.mark.parametrize(
    "field",
    [
        b"to: a\n",
        b"CC : a\n",
        b"Bcc: a\n",
        b"To: a",
        b"Resent-To: a\r\n\r\n",
        b" folded\n \nTo\r: a\n",
        b"X: x\n" * 20_000 + b"To: a\n",
        b"X: " + b"x" * 65_510 + b"\nTo: a\n",
        b"X: " + b"x" * 70_000 + b"\nTo: a\n",
    ],
)
def test_fields_that_name_recipients(sendmail: Sendmail, field: bytes) -> None:
    assert sendmail.sends("-t", stdin=b"Subject: x\n" + field) == (
        "fields",
        b"Subject: x\n" + field,
    )


def test_a_header_section_is_followed_as_far_as_the_server_does(tmp_path: Path) -> None:
    installed(tmp_path, most=0)
    for program in PROGRAMS:
        sendmail = Sendmail(tmp_path / program, tmp_path / "pickup")
        sendmail.sends("-t", stdin=b"From me Mon\n" + b"X: x\n" * 52_400 + b"To: a\n")
        said = sendmail.fails(os.EX_USAGE, "-t", stdin=b"X: x\n" * 52_500 + b"To: a\n")
        assert "no field To, Cc or Bcc" in said


def test_a_field_that_begins_too_late_or_never_ends_is_none(tmp_path: Path) -> None:
    installed(tmp_path, most=0)
    for program in PROGRAMS:
        sendmail = Sendmail(tmp_path / program, tmp_path / "pickup")
        for message in (b"To: a" + b" " * 262_200, b"To: a" + b" " * 262_200 + b"\n\n"):
            assert "no field To" in sendmail.fails(os.EX_USAGE, "-t", stdin=message)
        sendmail.sends("-t", stdin=b"To: a" + b" " * 262_000 + b"\n\n" + b"x" * 100_000)


def test_a_directory_that_is_not_there(sendmail: Sendmail) -> None:
    sendmail.folder.rmdir()
    done = sendmail.run("a@x.org")
    assert done.returncode == os.EX_TEMPFAIL
    assert b"No such file or directory" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize(("mode", "code"), [(0o755, os.EX_NOPERM), (0o3733, os.EX_OK)])
def test_the_right_to_write_is_that_of_the_caller(program: str, mode: int, code: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        installed(home)
        home.chmod(0o755)
        (home / "pickup").chmod(mode)
        done = subprocess.run(
            [home / program, "a@x.org"], input=b"Hi", capture_output=True, check=False,
            user=65534, group=65534, extra_groups=[],
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        assert (b"Permission denied" in done.stderr) == (code != 0)
        for path in (home / "pickup").iterdir():
            # Read by the server's group, which is the directory's
            assert (path.stat().st_uid, path.stat().st_gid) == (65534, os.getegid())


def test_a_full_disk(sendmail: Sendmail) -> None:
    """A bound on the size of files ends a write as a full disk does, but for its name."""

    def bound() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

    done = subprocess.run(
        [sendmail.program, "-i", "a@x.org"],
        input=b"x" * 100_000, capture_output=True, check=False, preexec_fn=bound,
    )  # fmt: skip
    assert done.returncode != 0
    assert not [path for path in sendmail.folder.iterdir() if key_of(path.name)]


def test_a_killed_caller_leaves_nothing_to_be_seen(sendmail: Sendmail) -> None:
    for piece in (b"", b"x" * 100_000):
        process = subprocess.Popen([sendmail.program, "-i", "a@x.org"], stdin=subprocess.PIPE)
        assert process.stdin is not None
        process.stdin.write(piece)
        process.stdin.flush()
        if piece:
            while not any(path.stat().st_size for path in sendmail.folder.iterdir()):
                os.sched_yield()
        process.kill()
        process.wait()
        process.stdin.close()
    assert not [path for path in sendmail.folder.iterdir() if key_of(path.name)]


@pytest.mark.parametrize(
    ("words", "name", "asked"),
    [
        (["-bp"], "", "queue list --mailq"),
        (["-b", "p"], "", "queue list --mailq"),
        ([], "mailq", "queue list --mailq"),
        (["-q"], "", "queue retry --all"),
        (["-q30m"], "", "queue retry --all"),
        (["-bi"], "", "alias list"),
        (["-I"], "", "alias list"),
        ([], "newaliases", "alias list"),
        (["-bv", "a@x.org", "b@x.org"], "", "route a@x.org b@x.org"),
    ],
)
def test_the_server_is_asked(tmp_path: Path, words: list[str], name: str, asked: str) -> None:
    installed(tmp_path, command=("/bin/echo", "--config", "/x"))
    done = Sendmail(tmp_path / "sendmail", tmp_path / "pickup").run(*words, name=name)
    assert done.stdout.decode().splitlines()[-1] == f"--config /x {asked}"
    assert done.returncode == 0


def answering(home: Path, script: str) -> Sendmail:
    """Install with a `bitrixmail` that is this script."""
    command = home / "bitrixmail"
    command.write_text(f"#!/bin/sh\n{script}\n")
    command.chmod(0o755)
    installed(home, command=(str(command),))
    return Sendmail(home / "sendmail", home / "pickup")


@pytest.mark.parametrize("words", [["-bp"], ["-bv", "nobody@x.org"], ["-q"], ["-bi"]])
def test_what_the_server_says_of_a_failure_is_all(tmp_path: Path, words: list[str]) -> None:
    done = answering(tmp_path, "echo it says why >&2; exit 67").run(*words)
    assert (done.returncode, done.stderr) == (67, b"it says why\n")


def test_a_server_that_cannot_be_asked(tmp_path: Path) -> None:
    done = answering(tmp_path, "kill -9 $$").run("-bp")
    killed = b"sendmail: bitrixmail queue was ended by signal 9\n"
    assert (done.returncode, done.stderr) == (os.EX_SOFTWARE, killed)
    command = tmp_path / "bitrixmail"
    for change in (lambda: command.write_text("#!/nowhere/python\n"), command.unlink):
        change()
        done = Sendmail(tmp_path / "sendmail", tmp_path / "pickup").run("-bp")
        assert done.returncode == os.EX_SOFTWARE
        assert b"can't be run, or is not there (run again: bitrixmail sendmail" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize(
    ("owner", "way", "said"),
    [
        (65533, 0o755, "only root and #65533, the server's user, may look into"),
        (0, 0o755, "only root may look into"),
        (0, 0o700, "only root and the server's user may look into"),
        (65534, 0o755, ""),
    ],
)
def test_the_queue_is_not_for_everybody(owner: int, way: int, said: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        home, folder = Path(name), Path(name, "mail", "pickup")
        installed(home, folder, command=("/bin/true",))
        folder.mkdir(parents=True)
        os.chown(folder, owner, owner)
        home.chmod(0o755)
        folder.parent.chmod(way)
        done = subprocess.run(
            [home / "mailq"], capture_output=True, check=False,
            user=65534, group=65534, extra_groups=[],
        )  # fmt: skip
    assert done.returncode == (os.EX_NOPERM if said else os.EX_OK)
    assert said in done.stderr.decode()
    if owner == 65533:
        assert b"and this is nobody (run it as that user: sudo -u #65533" in done.stderr
    assert bool(said) == (b"sendmail: " in done.stderr)
