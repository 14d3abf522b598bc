"""The client's own book: every attempt, every 250; and the judgement of what was found later."""

from __future__ import annotations

import hashlib
import re
import threading
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.crash.letters import Letter, attempt_of

# What a server may put before a content: whole trace fields (RFC 5321 §4.4), nothing else.
TRACE_FIELDS = re.compile(
    rb"((Return-Path|Delivered-To|Received):[^\r\n]*\r\n([ \t][^\r\n]*\r\n)*)*"
)


@dataclass
class Verdict:
    """What the books say: each list names attempts with their recipients."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)
    kept: int = 0
    kept_unacknowledged: int = 0

    @property
    def clean(self) -> bool:
        return not (self.lost or self.doubled or self.damaged or self.strange)


class Ledger:
    """Notes attempts and acknowledgements from many threads. Made by a campaign or a test."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._attempts: dict[str, Letter] = {}
        self._acknowledged: set[str] = set()

    def begin(self, letter: Letter) -> None:
        """Note that a letter is about to be sent; its id must be new."""
        with self._lock:
            if letter.attempt in self._attempts:
                raise ValueError(f"attempt {letter.attempt} was made before")
            self._attempts[letter.attempt] = letter

    def acknowledge(self, attempt: str) -> None:
        """Note that the server has said 250 to the content."""
        with self._lock:
            self._acknowledged.add(attempt)

    @property
    def attempts(self) -> int:
        return len(self._attempts)

    @property
    def acknowledged(self) -> int:
        return len(self._acknowledged)

    def acknowledged_where(self, *, chunked: bool | None = None, large: bool | None = None) -> int:
        """Count the acknowledged letters of a kind."""
        letters = [self._attempts[attempt] for attempt in self._acknowledged]
        return sum(
            1
            for letter in letters
            if chunked in (None, letter.chunked) and large in (None, letter.large)
        )

    def judge(self, found: Iterable[tuple[str, bytes]]) -> Verdict:
        """Compare with what readers found, as pairs of mailbox address and message.

        A letter is owed once to each of its recipients if it was acknowledged, else at most once.
        """
        verdict = Verdict()
        seen: dict[str, Counter[str]] = defaultdict(Counter)
        for mailbox, message in found:
            verdict.kept += 1
            try:
                attempt, before, content = attempt_of(message)
            except ValueError:
                verdict.strange.append(f"{mailbox}: a message without a mark")
                continue
            letter = self._attempts.get(attempt)
            if letter is None or mailbox not in letter.recipients:
                verdict.strange.append(f"{attempt} in {mailbox}: never sent there")
                continue
            seen[attempt][mailbox] += 1
            if hashlib.sha256(content).hexdigest() != letter.digest:
                verdict.damaged.append(f"{attempt} in {mailbox}: content differs")
            elif not TRACE_FIELDS.fullmatch(before):
                verdict.damaged.append(f"{attempt} in {mailbox}: not only trace fields before it")
        self._settle(seen, verdict)
        return verdict

    def _settle(self, seen: dict[str, Counter[str]], verdict: Verdict) -> None:
        for attempt, letter in self._attempts.items():
            acknowledged = attempt in self._acknowledged
            for recipient in letter.recipients:
                times = seen[attempt][recipient] if attempt in seen else 0
                if times > 1:
                    verdict.doubled.append(f"{attempt} in {recipient}: {times} times")
                elif times == 0 and acknowledged:
                    verdict.lost.append(f"{attempt} for {recipient}")
                elif times == 1 and not acknowledged:
                    verdict.kept_unacknowledged += 1
