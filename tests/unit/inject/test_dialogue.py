"""SMTP on stdin and stdout (-bs)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.inject.conftest import Sendmail, installed


@pytest.fixture
def sendmail(tmp_path: Path) -> Sendmail:
    installed(tmp_path)
    return Sendmail(tmp_path / "sendmail", tmp_path / "pickup")


def speak(sendmail: Sendmail, *lines: str) -> list[str]:
    """Return the replies, each by its code, without the greeting."""
    done = sendmail.run("-bs", stdin="".join(line + "\r\n" for line in lines).encode())
    assert (done.returncode, done.stderr) == (0, b"")
    said = done.stdout.decode().splitlines()
    assert said[0].startswith("220 ")
    return [line for line in said[1:] if line[3] == " "]


def test_a_message(sendmail: Sendmail) -> None:
    replies = speak(
        sendmail, "EHLO me", "MAIL FROM:<a@x.org> BODY=8BITMIME RET=HDRS ENVID=7+2Bx SIZE=10",
        "RCPT TO:<b@x.org> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;c+40x.org", 'rcpt to: <"> "@x.org>',
        "DATA", "Subject: x", "", "..dot", ".", "QUIT",
    )  # fmt: skip
    assert [reply[:3] for reply in replies] == ["250", "250", "250", "250", "354", "250", "221"]
    slip, message = sendmail.taken()
    assert slip == (
        "sender a@x.org\nbody 8BITMIME\nret HDRS\nenvid 7+x\nrecipient b@x.org\n"
        'notify SUCCESS,DELAY\norcpt rfc822;c@x.org\nrecipient "> "@x.org'
    )
    assert message == b"Subject: x\r\n\r\n.dot\r\n"


def test_two_messages_and_line_ends_of_this_machine(sendmail: Sendmail) -> None:
    one = "MAIL FROM:<>\nRCPT TO:<a@x.org>\nDATA\nHi\n.\n"
    done = sendmail.run("-bs", stdin=(one * 2).encode())
    assert done.stdout.count(b"250 2.0.0 Ok: kept") == 2
    assert len(list(sendmail.folder.iterdir())) == 2


@pytest.mark.parametrize(
    ("lines", "reply"),
    [
        (["RCPT TO:<a@x.org>"], "503"),
        (["DATA"], "503"),
        (["MAIL FROM:<a@x.org>", "DATA"], "503"),
        (["MAIL FROM:<a@x.org>", "MAIL FROM:<a@x.org>"], "503"),
        (["MAIL FROM:<a@x.org>", "RSET", "RCPT TO:<a@x.org>"], "503"),
        (["MAIL FROM:a@x.org"], "501"),
        (["MAIL TO:<a@x.org>"], "501"),
        (["MAIL FROM:<a@x.org> PRIORITY=1"], "501"),
        (["MAIL FROM:<a@x.org> ENVID=+ZZ"], "501"),
        (["MAIL FROM:<a@x.org> ENVID=" + "x" * 101], "501"),
        (["MAIL FROM:<a\x1b@x.org>"], "501"),
        (["MAIL FROM:<a@x.org>", "RCPT TO:< >"], "501"),
        (["MAIL FROM:<a@x.org>", "RCPT TO:<a@x.org> ORCPT=;a"], "501"),
        (["MAIL FROM:<a@x.org>", "RCPT TO:<a@x.org> ORCPT=rfc822;" + "x" * 501], "501"),
        (["MAIL FROM:<a@x.org>", "RCPT TO:<>"], "501"),
        (["MAIL FROM:<a@x.org>", "RCPT TO:<a@x.org> NOTIFY=MAYBE"], "501"),
        (["MAIL FROM:<a@x.org>\rrecipient b@x.org"], "500"),
        (["TURN"], "502"),
        (["VRFY a"], "252"),
        (["NOOP"], "250"),
        (["MAIL FROM:<a@x.org>", "RCPT TO:<a@x.org>", "DATA", "x" * 200_001, "."], "552"),
    ],
)
def test_replies(sendmail: Sendmail, lines: list[str], reply: str) -> None:
    assert speak(sendmail, *lines)[-1][:3] == reply
    assert not list(sendmail.folder.iterdir())


def test_a_message_without_its_end_is_not_kept(sendmail: Sendmail) -> None:
    speak(sendmail, "MAIL FROM:<a@x.org>", "RCPT TO:<a@x.org>", "DATA", "Hi")
    assert not list(sendmail.folder.iterdir())
