"""Replies on the wire, and many outcomes in one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import pytest

from bitrixmail.model.address import Address
from bitrixmail.model.outcome import Outcome
from bitrixmail.model.reply import TRANSACTION_FAILED, Reply
from bitrixmail.smtp.content import ContentFault
from bitrixmail.smtp.replies import FAULTS, encoded, folded

KEPT, LATER, NEVER = Reply(250, "2.0.0", "a"), Reply(451, "4.3.0", "b"), Reply(550, "5.7.1", "c")
OTHER_NEVER = Reply(552, "5.2.2", "d")


def fold(replies: Sequence[Reply]) -> Reply:
    return folded([Outcome(Address(str(n), "example.org"), one) for n, one in enumerate(replies)])


@pytest.mark.parametrize(
    ("replies", "one"),
    [
        ([KEPT], KEPT),
        ([NEVER], NEVER),
        ([KEPT, LATER, NEVER], KEPT),
        ([KEPT, NEVER], KEPT),
        ([KEPT, LATER], KEPT),
        ([LATER, NEVER], LATER),
        ([LATER, LATER], LATER),
    ],
)
def test_any_success_wins_then_any_hope(replies: list[Reply], one: Reply) -> None:
    for order in permutations(replies):
        assert fold(order) == one


def test_of_refusals_the_first_is_told() -> None:
    assert fold([NEVER, OTHER_NEVER]) == NEVER
    assert fold([OTHER_NEVER, NEVER]) == OTHER_NEVER


def test_no_outcome_is_no_success() -> None:
    assert fold([]) == TRANSACTION_FAILED


@pytest.mark.parametrize(
    ("reply", "octets"),
    [
        (Reply(250, "2.0.0", "OK"), b"250 2.0.0 OK\r\n"),
        (Reply(354, "", "Go on"), b"354 Go on\r\n"),
        (Reply(550, "5.1.1", "a\r\n250 OK"), b"550 5.1.1 a\\u{d}\\u{a}250 OK\r\n"),
        (Reply(550, "5.1.1", "a\0\x1b[2J"), b"550 5.1.1 a\\u{0}\\u{1b}[2J\r\n"),
        (Reply(550, "5.1.1", "нет"), b"550 5.1.1 ???\r\n"),
    ],
)
def test_a_reply_is_one_line_of_ascii(reply: Reply, octets: bytes) -> None:
    assert encoded(reply) == octets


def test_with_smtputf8_it_may_be_more() -> None:
    assert encoded(Reply(550, "5.1.1", "нет"), utf8=True) == "550 5.1.1 нет\r\n".encode()


@pytest.mark.parametrize("letter", ["x", "й"])
def test_a_reply_has_at_most_512_octets(letter: str) -> None:
    for utf8 in (False, True):
        assert len(encoded(Reply(550, "5.1.1", letter * 1000), utf8=utf8)) <= 512


def test_each_fault_of_content_has_its_reply() -> None:
    assert set(FAULTS) == set(ContentFault)
    assert all(reply.code // 100 == 5 for reply in FAULTS.values())
