from __future__ import annotations

from collections import Counter

import pytest
from twisted.internet.task import Clock

from bitrixmail.link import refusal_lines
from bitrixmail.link.refusal_lines import LINES_A_SECOND, PEERS_NAMED, RefusalLines
from bitrixmail.model.reply import TOO_MANY_CONNECTIONS
from bitrixmail.pipeline.admission import TOO_FAST
from tests.fakes.gate import RecordingMailLog


class Lines:
    """What is written, and a clock."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.maillog = RecordingMailLog()
        self.lines = RefusalLines(self.maillog, self.clock)

    def refuse(self, address: str = "192.0.2.1", times: int = 1) -> None:
        for _ in range(times):
            self.lines.write(address, str(TOO_FAST), session_id="s-1")

    def written(self) -> list[dict[str, object]]:
        lines, self.maillog.lines = self.maillog.lines, []
        assert all(transition == "refused" for transition, _ in lines)
        return [fields for _, fields in lines]


def test_each_refusal_has_its_line() -> None:
    lines = Lines()
    for _ in range(3):
        lines.refuse(times=LINES_A_SECOND)
        lines.clock.advance(1)
    written = lines.written()
    assert len(written) == 3 * LINES_A_SECOND
    assert written[0] == {"session_id": "s-1", "peer": "192.0.2.1", "reply": str(TOO_FAST)}
    assert not lines.clock.getDelayedCalls()


def test_a_flood_is_summed_up_by_peer_and_reply() -> None:
    lines = Lines()
    lines.refuse(times=LINES_A_SECOND)
    lines.written()
    lines.refuse("192.0.2.1", 1000)
    lines.refuse("192.0.2.2", 7)
    lines.lines.write("192.0.2.1", str(TOO_MANY_CONNECTIONS), session_id="s-1")
    assert lines.written() == []
    lines.clock.advance(1)
    assert lines.written() == [
        {"peer": "192.0.2.1", "reply": str(TOO_FAST), "count": 1000},
        {"peer": "192.0.2.2", "reply": str(TOO_FAST), "count": 7},
        {"peer": "192.0.2.1", "reply": str(TOO_MANY_CONNECTIONS), "count": 1},
    ]
    assert not lines.clock.getDelayedCalls()
    lines.clock.advance(1)
    lines.refuse()
    assert "session_id" in lines.written()[0]


def test_a_flood_from_everywhere_costs_few_lines_and_loses_no_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(refusal_lines, "PEERS_COUNTED", 100)
    lines = Lines()
    counts: Counter[str] = Counter()
    for second in range(5):
        for number in range(500):
            lines.refuse(f"198.51.{second}.{number % 250}")
            counts["refused"] += 1
        assert len(lines.lines._summed) <= 100
        lines.clock.advance(1)
        written = lines.written()
        assert len(written) <= LINES_A_SECOND + PEERS_NAMED + 1
        counts["told"] += sum(int(str(fields.get("count", 1))) for fields in written)
    assert counts["told"] == counts["refused"]
    assert not lines.clock.getDelayedCalls()
