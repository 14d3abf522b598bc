from __future__ import annotations

import mailbox
import os
from pathlib import Path
from typing import Any

from tests.unit.cli.conftest import Shell

INFO = "--mailbox", "info@example.org"
SHOP = "--mailbox", "shop@example.org"
LINE = "From ann@example.net Mon May  4 03:02:01 2026\n"
BIG = b"Subject: big\r\n\r\n" + b"From x\r\n>From y\r\n" * 100_000


def letter(number: int, **fields: str) -> str:
    more = "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in fields.items())
    return f"{more}From: ann@example.net\nSubject: n {number}\n\ntext {number}\n"


def write_mbox(shell: Shell, *letters: str) -> str:
    path = shell.home / "old.mbox"
    path.write_text("".join(f"{LINE}{each}\n" for each in letters))
    return str(path)


def make_maildir(shell: Shell) -> Path:
    path = shell.home / "Maildir"
    for folder in ("", ".Archive.2025/", ".&BCEERwQ1BEIEMA-/"):
        for part in ("cur", "new", "tmp"):
            (path / folder / part).mkdir(parents=True)
    for number, name in enumerate(
        [
            "cur/1.a:2,FS", "new/2.a", "cur/3.a:2,Sab", ".Archive.2025/cur/4.a:2,R",
            ".&BCEERwQ1BEIEMA-/cur/5.a:2,ST", "tmp/6.a",
        ], 1,
    ):  # fmt: skip
        (path / name).write_text(letter(number))
        os.utime(path / name, (1_700_000_000 + number, 1_700_000_000 + number))
    (path / "dovecot-keywords").write_text("0 срочно\n1 $Junk\n")
    return path


def stored(shell: Shell, address: str = "info@example.org") -> list[tuple[Any, ...]]:
    """Return all that makes up the mail of a mailbox, but for the ids."""
    keys = "folder", "uid", "received", "sender", "subject", "flags", "tags"
    found = []
    for each in shell.json("message", "list", address):
        exported = shell.run("message", "export", each["queue_id"]).stdout_bytes
        found.append((*(str(each[key]) for key in keys), exported))
    return sorted(found)


def subjects(shell: Shell, *words: str) -> list[str]:
    listed = shell.json("message", "list", "info@example.org", *words)
    return [each["subject"] for each in listed][::-1]


def test_an_mbox_comes_in_with_all_it_says(shell: Shell) -> None:
    path = write_mbox(shell, letter(1, Status="RO", X_Keywords="work"), letter(2))
    said = shell.out("import", "mbox", path, *INFO, "--folder", "Old")
    assert said == "Folder  Messages\nOld     2\n2 messages imported, 0 already there\n"
    first, second = shell.json("message", "list", "info@example.org")[::-1]
    assert (first["subject"], first["folder"], first["sender"]) == ("n 1", "Old", "ann@example.net")
    assert (first["flags"], first["tags"]) == (["\\Seen"], ["work"])
    assert first["received"] == "2026-05-04T03:02:01.000000Z"
    assert (second["flags"], second["tags"]) == ([], [])
    octets = shell.run("message", "export", first["queue_id"]).stdout_bytes
    assert octets == letter(1).replace("\n", "\r\n").encode()
    told = shell.out("trace", first["queue_id"])
    assert f"from mbox {path}, octet 0, received 2026-05-04T03:02:01Z, {len(octets)} octets" in told


def test_again_nothing_comes_twice_but_what_stands_twice_does(shell: Shell) -> None:
    path = write_mbox(shell, letter(1), letter(2), letter(1))
    report = shell.json("import", "mbox", path, *INFO)
    assert (report["imported"], report["already_there"]) == (3, 0)
    report = shell.json("import", "mbox", path, *INFO)
    assert (report["imported"], report["already_there"]) == (0, 3)
    # Read meanwhile, added to, and put elsewhere: only what is new comes in.
    path = write_mbox(shell, letter(2, Status="RO"), letter(1), letter(3), letter(1))
    moved = shell.home / "moved.mbox"
    Path(path).rename(moved)
    report = shell.json("import", "mbox", str(moved), *INFO)
    assert (report["imported"], report["already_there"]) == (1, 3)
    assert subjects(shell) == ["n 1", "n 2", "n 1", "n 3"]


def test_a_maildir_comes_in_with_its_folders(shell: Shell) -> None:
    path = make_maildir(shell)
    report = shell.json("import", "maildir", str(path), *INFO)
    assert report["folders"] == {"INBOX": 3, "Archive/2025": 1, "Trash": 1}
    found = {each["subject"]: each for each in shell.json("message", "list", "info@example.org")}
    shown = {name: (each["folder"], each["flags"], each["tags"]) for name, each in found.items()}
    assert shown == {
        "n 1": ("INBOX", ["\\Flagged", "\\Seen"], []),
        "n 2": ("INBOX", [], []),
        "n 3": ("INBOX", ["$Junk", "\\Seen"], ["срочно"]),
        "n 4": ("Archive/2025", ["\\Answered"], []),
        "n 5": ("Trash", ["\\Seen"], []),
    }
    assert found["n 4"]["received"] == "2023-11-14T22:13:24.000000Z"
    # Read meanwhile: its file has another name now.
    (path / "new/2.a").rename(path / "cur/2.a:2,S")
    assert shell.json("import", "maildir", str(path), *INFO)["imported"] == 0


def test_a_maildir_below_a_folder(shell: Shell) -> None:
    path = make_maildir(shell)
    report = shell.json("import", "maildir", str(path), *INFO, "--folder", "Old")
    assert report["folders"] == {"Old": 3, "Old/Archive/2025": 1, "Trash": 1}


def test_a_time_that_is_none_is_taken_from_the_message(shell: Shell) -> None:
    path = make_maildir(shell)
    file = path / "cur/1.a:2,FS"
    file.write_text("Date: Mon, 4 May 2026 03:02:01 +0300\n" + letter(1))
    os.utime(file, (0, 0))
    shell.out("import", "maildir", str(path), *INFO)
    (found,) = (
        each
        for each in shell.json("message", "list", "info@example.org")
        if each["subject"] == "n 1"
    )
    assert found["received"] == "2026-05-04T00:02:01.000000Z"


def test_the_rules_sort_it_if_asked(shell: Shell) -> None:
    rules = """
    [[rule]]
    name = "Two"
    condition = [{ field = "body", op = "contains", value = "text 2" }]
    action = [{ do = "move", folder = "Two" }, { do = "unflag" }]
    [[rule]]
    name = "Three"
    condition = [{ field = "read", op = "equals", value = "yes" }]
    action = [{ do = "discard" }]
    [[rule]]
    name = "Four"
    condition = [{ field = "subject", op = "equals", value = "n 4" }]
    action = [{ do = "reject" }]
    [[rule]]
    name = "Not by hand"
    on = ["receive"]
    action = [{ do = "tag", tag = "received" }]
    """
    shell.run("rules", "import", "-", stdin=rules)
    letters = (letter(1), letter(2, X_Status="F"), letter(3, Status="RO"), letter(4))
    path = write_mbox(shell, *letters)
    assert shell.json("import", "mbox", path, *SHOP)["folders"] == {"INBOX": 4}
    report = shell.json("import", "mbox", path, *INFO, "--rules")
    assert report["folders"] == {"INBOX": 2, "Two": 1}
    assert (report["imported"], report["discarded"], report["refusable"]) == (4, 1, 1)
    (two,) = shell.json("message", "list", "info@example.org", "--folder", "Two")
    assert (two["subject"], two["flags"], two["tags"]) == ("n 2", [], [])
    told = shell.out("trace", two["queue_id"])
    assert 'matched  rule "Two"' in told
    assert shell.json("import", "mbox", path, *INFO, "--rules")["already_there"] == 4


def test_what_is_removed_but_not_gone_stays_out(shell: Shell) -> None:
    path = write_mbox(shell, letter(1, X_Mozilla_Status="0009"), letter(2, X_Mozilla_Status="0001"))
    done = shell.run("import", "mbox", path, *INFO)
    assert "note: 1 message left out: removed, but not yet gone from the file" in done.stderr
    assert subjects(shell) == ["n 2"]


def test_old_mail_in_a_mailbox_that_forgets_is_told(shell: Shell) -> None:
    shell.run("mailbox", "set", "info@example.org", "--retention", "30d")
    done = shell.run("import", "mbox", write_mbox(shell, letter(1)), *INFO)
    assert (
        "note: 1 message will go within the hour: the mailbox keeps mail for 30 days" in done.stderr
    )
    command = done.stderr.rpartition("(bitrixmail ")[2].partition(")")[0]
    assert shell.run(*command.split()).exit_code == 0


def test_faults_name_their_places(shell: Shell) -> None:
    path = shell.home / "old.mbox"
    assert shell.fails(66, "import", "mbox", str(path), *INFO) == [
        f"error: {path}: No such file or directory (see whether the path is right)"
    ]
    path.write_text("\nReceived: x\n")
    (line,) = shell.fails(65, "import", "mbox", str(path), *INFO)[-1:]
    assert line.startswith(f"error: {path}: octet 1: is no mbox")
    (line,) = shell.fails(65, "import", "maildir", str(shell.home), *INFO)
    assert "is no Maildir" in line
    (line,) = shell.fails(67, "import", "mbox", str(path), "--mailbox", "no@example.org")
    assert "no@example.org" in line
    path.write_text(LINE + LINE + letter(1))
    done = shell.run("import", "mbox", str(path), *INFO)
    assert f"note: {path}: octet 0: there is no message behind this line" in done.stderr
    assert subjects(shell) == ["n 1"]


def test_there_and_back_by_mbox(shell: Shell) -> None:
    letters = [
        letter(1, Status="RO", X_Status="AF", X_Keywords="work $Junk"),
        letter(2) + "\nFrom here\n\n",
        letter(3) + ">From there\n>>From\n",
        "no: header\n\n\n\n",
    ]
    path = write_mbox(shell, *(each.replace("\nFrom ", "\n>From ") for each in letters))
    shell.out("import", "mbox", path, *INFO)
    out = shell.home / "out.mbox"
    left = out.with_name("out.mbox.part")
    left.touch(0o644)
    assert shell.said("export", "mbox", str(out), *INFO) == "4 messages exported\n"
    assert out.stat().st_mode & 0o777 == 0o600
    assert sorted(each.name for each in shell.home.iterdir() if "out" in each.name) == ["out.mbox"]
    shell.out("import", "mbox", str(out), *SHOP)
    assert stored(shell, "shop@example.org") == stored(shell)
    # Another program reads the same.
    read = [each["Subject"] for each in mailbox.mbox(out)]
    assert read == ["n 1", "n 2", "n 3", None]
    assert "is there already" in shell.fails(73, "export", "mbox", str(out), *INFO)[0]


def test_there_and_back_by_maildir(shell: Shell) -> None:
    shell.out("import", "maildir", str(make_maildir(shell)), *INFO)
    shell.deliver(BIG, "info@example.org", hour=-24 * 300)
    out = shell.home / "out"
    assert shell.said("export", "maildir", str(out), *INFO) == "6 messages exported\n"
    shell.out("import", "maildir", str(out), *SHOP)
    first, second = stored(shell), stored(shell, "shop@example.org")
    # What this server put before a message it received is its own now.
    assert [each[:3] + each[4:7] for each in first] == [each[:3] + each[4:7] for each in second]
    assert [each[7] for each in second if each[4] != "big"] == [
        each[7] for each in first if each[4] != "big"
    ]
    (big,) = (each[7] for each in second if each[4] == "big")
    assert big.startswith(b"Return-Path: <buyer@example.net>\r\nDelivered-To: info@example.org\r\n")
    assert big.endswith(BIG)
    assert len(mailbox.Maildir(out, create=False)) == 4
    out2 = shell.home / "out2"
    shell.said("export", "maildir", str(out2), *SHOP, "--folder", "Archive/2025")
    assert [each.name for each in out2.rglob("*:2,*")] == [
        each.name for each in (out2 / ".Archive.2025").rglob("*:2,R")
    ]


def test_large_messages_go_through_files(shell: Shell) -> None:
    path = shell.home / "big.mbox"
    body = BIG.replace(b"\r\n", b"\n")
    quoted = body.replace(b"\n>From", b"\n>>From").replace(b"\nFrom", b"\n>From")
    path.write_bytes(LINE.encode() + quoted + b"\n" + LINE.encode() + letter(2).encode())
    shell.out("import", "mbox", str(path), *INFO)
    files = [each for each in (shell.data_dir / "blobs").rglob("*") if each.is_file()]
    assert [each.read_bytes() for each in files] == [BIG]
    shell.out("import", "mbox", str(path), *INFO)
    assert [each for each in (shell.data_dir / "blobs").rglob("*") if each.is_file()] == files


def test_the_folder_must_be_there(shell: Shell) -> None:
    (line,) = shell.fails(67, "export", "mbox", "x", *INFO, "--folder", "No")
    assert line == "error: info@example.org: has no folder No (its folders: INBOX)"


def test_the_site_is_still_exported(shell: Shell) -> None:
    assert 'address = "info@example.org"' in shell.out("export")
