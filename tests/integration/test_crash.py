"""A loaded server is killed, or asked to end, and comes back with every message it acknowledged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.campaign import PASSWORD, RECIPIENTS, RULES, run_campaign
from tests.crash.ledger import Ledger
from tests.crash.letters import Letter
from tests.fakes.process import ServerProcess


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path) as running:
        running.furnish(RECIPIENTS, PASSWORD, RULES)
        yield running


@pytest.mark.parametrize("graceful", [False, True], ids=["SIGKILL", "SIGTERM"])
def test_nothing_acknowledged_is_lost_or_doubled(server: ServerProcess, graceful: bool) -> None:
    result = run_campaign(server, kills=3, seed=20225, senders=6, graceful=graceful)
    verdict, ledger = result.verdict, result.ledger
    assert verdict.clean, verdict
    assert ledger.acknowledged > 50
    assert ledger.acknowledged_where(chunked=True)
    assert ledger.acknowledged_where(large=True)


class TestTheLedgerSees:
    """The judge itself: each fault that it is there to find."""

    LETTER = Letter(
        "1", ("a@x", "b@x"), b"X-Attempt: 1\r\nSubject: s\r\n\r\nbody\r\n", chunked=False
    )
    READ = b"Return-Path: <a@example.net>\r\nReceived: from c\r\n\tby d\r\n" + LETTER.content

    def ledger(self, *, acknowledged: bool = True) -> Ledger:
        ledger = Ledger()
        ledger.begin(self.LETTER)
        if acknowledged:
            ledger.acknowledge("1")
        return ledger

    def test_all_well(self) -> None:
        verdict = self.ledger().judge([("a@x", self.READ), ("b@x", self.READ)])
        assert verdict.clean

    def test_a_lost_copy(self) -> None:
        assert self.ledger().judge([("a@x", self.READ)]).lost == ["1 for b@x"]

    def test_an_unacknowledged_message_is_not_owed_but_may_be_there(self) -> None:
        verdict = self.ledger(acknowledged=False).judge([("a@x", self.READ)])
        assert verdict.clean
        assert verdict.kept_unacknowledged == 1

    def test_a_doubled_message_acknowledged_or_not(self) -> None:
        for acknowledged in (True, False):
            ledger = self.ledger(acknowledged=acknowledged)
            found = [("a@x", self.READ), ("a@x", self.READ), ("b@x", self.READ)]
            assert ledger.judge(found).doubled == ["1 in a@x: 2 times"]

    @pytest.mark.parametrize(
        "message", [READ[:-3], READ + b"x", b"X-Odd: y\r\n" + READ], ids=["cut", "longer", "field"]
    )
    def test_a_damaged_message(self, message: bytes) -> None:
        verdict = self.ledger().judge([("a@x", message), ("b@x", self.READ)])
        assert len(verdict.damaged) == 1

    def test_a_message_nobody_sent_there(self) -> None:
        found = [
            ("a@x", self.READ),
            ("b@x", self.READ),
            ("c@x", self.READ),
            ("a@x", b"Subject: z\r\n"),
        ]
        assert len(self.ledger().judge(found).strange) == 2
