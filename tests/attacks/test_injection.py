"""Text of strangers in logs and terminals: on one line, and nothing that moves a cursor or turns.

Every field that a client controls, with each of the letters that could: in the door, in PROXY and
XCLIENT, in the header section as it stands and as an encoded word.
"""

from __future__ import annotations

import base64
import json
import os
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest
from twisted.logger import Logger
from twisted.python.failure import Failure

from bitrixmail.app.watching.maillog import MailLog
from tests.attacks.house import House, Log, house_at, logged
from tests.dialogs.dialog import MemoryConnection
from tests.fakes.reader_door import ReaderDoor
from tests.fakes.stores import result_of
from tests.fakes.terminal import Terminal
from tests.unit.cli.conftest import Shell

# Twisted's has no types
_Failure: Any = Failure
LETTERS = [
    *"\0\a\b\t\n\v\f\r\x1b\x7f\x80\x85\x9b\x9d",
    *"\u061c\u180e\u200b\u200e\u200f\u2028\u2029\u202a\u202d\u202e\u2060\u2066\u2069\u206f",
    *"\ufeff\ufff9\ufffb\U000e0001\U000e0041",
]
TEXTS = [letter.encode() for letter in LETTERS] + [
    b"\r\n",
    b"\x1b[2J\x1b]0;owned\a",
    b"\x9b2J",
    b"\xff",
    b"\xc0\x8a",
    b"\xed\xa0\x80",
    b"\nmail: accepted queue_id=1 peer=192.0.2.1",
    b'" accepted queue_id="1',
    b"\\n",
    b"%(log_time)s {log_time} $HOME",
]
RULES = """\
[[rule]]
name = "Letters"
match = "any"
  [[rule.condition]]
  field = "subject"
  op = "contains"
  value = ["subject"]
  [[rule.condition]]
  field = "from"
  op = "contains"
  value = ["nothing"]
  [[rule.condition]]
  field = "attachment_name"
  op = "contains"
  value = ["nothing"]
  [[rule.action]]
  do = "tag"
  tag = "seen"
"""


def sessions(text: bytes) -> Iterator[list[bytes]]:
    """Yield what clients say with a text in each place there is."""
    yield [
        b"EHLO evil" + text + b"x",
        b"XVERB" + text + b" argument" + text,
        text + b"EHLO x",
        b"VRFY in" + text + b"fo",
        b"MAIL FROM:<a" + text + b"b@client.example>",
        b"MAIL FROM:<a@cli" + text + b"ent.example>",
        b"MAIL FROM:<a@client.example> SMTPUTF8 X" + text + b"=1",
        b"MAIL FROM:<a@client.example> SMTPUTF8 ENVID=a" + text + b"b",
        b'MAIL FROM:<"a' + text + b'b"@client.example> SMTPUTF8',
        b"RSET",
        b"MAIL FROM:<a@client.example> SMTPUTF8",
        b"RCPT TO:<in" + text + b"fo@example.org>",
        b'RCPT TO:<"vic' + text + b'tim"@example.org>',
        b"RCPT TO:<info@exa" + text + b"mple.org>",
        b"RCPT TO:<info@[" + text + b"]>",
        b"RCPT TO:<info@example.org> ORCPT=rfc822;a" + text + b"b",
        b"RCPT TO:<info@example.org> ORCPT=utf-8;a" + text + b"b",
        b"RSET",
        b"XCLIENT NAME=a" + text + b"b ADDR=192.0.2.7" + text,
        b"XCLIENT ADDR=192.0.2.7 HELO=a" + text + b"b",
        b"XCLIENT ADDR=192.0.2.7 HELO=a" + b"".join(b"+%02X" % octet for octet in text),
        b"BDAT 1" + text,
    ]
    for folder in (b"", b"+Fol" + text + b"der"):
        for field in (text, b"=?utf-8?B?" + base64.b64encode(b"a" + text + b"b") + b"?="):
            yield [
                b"EHLO evil" + text + b"x",
                b"MAIL FROM:<a@client.example> SMTPUTF8",
                b"RCPT TO:<shop" + folder + b"@example.org>",
                b"RCPT TO:<info@example.org>",
                b"DATA",
                letter(field),
                b".",
                b"QUIT",
            ]


def letter(field: bytes) -> bytes:
    named = b"".join(b"%%%02X" % octet for octet in field)
    return (
        b'From: "a%bb" <a@example.net>\r\nTo: %b <info@example.org>\r\nSubject: subject %b\r\n'
        b"Message-ID: <a%bb@example.net>\r\nReply-To: %b <b@example.net>\r\nX-%b: x\r\n"
        b'MIME-Version: 1.0\r\nContent-Type: application/pdf; name="a%bb.pdf"\r\n'
        b"Content-Disposition: attachment; filename*=utf-8''a%bb.pdf\r\n\r\nbody %b"
        % (field, field, field, field, field, field, field, named, field)
    )


def unsafe(shown: str) -> set[str]:
    """Return the letters of a shown text that could do harm; it may have lines."""
    kinds = {"Cc", "Cs", "Zl", "Zp"}
    harmful = set(LETTERS) - {"\n"}
    return {
        letter
        for letter in set(shown) - {"\n"}
        if letter in harmful or unicodedata.category(letter) in kinds
    }


def look(log: Log) -> None:
    """Each event has its line, and the line is fit to be looked at."""
    assert not [event for event in log.events if "log_failure" in event]
    count = len(log.events)
    for written in (log.text.getvalue(), log.json.getvalue()):
        assert unsafe(written) == set()
        assert written.count("\n") == count
        assert len(written.splitlines()) == count
    for line in log.json.getvalue().splitlines():
        assert isinstance(json.loads(line), dict)


def say_all(house: House, text: bytes) -> list[str]:
    said = []
    for lines in sessions(text):
        said += house.say(*lines)
    said += house.say(b"PROXY TCP4 192.0.2.7" + text + b" 192.0.2.1 1 25", proxied=True)
    said += house.say(b"PROXY UNKNOWN " + text, b"EHLO a" + text, proxied=True)
    said += house.say(text, proxied=True)
    return said


@pytest.fixture
def sorting(shell: Shell) -> Shell:
    shell.said("rules", "import", "-", stdin=RULES)
    return shell


def test_no_text_of_a_stranger_begins_a_line_or_reaches_a_terminal(sorting: Shell) -> None:
    said: list[str] = []
    with logged() as log, house_at(sorting.data_dir) as house:
        for text in TEXTS:
            said += say_all(house, text)
    # a good part of it was taken in, or nothing below would show anything
    assert log.text.getvalue().count("mail: accepted ") > len(TEXTS)
    assert log.text.getvalue().count("mail: refused ") > len(TEXTS)
    look(log)
    # what is answered are replies alone
    assert all(line[:3].isdigit() and line[3] in " -" for line in said)
    assert unsafe("".join(said)) == set()
    look_at_commands(sorting)


def test_no_name_at_a_login_begins_a_line() -> None:
    door = ReaderDoor()
    door.factory.maillog = MailLog()
    with logged() as log:
        for text in TEXTS:
            name = b"a" + text + b"b@example.org"
            plain = base64.b64encode(b"\0" + name + b"\0wrong" + text)
            for lines in (
                (b"USER " + name, b"PASS wrong" + text, b"X" + text, b"QUIT"),
                (b"AUTH PLAIN " + plain, b"QUIT"),
            ):
                connection = MemoryConnection(door.factory)
                for line in lines:
                    connection.send(line + b"\r\n")
                assert unsafe(connection.transport.value().decode().replace("\r\n", "\n")) == set()
                connection.abort()
    assert log.text.getvalue().count("mail: login-refused ") > len(TEXTS)
    assert "wrong" not in log.text.getvalue().replace("wrong name or password", "")
    look(log)


def look_at_commands(shell: Shell) -> None:
    """Everything that is kept, as people and programs are shown it."""
    ids = set()
    for mailbox in ("info@example.org", "shop@example.org"):
        listed = shell.json("message", "list", mailbox, "--limit", "1000")
        ids |= {each["queue_id"] for each in listed}
        kept: tuple[tuple[str, ...], ...] = (
            ("message", "list", mailbox, "--limit", "1000"),
            ("message", "list", mailbox, "--limit", "1000", "--json"),
            ("trace", mailbox, "--limit", "1000"),
            ("trace", mailbox, "--limit", "1000", "--lang", "ru"),
            ("trace", mailbox, "--limit", "1000", "--json"),
            ("mailbox", "list"),
        )
        for words in kept:
            assert unsafe(shell.out(*words)) == set(), words
    assert len(ids) > len(TEXTS)
    for queue_id in sorted(ids)[::25]:
        shown: tuple[tuple[str, ...], ...] = (
            ("message", "show", queue_id),
            ("message", "show", queue_id, "--json"),
            ("trace", queue_id),
        )
        for words in shown:
            assert unsafe(shell.out(*words)) == set(), words


def test_what_is_typed_is_told_safely(shell: Shell) -> None:
    """Arguments too: they are pasted from mail."""
    for word in ("".join(LETTERS[1:]), "\x1b[2J", "\udcff", "\r\n"):
        typed: tuple[tuple[str, ...], ...] = (
            ("message", "show", f"a{word}b"),
            ("message", "list", f"a{word}b@example.org"),
            ("message", "list", "info@example.org", "--folder", f"a{word}b"),
            ("trace", f"a{word}b"),
            ("mailbox", "add", f"a{word}b@example.org"),
            ("alias", "add", f"a{word}b@example.org", "info@example.org"),
            ("domain", "add", f"a{word}b.example"),
        )
        for words in typed:
            done = shell.run(*words)
            assert done.exit_code in {os.EX_DATAERR, os.EX_NOINPUT, os.EX_NOUSER}, words
            assert unsafe(done.stdout + done.stderr) == set(), words


def test_a_persons_terminal_obeys_nothing(sorting: Shell) -> None:
    """The table for people goes another way than that for programs."""
    with house_at(sorting.data_dir) as house:
        for text in (b"\x1b[2J\x1b]0;owned\a", "\u202e\x9b31m".encode()):
            encoded = b"=?utf-8?B?" + base64.b64encode(text) + b"?="
            house.say(
                b"EHLO evil" + text,
                b"MAIL FROM:<a@client.example> SMTPUTF8",
                b"RCPT TO:<info@example.org>",
                b"DATA",
                letter(encoded),
                b".",
            )
    config = ("--config", str(sorting.home / "bitrixmail.toml"))
    environment = {"PATH": "/usr/bin", "HOME": str(sorting.home), "LANG": "C.UTF-8"}
    words = ("message", "list", "info@example.org")
    terminal = Terminal(sorting.home, *config, *words, environment=environment)
    assert terminal.end() == 0
    shown = terminal.shown
    assert "subject" in shown
    for bad in ("\x1b[2J", "\x1b]0;", "\x9b", "\u202e", "\a"):
        assert bad not in shown, bad


def test_an_error_told_with_its_traceback_is_safe_as_well(
    nothing_lost_or_left: list[Failure],
) -> None:
    """Its message may hold what a stranger wrote, line ends and all."""
    for name in LETTERS:
        with logged() as log:
            Logger().failure(
                "it failed on {what}", _Failure(ValueError(f"a{name}b {name}")), what=f"a{name}b"
            )
        for written in (log.text.getvalue(), log.json.getvalue()):
            assert unsafe(written) == set()
        assert log.json.getvalue().count("\n") == 1
        assert all(row.startswith("    ") for row in log.text.getvalue().splitlines()[1:])
    nothing_lost_or_left.clear()


def test_no_text_adds_a_field_to_a_message(sorting: Shell) -> None:
    """What we put before a message are the fields that we write."""
    with house_at(sorting.data_dir) as house:
        for text in TEXTS:
            house.say(
                b"EHLO evil" + text + b"x",
                b"MAIL FROM:<a@client.example> SMTPUTF8",
                b"RCPT TO:<info@example.org>",
                b"DATA",
                b"Subject: x\r\n\r\nbody",
                b".",
            )
        listed = result_of(house.stores.messages.listing("info@example.org", None, 1000))
        # a HELO with CR, LF or NUL in it is no command line
        assert len(listed) >= len(TEXTS) - 5
        for each in listed:
            octets = result_of(house.stores.messages.export(each.queue_id))
            head, _, body = octets.partition(b"\r\n\r\n")
            fields = re.findall(rb"(?m)^[^ \t\r]+", head)
            assert fields == [b"Received:", b"Subject:"], octets
            assert body == b"body\r\n"
