"""`bitrixmail quickstart`: what it prints is typed, and mail is there."""

from __future__ import annotations

import os
import poplib
import pwd
import shlex
import smtplib
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fakes.namespace import as_root
from tests.fakes.process import BIN, free_port
from tests.fakes.server import RunningServer, anyones_twistd, until

ME = pwd.getpwuid(os.geteuid()).pw_name


class ByItsFile(RunningServer):
    """A server that gets no setting from the environment."""

    def environment(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1"}


def inside(words: tuple[str, ...]) -> tuple[str, ...]:
    """Keep what root makes in the directory of the test, as of any other user."""
    return words if "--dir" in words or len(words) < 1 else (*words, "--dir", "mail")


def run(cwd: Path, *words: str, language: str = "C") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BIN / "bitrixmail", "quickstart", *inside(words)], capture_output=True, text=True, timeout=60,
        cwd=cwd, env={"PATH": os.environ["PATH"], "LANG": language}, check=False,
    )  # fmt: skip


def shown(told: str) -> list[str]:
    """Return the lines that are to be copied."""
    return [line.strip() for line in told.splitlines() if line.startswith("    ")]


def started_with(told: str, *words: str) -> str:
    (found,) = [line for line in shown(told) if line.startswith(words)]
    return found


@pytest.mark.debian("curl")
def test_what_it_prints_is_all_that_is_needed(tmp_path: Path) -> None:
    smtp, pop3, submission = free_port(), free_port(), free_port()
    done = run(
        tmp_path, "info@example.org", "--user", ME,
        "--smtp", f"tcp:{smtp}:interface=127.0.0.1", "--pop3", f"tcp:{pop3}:interface=127.0.0.1",
        "--submission", f"tcp:{submission}:interface=127.0.0.1",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    password = shown(done.stdout)[0]
    start = shlex.split(started_with(done.stdout, str(BIN / "twistd")))
    with ByItsFile(tmp_path, start[1:]) as server:
        server.logs("ready as mx.example.org")
        with smtplib.SMTP("127.0.0.1", smtp, timeout=10) as client:
            letter = "Subject: first\r\n\r\nhello\r\n"
            client.sendmail("a@example.net", ["info@example.org", "abuse@example.org"], letter)
        with smtplib.SMTP("127.0.0.1", submission, timeout=10) as client:
            client.login("info@example.org", password)
        send = started_with(done.stdout, "printf")
        assert subprocess.run(send, shell=True, capture_output=True, check=False).returncode == 0
        mailbox = poplib.POP3("127.0.0.1", pop3, timeout=10)
        mailbox.user("info@example.org")
        mailbox.pass_(password)
        until(lambda: mailbox.stat()[0] == 2, "two messages")
        assert b"hello" in mailbox.retr(1)[1]
        mailbox.quit()
        read = started_with(done.stdout, "curl")
        assert "hello" in subprocess.check_output(read, shell=True, text=True)
    settings = (tmp_path / "mail/bitrixmail.toml").read_text()
    assert password not in settings
    zone = [line for line in shown(done.stdout) if " 3600 IN " in line]
    assert zone[0] == "example.org. 3600 IN MX 10 mx.example.org."
    kinds = ("v=spf1 mx", "v=DKIM1; k=rsa", "v=DKIM1; k=ed25519", "v=DMARC1")
    assert [line for kind, line in zip(kinds, zone[-4:], strict=True) if kind not in line] == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail/bitrixmail.toml").write_text("# mine\n")
    done = run(tmp_path, "info@example.org", "--user", ME)
    assert done.returncode == os.EX_CANTCREAT
    assert "mail/bitrixmail.toml: is there already" in done.stderr
    assert (tmp_path / "mail/bitrixmail.toml").read_text() == "# mine\n"
    assert [each.name for each in (tmp_path / "mail").iterdir()] == ["bitrixmail.toml"]
    (tmp_path / "mail/bitrixmail.toml").unlink()
    (tmp_path / "mail/bitrixmail.service").write_text("# mine\n")
    done = run(tmp_path, "info@example.org", "--user", ME)
    assert done.returncode == os.EX_CANTCREAT
    assert [each.name for each in (tmp_path / "mail").iterdir()] == ["bitrixmail.service"]


def test_what_was_interrupted_is_run_again(tmp_path: Path) -> None:
    first = run(tmp_path, "info@example.org", "--user", ME)
    (tmp_path / "mail/bitrixmail.toml").unlink()
    again = run(tmp_path, "info@example.org", "--user", ME, language="ru_RU.UTF-8")
    assert (first.returncode, again.returncode) == (0, 0), again.stderr
    assert again.stdout.startswith("Ящик info@example.org уже был")
    assert shown(first.stdout)[0] != shown(again.stdout)[0]
    assert not list((tmp_path / "mail").glob("*.new"))


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("no-address",), os.EX_DATAERR),
        (("info@localhost",), os.EX_DATAERR),
        (("info@example.org", "--user", ME, "--smtp", "tcp:x"), os.EX_CONFIG),
        (("info@example.org", "--dir", "/proc/nowhere"), os.EX_CANTCREAT),
    ],
)
def test_what_is_wrong_leaves_nothing_behind(
    tmp_path: Path, words: tuple[str, ...], code: int
) -> None:
    done = run(tmp_path, *words)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.rglob("*.toml*"))


@as_root
def test_a_place_that_the_user_can_not_enter(open_home: Path) -> None:
    """As /root is: every printed step would fail."""
    closed = open_home / "closed"
    closed.mkdir(mode=0o700)
    done = run(closed, "info@example.org", "--dir", "mail", "--user", "nobody")
    assert done.returncode == os.EX_NOPERM, done.stdout
    assert f"may not enter {closed}" in done.stderr
    assert "--dir DIR, like /srv/mail" in done.stderr
    assert not list(closed.iterdir())
    # The way out is a user who may, or a place that he may enter.
    assert run(closed, "info@example.org", "--dir", "mail", "--user", ME).returncode == 0


@as_root
def test_root_is_given_a_place_that_a_user_may_enter(tmp_path: Path) -> None:
    taken = Path("/srv/mail/bitrixmail.toml").exists()
    home = f"mount -t tmpfs tmpfs /srv && {BIN / 'bitrixmail'} quickstart info@example.org"
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", f"{home} --user {ME}"], cwd=tmp_path, text=True,
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "/srv/mail/bitrixmail.toml" in done.stdout
    assert Path("/srv/mail/bitrixmail.toml").exists() is taken


@contextmanager
def sink(port: int, folder: Path) -> Iterator[None]:
    """Run smtp-sink, which writes each message to a file."""
    folder.mkdir()
    command = ["/usr/sbin/smtp-sink", "-u", "root", "-d", f"{folder}/", f"127.0.0.1:{port}", "10"]
    with subprocess.Popen(command, cwd=folder) as process:
        try:
            yield
        finally:
            process.terminate()


@as_root
@pytest.mark.debian("postfix", "php-cli")
def test_a_site_sends_after_one_more_command(open_home: Path) -> None:
    """The server runs as one user and the site as another, both without a right of root's."""
    anyones_twistd()
    home, port = open_home, free_port()
    (home / "sbin").mkdir()
    doors = (
        word
        for door in ("smtp", "submission", "pop3")
        for word in (f"--{door}", f"tcp:{free_port()}:interface=127.0.0.1")
    )
    words = ("--dir", str(home / "mail"), "--user", "nobody", *doors)
    told = run(home, "info@example.org", *words)
    assert told.returncode == 0, told.stderr
    (install,) = [line for line in shown(told.stdout) if line.endswith("sendmail install")]
    done = subprocess.run(
        [*shlex.split(install), "--to", home / "sbin/sendmail"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    (line,) = shown(done.stdout)
    path = line.removeprefix("sendmail_path = ").strip('"')
    mail = "exit(mail('b@example.net', 'Order', 'Hi', 'From: info@example.org') ? 0 : 1);"
    php = shlex.join(["php", "-n", "-d", f"sendmail_path={path}", "-r", mail])
    with (home / "mail/bitrixmail.toml").open("a") as settings:
        settings.write(f'[outbound]\nsmarthost = "127.0.0.1:{port}"\nprivate_hosts = true\n')
        settings.write("[doctor]\nat_start = false\n")
    start = shlex.split(started_with(told.stdout, "setpriv"))
    with sink(port, home / "sink"), ByItsFile(home, start[1:], program=start[:1]) as server:
        server.logs("ready as mx.example.org")
        subprocess.run(["su", "-s", "/bin/sh", "www-data", "-c", php], check=True, timeout=30)
        until(lambda: "sent queue_id=" in server.log, server.log)
        (letter,) = (home / "sink").iterdir()
        assert "Subject: Order" in letter.read_text()
        assert "sender=info@example.org" in server.log
        # Who names no sender sends from the domain that has records, and not from the server's
        cron = f"echo Done | {shlex.quote(path.split()[0])} c@example.net"
        subprocess.run(["su", "-s", "/bin/sh", "www-data", "-c", cron], check=True, timeout=30)
        until(lambda: server.log.count("sent queue_id=") == 2, server.log)
        assert "sender=www-data@example.org" in server.log


@as_root
def test_the_server_gets_what_was_made_before_its_user_was(open_home: Path) -> None:
    told = run(open_home, "info@example.org", "--user", "nobody-yet")
    pickup = open_home / "mail/pickup"
    (give,) = [line for line in shown(told.stdout) if line.startswith("chown")]
    assert pickup.stat().st_mode & 0o7777 == 0o3733
    subprocess.run(shlex.split(give.replace("nobody-yet", "nobody")), check=True)
    nobody = pwd.getpwnam("nobody")
    for path in (pickup, pickup / "bad", open_home / "mail/var"):
        assert (path.stat().st_uid, path.stat().st_gid) == (nobody.pw_uid, nobody.pw_gid)
    assert pickup.stat().st_mode & 0o7777 == 0o3733


def test_a_domain_is_named_in_its_own_letters(tmp_path: Path) -> None:
    done = run(tmp_path, "info@почта.рф", "--dir", "mail", "--user", ME, language="ru_RU.UTF-8")
    assert done.returncode == 0, done.stderr
    assert "Записи DNS для почта.рф" in done.stdout
    assert any(line.startswith("xn--80a1acny.xn--p1ai. 3600 IN MX") for line in shown(done.stdout))


def test_options_of_another_server_are_refused(tmp_path: Path) -> None:
    words = [str(BIN / "bitrixmail"), "--data-dir", "x", "quickstart", "info@example.org"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == os.EX_USAGE
    assert "give --dir" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="systemd-analyze looks for root's directories")
@pytest.mark.debian("systemd")
def test_the_unit_is_one(tmp_path: Path) -> None:
    folder = tmp_path / "50% of mail"
    words = ("--dir", str(folder), "--smtp", "tcp:25", "--user", ME)
    assert run(tmp_path, "info@example.org", *words).returncode == 0
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", folder / "bitrixmail.service"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert "bitrixmail.service" not in checked.stderr
    assert checked.returncode == 0, checked.stderr
    unit = (folder / "bitrixmail.service").read_text()
    assert "AmbientCapabilities=CAP_NET_BIND_SERVICE" in unit
    assert "50%% of mail/bitrixmail.toml" in unit
