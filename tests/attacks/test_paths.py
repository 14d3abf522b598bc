"""Names of strangers and paths: whatever a mail calls itself, files have names of ours."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.attacks.house import house_at
from tests.unit.cli.conftest import Shell

UP = "../" * 8
NAMES = [
    "..",
    ".",
    "../x",
    f"{UP}etc/passwd",
    "/etc/passwd",
    "//x",
    "a/../../x",
    "a/./b",
    "a//b",
    "a/",
    "..\\..\\x",
    "C:\\x",
    "con",
    "CON.txt",
    "nul",
    "aux/lpt1",
    "-rf",
    "~root",
    "$HOME",
    "`id`",
    "|id",
    "a\0b",
    "x\r\ny",
    "%2e%2e%2f",
    "..%c0%af",
    "\u2024\u2024/x",
    "\uff0e\uff0e\uff0fx",
    ".hidden",
    "." * 58,
    "tmp",
    "new",
    "cur",
    "bitrixmail.sqlite",
    "dovecot-keywords",
    "x" * 60,
    "x" * 300,
    "&" * 30,
    "\u0436" * 30,
    "INBOX",
    "inbox",
    "Invoices",
    "invoices",
    "caf\u00e9",
    "cafe\u0301",
    "\u0130",
    "stra\u00dfe",
    "STRASSE",
]
# Large enough to be a file of its own
BODY = b"x" * 70 + b"\r\n"
_OURS = re.compile(
    r"bitrixmail\.sqlite(-wal|-shm|-journal)?|blobs|blobs/[0-9a-f]{2}"
    r"|blobs/[0-9a-f]{2}/[0-9a-f]{32}|lists|\S*lock\S*"
)


def letter(name: str) -> bytes:
    octets = name.encode("utf-8", "surrogatepass").replace(b"\r\n", b" ").replace(b"\0", b" ")
    return (
        b"Message-ID: <%b@example.net>\r\nSubject: %b\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/mixed; boundary="%b"\r\n\r\n--%b\r\n'
        b'Content-Type: text/plain; name="%b"\r\n'
        b'Content-Disposition: attachment; filename="%b"\r\n\r\n%b\r\n--%b--'
        % (*(octets,) * 6, BODY * 40, octets)
    )


def send(shell: Shell, names: list[str]) -> int:
    """Send to a mailbox whose folders anyone may name; return how many were accepted."""
    with house_at(shell.data_dir) as house:
        said: list[str] = []
        for name in names:
            text = name.encode("utf-8")
            quoted = name.replace("\\", "\\\\").encode("utf-8")
            for recipient in (
                b"shop+" + text + b"@example.org",
                b'"shop+' + quoted + b'"@example.org',
                b'"' + quoted + b'"@example.org',
                b"shop@" + text,
            ):
                said += house.say(
                    b"EHLO client.example",
                    b"MAIL FROM:<a@example.net> SMTPUTF8",
                    b"RCPT TO:<" + recipient + b">",
                    b"DATA",
                    letter(name),
                    b".",
                )
    return sum(" queued as " in line for line in said)


def files_below(folder: Path) -> set[str]:
    found = set()
    for path, folders, names in os.walk(folder):
        found |= {str(Path(path, name).relative_to(folder)) for name in (*folders, *names)}
    return found


def test_mail_stays_in_the_store_and_where_it_is_written_out(shell: Shell) -> None:
    before = files_below(shell.home.parent)
    accepted = send(shell, NAMES)
    assert accepted > len(NAMES) / 2
    new = files_below(shell.home.parent) - before
    assert any("/blobs/" in name for name in new)
    prefix = str(shell.data_dir.relative_to(shell.home.parent)) + "/"
    assert {name for name in new if not name.startswith(prefix)} == set()
    assert {name for name in new if not _OURS.fullmatch(name.removeprefix(prefix))} == set()
    folders = {each["folder"] for each in shell.json("message", "list", "shop@example.org")}
    for folder in folders:
        assert not {".", "..", ""} & set(folder.split("/")), folder
    # one form of letters is one folder, two words are two
    assert {"caf\u00e9", "Invoices", "invoices", "INBOX"} <= folders
    assert not {"cafe\u0301", "inbox"} & folders
    write_out(shell, accepted)


def write_out(shell: Shell, accepted: int) -> None:
    """All of it, as files that other programs read, below the place that was named."""
    target = shell.home / "out"
    shell.out("export", "maildir", str(target), "--mailbox", "shop@example.org")
    written = files_below(target)
    assert sum("/cur/" in f"/{name}" for name in written) == accepted
    assert {name.split("/")[0][:1] for name in written} <= {".", "c", "n", "t", "d"}
    folder = shell.home / "one.mbox"
    shell.out("export", "mbox", str(folder), "--mailbox", "shop@example.org")
    report = shell.json("import", "maildir", str(target), "--mailbox", "info@example.org")
    assert report["imported"] == accepted
    assert files_below(shell.home.parent) >= {"home/out", "home/one.mbox"}
    assert {path.name for path in shell.home.parent.iterdir()} == {"home"}


@pytest.mark.parametrize("command", ["show", "export"])
def test_an_id_is_no_path(shell: Shell, command: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("a secret of this test")
    (shell.data_dir / "blobs").mkdir(exist_ok=True)
    for name in (*NAMES[::6], str(secret), f"{UP}..{secret}", "../../../secret", "*", "%"):
        done = shell.run("message", command, name.replace("\0", "\\0"))
        assert done.exit_code in {os.EX_NOINPUT, os.EX_DATAERR, os.EX_USAGE}, (name, done.stderr)
        assert "a secret" not in done.stdout + done.stderr
