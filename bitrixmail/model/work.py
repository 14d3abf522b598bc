"""What a rule wants done outside, and the order to do it that a job carries."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bitrixmail.model.job import Kind

# A setting of an action: a text, a number, a switch, a list of texts, or a table of them
Value = str | int | bool | tuple[str, ...] | tuple[tuple[str, str], ...]

# Which courier does what
KIND_OF = {
    "forward": Kind.MAIL,
    "redirect": Kind.MAIL,
    "reply": Kind.MAIL,
    "notify": Kind.MAIL,
    "webhook": Kind.WEBHOOK,
    "bitrix24": Kind.BITRIX24,
    "ticket": Kind.TICKET,
    "command": Kind.COMMAND,
    "python": Kind.PYTHON,
    "spam": Kind.LEARN,
    "not_spam": Kind.LEARN,
}

KINDS = frozenset(KIND_OF.values())
"""The kinds of jobs that rules want done; see Order for what each carries."""
# Of these each waits for the one before it, of the same mailbox and to the same place: what is
# told to others has an order. Elsewhere one that fails shall not hold the next ones up.
IN_ORDER = frozenset({Kind.MAIL, Kind.WEBHOOK, Kind.BITRIX24, Kind.TICKET})


@dataclass(frozen=True, slots=True)
class Work:
    """One action of one rule that has an effect outside. Made as its rule is compiled.

    `own`: it is a rule of one mailbox; others' work is done once for a message, however many
    mailboxes get it. `number` tells the actions of a rule apart. `reach` names what must be
    reachable for it (a host, a command), empty if nothing has to be.
    """

    do: str
    rule: str
    number: int
    own: bool
    argument: str = ""
    settings: tuple[tuple[str, Value], ...] = ()
    reach: str = ""

    @property
    def kind(self) -> Kind:
        """Which courier does it."""
        return KIND_OF[self.do]


@dataclass(frozen=True, slots=True)
class Order:
    """What a courier is told of one piece of work, as the payload of its job.

    `mailbox` is the one for which the rule was asked, `recipient` the address that led there,
    `folder`, `flags` and `tags` what the rules made of the message there. `settings` are those of
    the action, tables and lists as JSON has them. `discarded`: no mailbox keeps the message.
    `verdict` is the spam score and the mark, if there is one; `checks` what each check found.
    """

    do: str
    rule: str
    mailbox: str
    recipient: str
    folder: str
    argument: str = ""
    flags: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    settings: Mapping[str, Any] | None = None
    discarded: bool = False
    verdict: Mapping[str, Any] | None = None
    checks: tuple[Mapping[str, Any], ...] = ()

    def to_json(self) -> str:
        """Write what is given."""
        found = {name: value for name in _FIELDS if (value := getattr(self, name))}
        return json.dumps(found, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Order:
        """Read what `to_json` wrote."""
        found = json.loads(text)
        for name in ("flags", "tags", "checks"):
            found[name] = tuple(found.get(name, ()))
        found.setdefault("discarded", False)
        return cls(
            **{name: found.get(name, "") for name in _FIELDS[:6]},
            **{name: found.get(name) for name in _FIELDS[6:]},
        )


_FIELDS = (
    "do", "rule", "mailbox", "recipient", "folder", "argument", "flags", "tags", "settings",
    "discarded", "verdict", "checks",
)  # fmt: skip


def plain(settings: tuple[tuple[str, Value], ...]) -> dict[str, Any]:
    """Return settings as JSON or a file has them."""
    return {
        name: dict(value)
        if isinstance(value, tuple) and value and isinstance(value[0], tuple)
        else list(value)
        if isinstance(value, tuple)
        else value
        for name, value in settings
    }
