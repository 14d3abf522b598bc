"""The judgement: what readers found, held against the ledger."""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from typing import Any, Self

from tests.crash.ledger import Attempt, Ledger
from tests.crash.letters import attempt_of

# What a server may put before a content: whole trace fields (RFC 5321 §4.4), nothing else.
TRACE_FIELDS = re.compile(
    rb"((Return-Path|Delivered-To|Received):[^\r\n]*\r\n([ \t][^\r\n]*\r\n)*)*"
)


@dataclass
class Verdict:
    """What the books say: lists name attempts with their mailboxes, numbers count copies."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    misfiled: list[str] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)
    kept: int = 0
    kept_unacknowledged: int = 0

    @property
    def clean(self) -> bool:
        return not any(getattr(self, name) for name in FAULTS)

    def add(self, other: Self | dict[str, Any]) -> None:
        """Add another verdict's findings to these."""
        values = other if isinstance(other, dict) else vars(other)
        for name in (found.name for found in fields(self)):
            setattr(self, name, getattr(self, name) + values[name])


FAULTS = ("lost", "doubled", "damaged", "misfiled", "strange", "cut")


@dataclass(frozen=True)
class Found:
    """A message as a reader got it, and where."""

    mailbox: str
    folder: str
    octets: bytes


def _nobody(_attempt: str) -> Attempt | str:
    return "never sent"


def judge(
    ledger: Ledger,
    found: Iterable[Found],
    unknown: Callable[[str], Attempt | str] = _nobody,
) -> Verdict:
    """Compare. A letter is owed once to each of its recipients if acknowledged, else at most once.

    `unknown` is asked about attempts that the ledger does not have: it returns one after all, or
    a word on what is wrong with it.
    """
    verdict = Verdict(cut=sorted(ledger.cut))
    attempts = dict(ledger.attempts)
    seen: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for message in found:
        verdict.kept += 1
        try:
            attempt, before, content = attempt_of(message.octets)
        except ValueError:
            verdict.strange.append(f"{message.mailbox}: a message without a mark")
            continue
        letter = attempts.get(attempt) or unknown(attempt)
        where = f"{attempt} in {message.mailbox}"
        if isinstance(letter, str):
            kind = verdict.doubled if letter == SETTLED else verdict.strange
            kind.append(f"{where}: {letter}")
            continue
        attempts[attempt] = letter
        if message.mailbox not in letter.recipients:
            verdict.strange.append(f"{where}: never sent there")
            continue
        seen[attempt][message.mailbox] += 1
        if hashlib.sha256(content).hexdigest() != letter.digest:
            verdict.damaged.append(f"{where}: content differs")
        elif not TRACE_FIELDS.fullmatch(before):
            verdict.damaged.append(f"{where}: not only trace fields before it")
        if message.folder != letter.folder:
            verdict.misfiled.append(f"{where}: {message.folder}, not {letter.folder}")
    _settle(attempts, ledger.acknowledged, seen, verdict)
    return verdict


SETTLED = "judged and removed before, and here again"


def _settle(
    attempts: dict[str, Attempt],
    acknowledged: set[str],
    seen: dict[str, Counter[str]],
    verdict: Verdict,
) -> None:
    for attempt, letter in attempts.items():
        owed = attempt in acknowledged
        for recipient in letter.recipients:
            times = seen[attempt][recipient] if attempt in seen else 0
            if times > 1:
                verdict.doubled.append(f"{attempt} in {recipient}: {times} times")
            elif times == 0 and owed:
                verdict.lost.append(f"{attempt} for {recipient}")
            elif times == 1 and not owed:
                verdict.kept_unacknowledged += 1
