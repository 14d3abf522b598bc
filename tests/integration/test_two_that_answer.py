"""Two servers whose rules answer each other, or pass mail on to each other, and programs' mail."""

from __future__ import annotations

import smtplib
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from tests.corpus.automatic import AUTOMATIC, WRITTEN
from tests.corpus.bounce_facts import FOLDER
from tests.crash.harvest import read_folder
from tests.fakes.process import ServerProcess
from tests.fakes.real_bounces import real_bounces

PASSWORD = "a password of the test"
FIRST, SECOND = "first.example", "second.example"
LETTER = b"From: Bob <%s>\r\nTo: x@y.example\r\nSubject: Hi\r\nMessage-ID: <1@x>\r\n\r\nHello.\r\n"
_SETTINGS = """\
[outbound]
smarthost = "127.0.0.1:{port}"
private_hosts = true
ipv6 = false
"""
# Of the mailboxes `ann` of both servers each answers, of `carl` each forwards to the other
_SITE = """\
[[domain]]
name = "{here}"
[[mailbox]]
address = "ann@{here}"
password = "{password}"
[[mailbox]]
address = "carl@{here}"
password = "{password}"
[[rule]]
name = "Answer"
mailbox = "ann@{here}"
  [[rule.action]]
  do = "reply"
  once_per = "1h"
  text = "Dear {{from_name}}, we have got «{{subject}}»."
[[rule]]
name = "Pass on"
mailbox = "carl@{here}"
  [[rule.action]]
  do = "forward"
  to = "carl@{there}"
"""
_ENDED = """SELECT j.state, a.reply FROM job j
    LEFT JOIN attempt a ON a.job_id = j.id AND a.number = j.attempts
    WHERE j.kind = 'mail' AND j.recipient = ? ORDER BY j.id"""
# Letters of people, with nothing in them that tells of a program
_PEOPLE = ("not-question.eml", "not-newsletter.eml", "groupwise_03.txt")


class Host(ServerProcess):
    """One of the two, with what its mailboxes have and its rules have done."""

    def actions(self, address: str, count: int) -> list[str]:
        """Wait until so many actions of a mailbox have ended; return what is said of them."""
        until = time.monotonic() + 60
        while True:
            database = f"file:{self.data_dir}/bitrixmail.sqlite?mode=ro"
            with closing(sqlite3.connect(database, uri=True)) as connection:
                found = connection.execute(_ENDED, (address,)).fetchall()
            if len(found) >= count and all(state in ("done", "dead") for state, _ in found):
                return [reply for _, reply in found]
            assert time.monotonic() < until, found
            time.sleep(0.05)

    def box(self, address: str, count: int) -> list[bytes]:
        """Wait until so many messages are in a mailbox."""
        until = time.monotonic() + 60
        while len(found := list(read_folder(self.pop3_port, address, PASSWORD))) < count:
            assert time.monotonic() < until, found
            time.sleep(0.05)
        return found

    def furnished(self, here: str, there: str) -> None:
        """Make domain, mailboxes and rules, and wait until they are in force."""
        site = self.home / "site.toml"
        site.write_text(_SITE.format(here=here, there=there, password=PASSWORD))
        self.cli("apply", str(site))
        until = time.monotonic() + 60
        while "rules of version 1 are in force" not in self.log.read_text():
            assert time.monotonic() < until, self.log.read_text()[-2000:]
            time.sleep(0.05)


Pair = tuple[Host, Host]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Run two servers, each the way out of the other."""
    home = tmp_path_factory.mktemp("pair")
    first, second = Host(home / "first"), Host(home / "second")
    for server, other, here in ((first, second, FIRST), (second, first, SECOND)):
        text = server.config.read_text().replace("mx.example.org", f"mx.{here}")
        server.config.write_text(text + _SETTINGS.format(port=other.smtp_port))
    with ExitStack() as running:
        for server, here, there in ((first, FIRST, SECOND), (second, SECOND, FIRST)):
            running.enter_context(server)
            server.furnished(here, there)
        yield first, second


def test_two_that_answer_stop_after_one_exchange(pair: Pair) -> None:
    first, second = pair
    ann, other = f"ann@{FIRST}", f"ann@{SECOND}"
    with smtplib.SMTP("127.0.0.1", first.smtp_port, "client.example", 60) as client:
        client.sendmail(other, [ann], LETTER % other.encode())
    (answer,) = second.box(other, 1)
    assert b"Return-Path: <>" in answer
    assert b"Auto-Submitted: auto-replied" in answer
    assert second.actions(other, 1) == ["250 2.0.0 Not answered: it has the null sender"]
    assert first.actions(ann, 1)[0].startswith("250 2.0.0 Ok")
    time.sleep(1)
    assert (len(first.box(ann, 1)), len(second.box(other, 1))) == (1, 1)
    assert (len(first.actions(ann, 1)), len(second.actions(other, 1))) == (1, 1)


def test_two_that_pass_on_stop_after_one_round(pair: Pair) -> None:
    first, second = pair
    carl, other = f"carl@{FIRST}", f"carl@{SECOND}"
    with smtplib.SMTP("127.0.0.1", first.smtp_port, "client.example", 60) as client:
        client.sendmail("eve@third.example", [carl], LETTER % b"eve@third.example")
    said = first.actions(carl, 2)
    assert said[1] == f"550 5.4.6 A circle: it was passed on from {carl} before"
    assert len(second.actions(other, 1)) == 1
    time.sleep(1)
    assert (len(first.box(carl, 2)), len(second.box(other, 1))) == (2, 1)
    assert len(first.actions(carl, 2)) == 2


def test_no_program_is_answered(pair: Pair) -> None:
    """Real bounces and automatic mail trigger no answer, not even under a person's sender."""
    first, second = pair
    ann, other = f"ann@{FIRST}", f"ann@{SECOND}"
    bounces = {
        path.name: path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        for path in FOLDER.glob("*.eml")
    }
    bounces |= real_bounces()
    for person in _PEOPLE:
        del bounces[person]
    mail = [(each.sender, each.octets()) for each in AUTOMATIC.values()]
    for number, octets in enumerate(bounces.values()):
        mail += [("", octets), (f"p{number}@{SECOND}", octets)]
    before = len(first.actions(ann, 0))
    with smtplib.SMTP("127.0.0.1", first.smtp_port, "client.example", 60) as client:
        for sender, octets in mail:
            client.sendmail(sender, [ann], octets)
    said = first.actions(ann, before + len(mail))[before:]
    assert len(said) > 300
    assert [reply for reply in said if "Not answered: " not in reply] == []
    # and one that a person has written is answered
    with smtplib.SMTP("127.0.0.1", first.smtp_port, "client.example", 60) as client:
        client.sendmail(f"carl@{SECOND}", [ann], WRITTEN["question"].octets())
    assert first.actions(ann, before + len(mail) + 1)[-1].startswith("250 2.0.0 Ok")
    assert any(b"When do you open?" in found for found in second.box(f"carl@{SECOND}", 2))
    assert len(second.box(other, 1)) == 1
