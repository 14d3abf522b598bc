"""Programs of this machine hand their mail over: by PHP and by hand, while the server is up or not."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock

from bitrixmail.pickup.folder import PickupFolder
from bitrixmail.store.opening import inline_stores
from tests.fakes.postfix import PrivatePostfix
from tests.fakes.process import ServerProcess, free_port
from tests.fakes.server import NOBODY, RunningServer, anyones_twistd, until
from tests.fakes.stores import result_of
from tests.unit.inject.conftest import installed

INFO = "postmaster@example.org"
_CHANCE = random.SystemRandom()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    made = ServerProcess(tmp_path)
    made.configure("server", 'domains = ["example.org"]')
    yield made
    made.kill()


@pytest.fixture
def sendmail(server: ServerProcess, tmp_path: Path) -> Path:
    """The program that puts its mail into this server's directory."""
    PickupFolder(server.data_dir / "pickup").prepare()
    return installed(tmp_path, server.data_dir / "pickup", most=0).target


def accepted(server: ServerProcess) -> int:
    return server.log.read_text().count("accepted queue_id=")


def wait_for(server: ServerProcess, count: int) -> None:
    until(lambda: accepted(server) >= count, f"{accepted(server)} messages were accepted")


def stored(server: ServerProcess) -> list[tuple[str, bytes]]:
    """Return subject and octets of all messages, as another process sees them."""
    url = f"sqlite:///{server.data_dir}/bitrixmail.sqlite"
    with inline_stores(url, server.data_dir, cast("IReactorTime", Clock())) as stores:
        messages = stores.messages
        return [
            (each.subject, result_of(messages.export(each.queue_id)))
            for each in result_of(messages.listing(INFO, None, 100))
        ]


def php(sendmail: Path, code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["php", "-n", "-d", f"sendmail_path={sendmail} -t -i", "-r", code],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip


@pytest.mark.debian("php-cli")
def test_php_hands_over_with_the_server_up_and_down(server: ServerProcess, sendmail: Path) -> None:
    server.start()
    code = (
        f"exit(mail('{INFO}', '=?UTF-8?B?0KLQtdC80LA=?=', \"Line\\n.\\nПривет\\n\","
        " \"From: Shop <shop@example.org>\\r\\nBcc: nobody@example.org\", '-fbounces@example.org')"
        " ? 0 : 1);"
    )
    assert php(sendmail, code).returncode == 0
    wait_for(server, 2)  # with the notice on the blind copy
    server.stop()
    assert php(sendmail, code).returncode == 0
    assert len(list((server.data_dir / "pickup").glob("m.*"))) == 1
    server.start()
    wait_for(server, 4)
    until(lambda: not list((server.data_dir / "pickup").glob("m.*")), "the file stays")
    found = [octets for _, octets in stored(server)]
    letters = [octets for octets in found if b"multipart/report" not in octets]
    assert len(letters) == 2
    for octets in letters:
        head, _, body = octets.decode().partition("\r\n\r\n")
        assert body.startswith("Line\r\n.\r\nПривет\r\n")
        assert "Bcc" not in head
        assert "From: Shop <shop@example.org>" in head
        assert "\r\nDate: " in head
        assert "\r\nMessage-ID: <" in head
    # The blind copy's address is no mailbox of ours: refused, and kept with the reason
    (reason, _) = sorted((server.data_dir / "pickup" / "refused").glob("*.reason"))
    assert "nobody@example.org: 550 5.1.1" in reason.read_text()
    notices = [octets for octets in found if octets not in letters]
    assert [b"Final-Recipient: rfc822; nobody@example.org" in octets for octets in notices] == [
        True,
        True,
    ]
    assert "sender=bounces@example.org" in server.log.read_text()


@dataclass
class Elsewhere:
    """Another server, and what it took. Made by a fixture."""

    port: int
    address: str
    folder: Path

    def taken(self) -> list[str]:
        files = self.folder.iterdir() if self.folder.is_dir() else ()
        # smtp-sink writes while it takes
        octets = [file.read_bytes() for file in files]
        return [each.decode() for each in octets if "Привет\n".encode() in each]


@pytest.fixture(params=["smtp-sink", "postfix"])
def elsewhere(request: pytest.FixtureRequest, open_home: Path) -> Iterator[Elsewhere]:
    if os.geteuid() != 0:
        pytest.skip("Postfix is started by root")
    port, home = free_port(), open_home
    if request.param == "postfix":
        postfix = PrivatePostfix(home, port, "box")
        postfix.start()
        yield Elsewhere(port, postfix.address, postfix.maildir / "new")
        postfix.stop()
        return
    command = ["/usr/sbin/smtp-sink", "-u", "root", "-d", f"{home}/", f"127.0.0.1:{port}", "10"]
    with subprocess.Popen(command, cwd=home) as process:
        yield Elsewhere(port, "bob@example.org", home)
        process.terminate()


@pytest.mark.debian("php-cli", "postfix")
def test_what_php_hands_over_goes_out_also_when_the_server_was_down(
    server: ServerProcess, sendmail: Path, elsewhere: Elsewhere
) -> None:
    server.configure("outbound", f'smarthost = "127.0.0.1:{elsewhere.port}"')
    # by another name: what is elsewhere's is not ours
    settings = server.config.read_text().replace('["example.org"]', '["ours.example"]')
    server.config.write_text(settings)

    def hand_over(subject: str) -> None:
        call = (
            f"mail('{elsewhere.address}', '{subject}', \"Line\\n.\\nПривет\\n\","
            " 'From: Shop <shop@ours.example>', '-fbounces@ours.example')"
        )
        done = php(sendmail, f"exit({call} ? 0 : 1);")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

    def came(count: int) -> None:
        until(lambda: len(elsewhere.taken()) == count, f"{len(elsewhere.taken())} messages came")

    server.start()
    hand_over("up")
    came(1)
    server.stop()
    server.kill()
    hand_over("down")
    assert len(list((server.data_dir / "pickup").glob("m.*"))) == 1
    server.start()
    came(2)
    time.sleep(0.2)
    came(2)
    for subject in ("up", "down"):
        (message,) = (each for each in elsewhere.taken() if f"\nSubject: {subject}\n" in each)
        head, _, body = message.partition("\n\n")
        assert "\nFrom: Shop <shop@ours.example>\n" in head
        assert "bounces@ours.example" in head  # in Return-Path, or as smtp-sink notes it
        assert body.rstrip("\n").endswith("Line\n.\nПривет")


@pytest.mark.debian("php-cli")
def test_eight_at_a_time(server: ServerProcess, sendmail: Path) -> None:
    server.start()

    def hand_over(number: int) -> int:
        return php(sendmail, f"exit(mail('{INFO}', 'n{number}', 'Hi') ? 0 : 1);").returncode

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(hand_over, range(24))) == {0}
    wait_for(server, 24)
    assert sorted(subject for subject, _ in stored(server)) == sorted(f"n{n}" for n in range(24))


def test_killed_callers_leave_nothing_half_written(server: ServerProcess, sendmail: Path) -> None:
    """SIGKILL at any moment: what can be seen is whole, and what was answered with 0 is there."""
    octets = f"To: {INFO}\n\n".encode() + b"0123456789\n" * 20_000
    answered = 0
    for _ in range(30):
        process = subprocess.Popen([sendmail, "-t", "-i"], stdin=subprocess.PIPE)
        assert process.stdin is not None
        with ThreadPoolExecutor(1) as thread:
            writing = thread.submit(_write, process.stdin.fileno(), octets)
            time.sleep(_CHANCE.uniform(0, 0.03))
            process.send_signal(signal.SIGKILL)
            answered += process.wait() == 0
            writing.result()
            process.stdin.close()
    kept = list((server.data_dir / "pickup").glob("m.*"))
    assert len(kept) >= answered
    for path in kept:
        assert path.read_bytes().endswith(octets)


def _write(descriptor: int, octets: bytes) -> None:
    try:
        while octets:
            octets = octets[os.write(descriptor, octets) :]
    except BrokenPipeError:
        return


def test_a_server_that_died_before_it_removed_the_file(
    server: ServerProcess, sendmail: Path
) -> None:
    """As after a crash between the commit and the removal: the file lies there again."""
    pickup = server.data_dir / "pickup"
    subprocess.run([sendmail, INFO], input=b"Subject: x\n\nHi\n", check=True)
    (path,) = pickup.glob("m.*")
    octets = path.read_bytes()
    server.start()
    wait_for(server, 1)
    server.kill()
    path.write_bytes(octets)
    subprocess.run([sendmail, INFO], input=b"Subject: another\n\nHi\n", check=True)
    server.start()
    until(lambda: not list(pickup.glob("m.*")), "the files stay")
    assert sorted(subject for subject, _ in stored(server)) == ["another", "x"]


@pytest.mark.debian("strace")
@pytest.mark.parametrize("octets", [100, 70_000, 200_000])
def test_it_is_durable_when_it_returns(tmp_path: Path, octets: int) -> None:
    """A short one is seen before it is synced, once, and says what it is as a whole."""
    installed(tmp_path)
    subprocess.run(
        ["strace", "-o", tmp_path / "calls", "-e", "trace=write,fsync,rename",
         tmp_path / "sendmail", "-i", "a@x.org"],
        input=b"x" * octets, check=True,
    )  # fmt: skip
    (path,) = (tmp_path / "pickup").iterdir()
    said = b"\nwhole " in path.read_bytes()[:100]
    calls = re.findall(r"^(\w+)\(", (tmp_path / "calls").read_text(), re.MULTILINE)
    order = [call for call, before in zip(calls, ["", *calls], strict=False) if call != before]
    assert order == (
        ["write", "rename", "fsync"] if said else ["write", "fsync", "rename", "fsync"]
    )
    assert said == (octets == 100)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be several users")
def test_other_users_hand_over_and_can_be_told_apart() -> None:
    """The server runs as one user, sites as others; none can read or remove what another sent."""
    program, environment = anyones_twistd()
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        home.chmod(0o755)
        pickup = home / "var" / "pickup"
        (home / "var").mkdir(mode=0o711)
        os.chown(home / "var", NOBODY, NOBODY)
        with RunningServer(home, program=program, environment=environment, user=NOBODY) as server:
            server.ready()
            os.kill(server.process.pid, signal.SIGSTOP)
            installed(home, pickup)
            message = b"From: boss@example.org\n\nHi\n"
            for uid, sender in ((33, "postmaster@example.org"), (1, "boss@elsewhere.example")):
                subprocess.run(
                    [home / "sendmail", "-f", sender, "postmaster@example.org"],
                    input=message, check=True, user=uid, group=uid, extra_groups=[],
                )  # fmt: skip
            files = list(pickup.glob("m.*"))
            assert {(path.stat().st_uid, path.stat().st_gid) for path in files} == {
                (33, NOBODY),
                (1, NOBODY),
            }
            for path in files:
                for refused in (f"cat {path}", f"rm -f {path}", f"ls {pickup}"):
                    done = subprocess.run(
                        ["sh", "-c", refused], user=2, group=2, extra_groups=[],
                        capture_output=True, check=False,
                    )  # fmt: skip
                    assert b"Permission denied" in done.stderr or b"not permitted" in done.stderr
            os.kill(server.process.pid, signal.SIGCONT)
            server.logs("accepted queue_id=")
            until(lambda: not list(pickup.glob("m.*")), server.log)
            assert "sender=postmaster@example.org" in server.log
            assert "may not send as" in server.log
