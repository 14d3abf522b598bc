"""What is known of a rule set besides its rules: its history, and how its rules fare."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """One stored version of the rule set; `count` is how many rules it has."""

    version: int
    stored: datetime
    author: str
    comment: str
    count: int


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How often rules of one name have matched a message as it came in, and when last."""

    matched: int
    last: datetime
