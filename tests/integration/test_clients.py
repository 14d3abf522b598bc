"""Clients that people have: each sends a message, a rule sorts it, and it is read back by POP3."""

from __future__ import annotations

import json
import poplib
import smtplib
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.harvest import read_folder
from tests.crash.judge import TRACE_FIELDS
from tests.fakes.process import ServerProcess

ADDRESS = "info@example.org"
FOLDER_LOGIN = "info+Invoices@example.org"
PASSWORD = "a password of the test"
RULES = """\
[[rule]]
name = "Invoices"
  [[rule.condition]]
  field = "subject"
  op = "contains"
  value = ["invoice", "счёт"]
  [[rule.action]]
  do = "move"
  folder = "Invoices"
"""
MESSAGE = (
    b"From: Buyer <buyer@example.net>\r\n"
    b"To: info@example.org\r\n"
    b"Subject: =?utf-8?B?0KHRh9GR0YI=?= 17\r\n"
    b"Message-ID: <17@example.net>\r\n"
    b"Date: Mon, 01 Jan 2024 00:00:00 +0000\r\n"
    b"\r\n"
    b"Dear all,\r\n.\r\n..dots\r\n\r\nthe end\r\n"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("clients")) as running:
        running.furnish((ADDRESS,), PASSWORD, RULES)
        yield running


@pytest.fixture(autouse=True)
def emptied(server: ServerProcess) -> None:
    """Begin each test with an empty folder: it counts what is in it."""
    for login in (ADDRESS, FOLDER_LOGIN):
        reader = poplib.POP3("127.0.0.1", server.pop3_port, timeout=20)
        try:
            reader.user(login)
            reader.pass_(PASSWORD)
        except poplib.error_proto:
            # No message was moved into the folder yet.
            reader.close()
            continue
        for number in range(1, reader.stat()[0] + 1):
            reader.dele(number)
        reader.quit()


def run(*argv: str | Path, stdin: bytes = b"", home: Path | None = None) -> bytes:
    """Run a client; fail with what it said if it fails."""
    environment = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": str(home or "/nonexistent")}
    done = subprocess.run(
        argv, input=stdin, capture_output=True, timeout=60, env=environment, check=False
    )
    assert done.returncode == 0, (done.returncode, done.stdout[-2000:], done.stderr[-2000:])
    return done.stdout


def unfolded(message: bytes) -> bytes:
    """Give back the sent octets, after a look at what the server put before them."""
    assert message.endswith(MESSAGE)
    before = message[: -len(MESSAGE)]
    assert TRACE_FIELDS.fullmatch(before), before
    for field in (b"Return-Path: <", b"Delivered-To: info@example.org\r\n", b"Received: from "):
        assert before.count(field) == 1, before
    return message[len(before) :]


def assert_filed(server: ServerProcess) -> None:
    """It lies in the folder that the rule names, once, and as it was sent."""
    [message] = read_folder(server.pop3_port, FOLDER_LOGIN, PASSWORD)
    assert unfolded(message) == MESSAGE
    assert list(read_folder(server.pop3_port, ADDRESS, PASSWORD)) == []


def deliver(server: ServerProcess) -> None:
    """Send by smtplib, for the tests of readers."""
    with smtplib.SMTP("127.0.0.1", server.smtp_port, timeout=20) as client:
        client.sendmail("buyer@example.net", [ADDRESS], MESSAGE)


def test_smtplib(server: ServerProcess) -> None:
    with smtplib.SMTP("127.0.0.1", server.smtp_port, timeout=20) as client:
        assert client.sendmail("buyer@example.net", [ADDRESS], MESSAGE) == {}
        for extension in ("size", "pipelining", "8bitmime", "smtputf8", "chunking", "starttls"):
            assert client.has_extn(extension), extension
    assert_filed(server)


def test_smtplib_with_starttls(server: ServerProcess) -> None:
    context = ssl._create_unverified_context()
    with smtplib.SMTP("127.0.0.1", server.smtp_port, timeout=20) as client:
        client.starttls(context=context)
        client.sendmail("buyer@example.net", [ADDRESS], MESSAGE)
    [message] = read_folder(server.pop3_port, FOLDER_LOGIN, PASSWORD)
    assert b" with ESMTPS " in message[: -len(MESSAGE)].replace(b"\r\n ", b" ")
    assert_filed(server)


def test_the_message_is_listed_and_explained(server: ServerProcess) -> None:
    deliver(server)
    listed = json.loads(server.cli("message", "list", ADDRESS, "--folder", "Invoices", "--json"))
    assert [entry["subject"] for entry in listed] == ["Счёт 17"]
    explained = server.cli("trace", listed[0]["queue_id"])
    assert "Invoices" in explained
    assert server.cli("message", "export", listed[0]["queue_id"]).endswith("the end\n")


def test_poplib_reads_and_deletes(server: ServerProcess) -> None:
    deliver(server)
    reader = poplib.POP3("127.0.0.1", server.pop3_port, timeout=20)
    reader.user(FOLDER_LOGIN)
    reader.pass_(PASSWORD)
    count, octets = reader.stat()
    _, lines, size = reader.retr(1)
    assert (count, octets) == (1, len(b"\r\n".join(lines)) + 2)
    assert size >= octets
    _, top, _ = reader.top(1, 1)
    assert top == lines[: lines.index(b"") + 2]
    assert len(reader.uidl()[1]) == 1
    reader.dele(1)
    reader.quit()
    assert list(read_folder(server.pop3_port, FOLDER_LOGIN, PASSWORD)) == []


def test_poplib_with_stls(server: ServerProcess) -> None:
    deliver(server)
    reader = poplib.POP3("127.0.0.1", server.pop3_port, timeout=20)
    reader.stls(ssl._create_unverified_context())
    reader.user(FOLDER_LOGIN)
    reader.pass_(PASSWORD)
    assert reader.stat()[0] == 1
    reader.quit()


def test_a_wrong_password_is_refused(server: ServerProcess) -> None:
    reader = poplib.POP3("127.0.0.1", server.pop3_port, timeout=20)
    reader.user(ADDRESS)
    with pytest.raises(poplib.error_proto):
        reader.pass_("another password")
    reader.close()


@pytest.mark.debian("curl")
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "starttls"])
def test_curl_sends(server: ServerProcess, tmp_path: Path, tls: bool) -> None:
    letter = tmp_path / "letter.eml"
    letter.write_bytes(MESSAGE)
    run(
        *("curl", "--silent", "--show-error", *(("--ssl-reqd", "--insecure") if tls else ())),
        *("--mail-from", "buyer@example.net", "--mail-rcpt", ADDRESS, "--upload-file", letter),
        f"smtp://127.0.0.1:{server.smtp_port}/client.example.net",
    )
    assert_filed(server)


@pytest.mark.debian("curl")
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "stls"])
def test_curl_reads(server: ServerProcess, tls: bool) -> None:
    deliver(server)
    got = run(
        *("curl", "--silent", "--show-error", *(("--ssl-reqd", "--insecure") if tls else ())),
        *("--user", f"{FOLDER_LOGIN}:{PASSWORD}"),
        f"pop3://127.0.0.1:{server.pop3_port}/1",
    )
    assert unfolded(got) == MESSAGE


@pytest.mark.debian("swaks")
@pytest.mark.parametrize(
    "tls",
    [False, pytest.param(True, marks=pytest.mark.debian("libnet-ssleay-perl"))],
    ids=["plain", "starttls"],
)
def test_swaks_sends(server: ServerProcess, tmp_path: Path, tls: bool) -> None:
    letter = tmp_path / "letter.eml"
    # swaks makes CRLF of LF, and puts the last line end and the final dot itself.
    letter.write_bytes(MESSAGE.replace(b"\r\n", b"\n").removesuffix(b"\n"))
    said = run(
        *("swaks", "--server", f"127.0.0.1:{server.smtp_port}", "--helo", "client.example.net"),
        *("--from", "buyer@example.net", "--to", ADDRESS, "--data", f"@{letter}"),
        *(("--tls",) if tls else ()),
    )
    assert b"queued as" in said
    assert_filed(server)


@pytest.mark.debian("swaks")
def test_swaks_sends_groups_of_commands(server: ServerProcess, tmp_path: Path) -> None:
    letter = tmp_path / "letter.eml"
    letter.write_bytes(MESSAGE.replace(b"\r\n", b"\n").removesuffix(b"\n"))
    said = run(
        *("swaks", "--server", f"127.0.0.1:{server.smtp_port}", "--helo", "client.example.net"),
        *("--from", "buyer@example.net", "--to", ADDRESS, "--data", f"@{letter}", "--pipeline"),
    )
    assert said.index(b" DATA") < said.index(b"250 2.1.0"), said
    assert_filed(server)


@pytest.mark.debian("mpop")
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "stls"])
def test_mpop_reads(server: ServerProcess, tmp_path: Path, tls: bool) -> None:
    deliver(server)
    maildir = tmp_path / "mail"
    for part in ("cur", "new", "tmp"):
        (maildir / part).mkdir(parents=True)
    run(
        *("mpop", "--file=/dev/null", "--host=127.0.0.1", f"--port={server.pop3_port}"),
        *(f"--user={FOLDER_LOGIN}", f"--passwordeval=echo '{PASSWORD}'", "--auth=user"),
        *(("--tls=on", "--tls-starttls=on", "--tls-certcheck=off") if tls else ("--tls=off",)),
        *("--keep=off", "--received-header=off", f"--delivery=maildir,{maildir}"),
        f"--uidls-file={tmp_path / 'uidls'}",
        home=tmp_path,
    )
    [file] = (maildir / "new").iterdir()
    assert unfolded(file.read_bytes().replace(b"\n", b"\r\n")) == MESSAGE
    assert list(read_folder(server.pop3_port, FOLDER_LOGIN, PASSWORD)) == []


@pytest.mark.debian("fetchmail")
def test_fetchmail_reads(server: ServerProcess, tmp_path: Path) -> None:
    deliver(server)
    got = tmp_path / "got.eml"
    settings = tmp_path / "fetchmailrc"
    settings.write_text(
        f"""\
set no syslog
set idfile "{tmp_path / "ids"}"
set invisible
poll 127.0.0.1 protocol pop3 port {server.pop3_port} no envelope
  user "{FOLDER_LOGIN}" password "{PASSWORD}" sslproto ''
  fetchall no keep no rewrite no forcecr
  mda "/bin/cat > {got}"
"""
    )
    settings.chmod(0o600)
    run(
        *("fetchmail", "--nodetach", "--fetchmailrc", settings),
        *("--pidfile", tmp_path / "pid"),
        home=tmp_path,
    )
    message = got.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    assert unfolded(message) == MESSAGE
    assert list(read_folder(server.pop3_port, FOLDER_LOGIN, PASSWORD)) == []
