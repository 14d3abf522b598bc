"""What refusals and bounces mean."""

from __future__ import annotations

import re

import pytest

from bitrixmail.mime.dsn_reading import read_bounce
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.model.dsn import Nature, Reason
from bitrixmail.outbound.reasons.judging import classify, judge
from bitrixmail.outbound.reasons.words import WORDS
from tests.corpus.bounce_facts import BOUNCES, octets

HARD, SOFT, UNDETERMINED = Nature.HARD, Nature.SOFT, Nature.UNDETERMINED


@pytest.mark.parametrize("name", BOUNCES)
def test_the_corpus_is_judged_right(name: str) -> None:
    told, message = BOUNCES[name], octets(name)
    bounce = read_bounce(message, HeaderSection.parse(message))
    assert bounce is not None
    verdict = judge(bounce.recipients[-1], bounce)
    assert (verdict.nature, verdict.reason) == (told.nature, told.reason)


@pytest.mark.parametrize(
    ("status", "text", "nature", "reason"),
    [
        ("5.1.1", "550 5.1.1 User unknown", HARD, Reason.UNKNOWN_USER),
        ("", "550 Пользователь не найден", HARD, Reason.UNKNOWN_USER),
        ("", "550 No such user!", HARD, Reason.UNKNOWN_USER),
        ("", "550 Invalid recipient <a@example.net>", HARD, Reason.UNKNOWN_USER),
        ("4.1.1", "450 4.1.1 User unknown in local recipient table", SOFT, Reason.UNKNOWN_USER),
        ("5.2.1", "550 5.2.1 account is inactive", HARD, Reason.DISABLED),
        ("", "550 The mailbox was suspended", HARD, Reason.DISABLED),
        ("5.2.2", "552 5.2.2 over quota", SOFT, Reason.MAILBOX_FULL),
        ("", "552 Ящик пользователя переполнен", SOFT, Reason.MAILBOX_FULL),
        ("", "Host or domain name not found: type=MX: no such domain", HARD, Reason.NO_SUCH_DOMAIN),
        ("5.1.2", "", HARD, Reason.NO_SUCH_DOMAIN),
        ("5.1.10", "", HARD, Reason.TAKES_NO_MAIL),
        ("", "556 5.1.10 null MX", HARD, Reason.TAKES_NO_MAIL),
        ("4.4.3", "Name service error: Host not found, try again", SOFT, Reason.DNS),
        ("", "450 4.2.0 Greylisted for 300 seconds", SOFT, Reason.GREYLISTED),
        ("", "451 please try again in 5 minutes", SOFT, Reason.GREYLISTED),
        ("", "421 4.7.0 too many connections from your host", SOFT, Reason.RATE_LIMITED),
        ("", "421", SOFT, Reason.RATE_LIMITED),
        ("5.7.1", "554 5.7.1 spam message rejected", SOFT, Reason.SPAM),
        # 5.1.1, but it is not the address that is bad
        ("5.1.1", "550 5.1.1 rejected: listed at bl.example", SOFT, Reason.REPUTATION),
        ("5.7.1", "554 client host blocked using dnsbl.example", SOFT, Reason.REPUTATION),
        ("5.7.26", "", SOFT, Reason.AUTHENTICATION),
        ("", "550 SPF check failed", SOFT, Reason.AUTHENTICATION),
        ("5.3.4", "", SOFT, Reason.TOO_LARGE),
        ("", "552 message exceeds the maximum size", SOFT, Reason.TOO_LARGE),
        ("", "554 virus found", SOFT, Reason.CONTENT),
        ("5.7.1", "", SOFT, Reason.POLICY),
        ("5.7.1", "550 5.7.1 relaying denied", UNDETERMINED, Reason.RELAYING),
        ("5.4.6", "", SOFT, Reason.LOOP),
        ("", "connect to mx.example.net: Connection refused", SOFT, Reason.UNREACHABLE),
        ("", "conversation timed out while sending the end of data", SOFT, Reason.TIMEOUT),
        ("", "454 TLS not available due to local problem", SOFT, Reason.TLS),
        ("4.3.0", "", SOFT, Reason.SYSTEM),
        ("4.4.7", "", SOFT, Reason.EXPIRED),
        ("", "551 user has moved to another address", HARD, Reason.MOVED),
        # a code that says nothing by itself condemns no address
        ("5.0.0", "", UNDETERMINED, Reason.UNDETERMINED),
        ("", "550 no", UNDETERMINED, Reason.UNDETERMINED),
        ("", "", UNDETERMINED, Reason.UNDETERMINED),
        ("nonsense", "???", UNDETERMINED, Reason.UNDETERMINED),
    ],
)
def test_replies(status: str, text: str, nature: Nature, reason: Reason) -> None:
    verdict = classify(status, text)
    assert (verdict.reason, verdict.nature) == (reason, nature)


def test_an_ip_address_is_no_status_code() -> None:
    assert classify("", "from 5.1.1.25: no").reason is Reason.UNDETERMINED
    assert classify("", "failed (#5.1.1)").reason is Reason.UNKNOWN_USER


def test_nothing_is_hard_while_it_is_still_tried() -> None:
    assert classify("5.1.1", "User unknown", final=False).nature is SOFT


def test_every_line_of_the_table_is_a_pattern_of_small_letters() -> None:
    for words in WORDS.values():
        for line in filter(None, map(str.strip, words.split("\n"))):
            re.compile(line)
            assert not re.sub(r"\\.", "", line).isupper(), line
            assert re.sub(r"\\.", "", line) == re.sub(r"\\.", "", line).lower(), line


def test_a_text_of_any_length_takes_no_time() -> None:
    for piece in ("user ", "host ", "a", "mailbox is ", "  ", "account x y z ", "sender address "):
        classify("", piece * 200_000)
