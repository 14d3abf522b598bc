"""What the rules decided for one mailbox, and the path by which they came to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from bitrixmail.model.testimony import Testimony
from bitrixmail.model.work import Work


class Disposition(StrEnum):
    """How a plan ends."""

    KEEP = "keep"
    DISCARD = "discard"
    REJECT = "reject"
    QUARANTINE = "quarantine"


@dataclass(frozen=True, slots=True)
class TestResult:
    """One condition as it was judged. `seen` is the text it looked at, printable and cut.

    `value` and `lists` are what it was compared with, see model.rule.Test.
    """

    __test__ = False  # not a test case of pytest's

    field: str
    op: str
    value: tuple[str, ...]
    seen: str
    matched: bool
    lists: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleStep:
    """One evaluated rule. `fault` says why it was skipped, if it was."""

    rule: str
    matched: bool
    tests: tuple[TestResult, ...] = ()
    actions: tuple[str, ...] = ()
    fault: str = ""


class Skimmed(NamedTuple):  # made for each filing, in a third of a dataclass's time
    """Which rules were asked, of whom most could be told beforehand not to match.

    `asked` is how many there were, in the order for `mailbox` and `occasion`; `places` are those of
    the trace's steps among them. `seen` holds by field what the others looked at.
    """

    mailbox: str
    domain: str
    occasion: str
    asked: int
    places: tuple[int, ...] = ()
    seen: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Trace:
    """The path of a message through the rules, for one mailbox. `note`: a bug's traceback.

    With `skimmed` it is the short form that is kept: without the steps of rules that could not
    match. The rule set of its version knows those, see `CompiledRules.whole`.
    """

    rule_set_version: int = 0
    steps: tuple[RuleStep, ...] = ()
    result: str = ""
    elapsed_us: int = 0
    note: str = ""
    skimmed: Skimmed | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The decision for one mailbox. `text` is the rule's own words for a rejection.

    `work` is what is to be done outside; none of what is rejected or put into quarantine. `said` is
    what checks found before.
    """

    disposition: Disposition = Disposition.KEEP
    folder: str = "INBOX"
    copies: tuple[str, ...] = ()
    flags: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    text: str = ""
    trace: Trace = field(default_factory=Trace)
    work: tuple[Work, ...] = ()
    said: tuple[Testimony, ...] = ()
