"""Parameters of MAIL and RCPT: read to the letter, or refused by the code that says why."""

from __future__ import annotations

import pytest

from bitrixmail.model.envelope import RecipientParameters, SenderParameters
from bitrixmail.model.errors import PermanentError
from bitrixmail.smtp.parameters import recipient_parameters, sender_parameters, xtext

MOST = 1000


def refused(text: str, *, recipient: bool = False) -> str:
    with pytest.raises(PermanentError) as caught:
        recipient_parameters(text) if recipient else sender_parameters(text, MOST)
    return f"{caught.value.reply.code} {caught.value.reply.enhanced}"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", SenderParameters()),
        ("SIZE=1000", SenderParameters(size_octets=1000)),
        ("size=0", SenderParameters(size_octets=0)),
        ("BODY=8BITMIME", SenderParameters(body="8BITMIME")),
        ("body=7bit", SenderParameters(body="7BIT")),
        ("SMTPUTF8", SenderParameters(smtputf8=True)),
        ("RET=full", SenderParameters(ret="FULL")),
        ("ENVID=QQ+2B314+3D", SenderParameters(envid="QQ+314=")),
        ("AUTH=<>", SenderParameters(auth="<>")),
        ("AUTH=boss+40example.org", SenderParameters(auth="<>")),
        (
            "SIZE=1  RET=HDRS SMTPUTF8 ",
            SenderParameters(size_octets=1, ret="HDRS", smtputf8=True),
        ),
    ],
)
def test_what_a_sender_may_say(text: str, found: SenderParameters) -> None:
    assert sender_parameters(text, MOST) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", RecipientParameters()),
        ("NOTIFY=never", RecipientParameters(notify=frozenset({"NEVER"}))),
        ("NOTIFY=SUCCESS,delay", RecipientParameters(notify=frozenset({"SUCCESS", "DELAY"}))),
        ("ORCPT=rfc822;Bob+2B@example.org", RecipientParameters(orcpt="rfc822;Bob+@example.org")),
        ("ORCPT=RFC822;bob@example.org", RecipientParameters(orcpt="rfc822;bob@example.org")),
        (r"ORCPT=utf-8;\x{43F}@example.org", RecipientParameters(orcpt="utf-8;п@example.org")),
        ("ORCPT=utf-8;п@example.org", RecipientParameters(orcpt="utf-8;п@example.org")),
        ("ORCPT=utf-8;b+2B@example.org", RecipientParameters(orcpt="utf-8;b+@example.org")),
    ],
)
def test_what_may_be_said_of_a_recipient(text: str, found: RecipientParameters) -> None:
    assert recipient_parameters(text) == found


@pytest.mark.parametrize("text", ["FOO", "FOO=1", "NOTIFY=NEVER", "BY=120;R", "MT-PRIORITY=3", "X"])
def test_a_keyword_nobody_announced_is_555(text: str) -> None:
    assert refused(text) == "555 5.5.4"
    assert refused(f"SIZE=1 {text}") == "555 5.5.4"


@pytest.mark.parametrize("text", ["SIZE=1", "FOO=1", "RET=FULL", "ORCPTX=1"])
def test_a_keyword_of_the_other_command_is_555(text: str) -> None:
    assert refused(text, recipient=True) == "555 5.5.4"


@pytest.mark.parametrize(
    "word",
    ["SIZE=1", "BODY=7BIT", "SMTPUTF8", "RET=FULL", "ENVID=x", "AUTH=<>"],
)
def test_what_a_sender_says_twice_is_501(word: str) -> None:
    assert refused(f"{word} {word.lower()}") == "501 5.5.4"


@pytest.mark.parametrize("word", ["NOTIFY=NEVER", "ORCPT=rfc822;a@b"])
def test_what_is_said_twice_of_a_recipient_is_501(word: str) -> None:
    assert refused(f"{word} {word}", recipient=True) == "501 5.5.4"


@pytest.mark.parametrize(
    "text",
    [
        "SIZE",
        "SIZE=",
        "SIZE=-1",
        "SIZE=1.5",
        "SIZE=0x10",
        "SIZE=¹",
        "SIZE=" + "9" * 21,
        "SIZE=1=2",
        "=1",
        "-X=1",
        "SIZE:1",
        "BODY",
        "BODY=BINARYMIME",
        "BODY=9BIT",
        "SMTPUTF8=1",
        "SMTPUTF8=",
        "RET=ALL",
        "ENVID",
        "ENVID=+2b",
        "ENVID=+",
        "ENVID=a=b",
        "ENVID=+00",
        "ENVID=+0D+0A",
        "ENVID=" + "x" * 101,
        "AUTH",
        "AUTH=+zz",
        "SIZE=1\tBODY=7BIT",
        "SIZE=\x01",
    ],
)
def test_what_a_sender_says_wrongly_is_501(text: str) -> None:
    assert refused(text) == "501 5.5.4"


@pytest.mark.parametrize(
    "text",
    [
        "NOTIFY",
        "NOTIFY=",
        "NOTIFY=NEVER,SUCCESS",
        "NOTIFY=SUCCESS,SUCCESS",
        "NOTIFY=SUCCESS,",
        "NOTIFY=SOMETIMES",
        "ORCPT",
        "ORCPT=",
        "ORCPT=rfc822",
        "ORCPT=rfc822;",
        "ORCPT=;a@b",
        "ORCPT=rfc 822;a@b",
        "ORCPT=rfc822;a+0Ab",
        "ORCPT=rfc822;п@b",
        r"ORCPT=utf-8;\x{0A}@b",
        r"ORCPT=utf-8;\x{202E}@b",
        r"ORCPT=utf-8;\x{110000}@b",
        r"ORCPT=utf-8;\x{D800}@b",
        "ORCPT=rfc822;" + "x" * 500,
    ],
)
def test_what_is_said_wrongly_of_a_recipient_is_501(text: str) -> None:
    assert refused(text, recipient=True) == "501 5.5.4"


def test_a_size_beyond_the_limit_is_552_and_0_is_no_limit() -> None:
    assert refused("SIZE=1001") == "552 5.3.4"
    assert refused("SIZE=" + "9" * 20) == "552 5.3.4"
    assert sender_parameters("SIZE=99999999999999999999", 0).size_octets == 10**20 - 1


def test_xtext_gives_back_what_went_in() -> None:
    plain = "".join(map(chr, range(0x20, 0x7F)))
    written = "".join(letter if letter not in "+= " else f"+{ord(letter):02X}" for letter in plain)
    assert xtext(written) == plain
