"""message and trace: what lies where, and why."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bitrixmail.model.errors import PermanentError
from tests.unit.cli.conftest import Shell

INVOICE = (
    b"From: =?utf-8?B?0JDQvdGP?= <anna@example.net>\r\n"
    b"Subject: =?windows-1251?Q?=D1=F7=B8=F2?= 17\r\n"
    b"\r\n"
    b"Dear all,\r\n.\r\nthe end\r\n"
)
HOSTILE = (
    "From: \x1b]0;owned\x07 <a@example.net>\r\nSubject: \u202egnp.exe \x9b31m\r\n"
    "X-Odd: \x1b[2J\r\n\r\n\x1b[31mred\ttab\r\n"
).encode()
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
  [[rule.action]]
  do = "tag"
  tag = "деньги"
  [[rule.action]]
  do = "flag"
"""


@pytest.fixture
def sorting(shell: Shell) -> Shell:
    shell.said("rules", "import", "-", stdin=RULES)
    return shell


def test_messages_are_listed_newest_first(sorting: Shell) -> None:
    first = sorting.deliver(INVOICE, "info@example.org", hour=1)
    second = sorting.deliver(b"Subject: x\r\n\r\n", "info@example.org", sender="", hour=2)
    listed = sorting.json("message", "list", "INFO@example.org")
    assert [each["queue_id"] for each in listed] == [second, first]
    assert listed[1] == {
        "queue_id": first,
        "mailbox": "info@example.org",
        "folder": "Invoices",
        "uid": 1,
        "place_id": 1,
        "received": "2027-01-01T01:00:00.000000Z",
        "sender": "buyer@example.net",
        "header_from": "Аня <anna@example.net>",
        "subject": "Счёт 17",
        "size_octets": listed[1]["size_octets"],
        "flags": ["\\Flagged"],
        "tags": ["деньги"],
        "recipients": ["info@example.org"],
    }
    assert listed[1]["size_octets"] > len(INVOICE)
    lines = sorting.out("message", "list", "info@example.org").splitlines()
    assert lines[0].split() == ["ID", "Received", "Folder", "From", "Subject", "Size", "Marks"]
    words = lines[2].split()
    assert words[:6] == [
        first,
        "2027-01-01T01:00:00Z",
        "Invoices",
        "Аня",
        "<anna@example.net>",
        "Счёт",
    ]
    assert words[-2:] == ["\\Flagged", "деньги"]


def test_a_listing_of_a_folder_or_of_a_few(sorting: Shell) -> None:
    sorting.deliver(INVOICE, "info@example.org", hour=1)
    newest = sorting.deliver(b"Subject: x\r\n\r\n", "info@example.org", hour=2)
    listing = ("message", "list", "info@example.org")
    assert [each["folder"] for each in sorting.json(*listing, "--folder", "Invoices")] == [
        "Invoices"
    ]
    assert sorting.json(*listing, "--folder", "inbox")[0]["queue_id"] == newest
    done = sorting.run(*listing, "--limit", "1")
    assert newest in done.stdout
    assert done.stderr == "there may be more than these 1: give a higher --limit\n"


@pytest.mark.parametrize(
    ("code", "words", "start"),
    [
        (
            os.EX_NOUSER,
            ("list", "nobody@example.org"),
            "error: nobody@example.org: no such mailbox",
        ),
        (
            os.EX_NOUSER,
            ("list", "info@example.org", "--folder", "Bills"),
            "error: info@example.org: has no folder Bills (bitrixmail message list",
        ),
        (os.EX_DATAERR, ("list", "info@example.org", "--folder", "a//b"), 'error: folder "a//b": '),
        (os.EX_USAGE, ("list", "info@example.org", "--limit", "0"), "error: Invalid value for"),
        (
            os.EX_NOINPUT,
            ("show", "NOSUCH"),
            "error: NOSUCH: no such message was seen (an id stands",
        ),
        (os.EX_NOINPUT, ("export", "\x1b[2J"), "error: \\u{1b}[2J: no such message is stored ("),
    ],
)
def test_what_is_not_there(shell: Shell, code: int, words: tuple[str, ...], start: str) -> None:
    (line,) = shell.fails(code, "message", *words)
    assert line.startswith(start)


def test_a_message_is_shown(sorting: Shell) -> None:
    queue_id = sorting.deliver(INVOICE, "info@example.org", "shop+Bills@example.org")
    shown = sorting.json("message", "show", queue_id)
    assert list(shown) == ["queue_id", "places", "fields", "events"]
    assert [(each["mailbox"], each["folder"]) for each in shown["places"]] == [
        ("info@example.org", "Invoices"),
        ("shop@example.org", "Invoices"),
    ]
    names = [field["name"] for field in shown["fields"]]
    assert names == ["Received", "From", "Subject"]
    assert shown["fields"][2] == {"name": "Subject", "value": "Счёт 17"}
    assert [event["kind"] for event in shown["events"]] == ["received", "filed", "filed"]
    lines = sorting.out("message", "show", queue_id).splitlines()
    assert lines[0] == f"message {queue_id}"
    assert lines[1].startswith("  info@example.org, folder Invoices, UID 1, ")
    assert lines[1].endswith("B, \\Flagged, деньги")
    assert "Subject: Счёт 17" in lines
    assert "  result: moved to Invoices, flagged, tagged деньги" in lines


def test_a_message_is_exported_octet_for_octet(sorting: Shell, tmp_path: Path) -> None:
    octets = INVOICE + b"\x00\xff large \r\n" * 500  # so large that it is a file
    queue_id = sorting.deliver(octets, "info@example.org")
    exported = sorting.run("message", "export", queue_id)
    assert exported.stdout_bytes.startswith(b"Received: from ")
    assert exported.stdout_bytes.endswith(b"\r\n" + octets)
    file = tmp_path / "letter.eml"
    assert sorting.said("message", "export", queue_id, "--output", str(file)) == ""
    assert file.read_bytes() == exported.stdout_bytes
    where = str(tmp_path / "none/letter.eml")
    assert sorting.fails(os.EX_CANTCREAT, "message", "export", queue_id, "-o", where) == [
        f"error: {where}: No such file or directory (name another place)"
    ]


def test_nobody_else_reads_what_was_exported(sorting: Shell, tmp_path: Path) -> None:
    queue_id = sorting.deliver(INVOICE, "info@example.org")
    file, there = tmp_path / "new.eml", tmp_path / "there.eml"
    there.write_bytes(b"x" * 100_000)
    there.chmod(0o644)
    for path in (file, there):
        sorting.said("message", "export", queue_id, "--output", str(path))
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.read_bytes().endswith(INVOICE)
    before = Path("/dev/null").stat().st_mode
    sorting.said("message", "export", queue_id, "--output", "/dev/null")
    assert Path("/dev/null").stat().st_mode == before


def test_a_trace_tells_what_each_rule_saw(sorting: Shell) -> None:
    queue_id = sorting.deliver(INVOICE, "info@example.org")
    assert sorting.out("trace", queue_id).splitlines() == [
        (
            f"2027-01-01T00:00:00Z  received  {queue_id}  buyer@example.net"
            f"  from <buyer@example.net> at 192.0.2.1 by ESMTP, {len(INVOICE)} octets"
        ),
        f"2027-01-01T00:00:00Z  filed  {queue_id}  info@example.org  kept in Invoices",
        "rules version 1",
        '  matched  rule "Invoices"',
        '             yes  subject contains "invoice" or "счёт"; seen "Счёт 17"',
        "             does move Invoices",
        "             does tag деньги",
        "             does flag",
        "  result: moved to Invoices, flagged, tagged деньги",
    ]
    received, filed = sorting.json("trace", queue_id)
    assert list(received) == ["at", "kind", "queue_id", "address", "text", "trace"]
    assert received["trace"] is None
    assert filed["trace"].pop("elapsed_us") >= 0
    assert filed["trace"] == {
        "rule_set_version": 1,
        "steps": [
            {
                "rule": "Invoices",
                "matched": True,
                "tests": [
                    {
                        "field": "subject",
                        "op": "contains",
                        "value": ["invoice", "счёт"],
                        "seen": "Счёт 17",
                        "matched": True,
                        "lists": [],
                    }
                ],
                "actions": ["move Invoices", "tag деньги", "flag"],
                "fault": "",
            }
        ],
        "result": "moved to Invoices, flagged, tagged деньги",
        "note": "",
    }


def test_a_trace_of_an_address_tells_of_refusals_too(shell: Shell) -> None:
    with pytest.raises(PermanentError):
        shell.deliver(INVOICE, "nobody@example.org", hour=1)
    shell.deliver(INVOICE, "info@example.org", hour=2)
    assert shell.out("trace", "nobody@example.org") == (
        "2027-01-01T01:00:00Z  refused  nobody@example.org  550 5.1.1 No such mailbox here"
        " (from <buyer@example.net> at 192.0.2.1)\n"
    )
    assert [each["kind"] for each in shell.json("trace", "Buyer@example.net")] == ["received"]
    assert shell.fails(os.EX_NOINPUT, "trace", "who@example.org") == [
        (
            "error: who@example.org: nothing is known of it"
            " (an id stands in the reply to the sender, in the log and in message list)"
        )
    ]


def test_hostile_text_reaches_no_terminal(shell: Shell) -> None:
    shell.said("rules", "import", "-", stdin=RULES)
    queue_id = shell.deliver(HOSTILE, "info@example.org")
    listing, showing = ("message", "list", "info@example.org"), ("message", "show", queue_id)
    for words in (listing, showing, ("trace", queue_id)):
        for form in ((), ("--json",)):
            printed = shell.out(*words, *form)
            unsafe = {letter for letter in printed if not letter.isprintable()} - {"\n"}
            assert not unsafe, (words, form, unsafe)
    # Only a program gets the octets as they came.
    assert HOSTILE in shell.run("message", "export", queue_id).stdout_bytes
