"""Rules as values: what they test, what they do, in which order and for whom."""

from __future__ import annotations

from dataclasses import dataclass, field

from bitrixmail.model.work import Value


@dataclass(frozen=True, slots=True)
class Test:
    """One comparison. Positive operators want any of `value`, negative ones none of them.

    `field` is a name of the rule language (`subject`, `header:X-Spam`); `exact` compares case too.
    `lists` names files with more values, one a line.
    """

    __test__ = False  # not a test case of pytest's

    field: str
    op: str
    value: tuple[str, ...] = ()
    exact: bool = False
    lists: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class All:
    """True if every part is; without parts always."""

    parts: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class AnyOf:
    """True if at least one part is."""

    parts: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Not:
    """True if its part is not."""

    part: Condition


Condition = Test | All | AnyOf | Not


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do; `argument` is the folder, flag, tag or text that `do` needs, or empty.

    `settings` are the further keys of what is done outside, see rules.outside, in their order.
    """

    do: str
    argument: str = ""
    settings: tuple[tuple[str, Value], ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule. With neither `domain` nor `mailbox` it is global. `on`: receive, manual, schedule.

    `schedule` is the cron expression of a rule that runs by the clock; rules of one `group` are
    switched off together.
    """

    name: str
    condition: Condition
    actions: tuple[Action, ...]
    order: int = 500
    on: frozenset[str] = frozenset({"receive", "manual"})
    stop: bool = False
    active: bool = True
    domain: str = ""
    mailbox: str = ""
    description: str = ""
    group: str = ""
    schedule: str = ""


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All rules of the server under one version number; version 0 is the empty set.

    `groups_off`: the groups that are switched off; their rules are not asked.
    """

    version: int = 0
    rules: tuple[Rule, ...] = field(default=())
    groups_off: frozenset[str] = frozenset()
