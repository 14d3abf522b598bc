"""Rules one by one: listed in their order, put, removed, switched and moved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field

from bitrixmail.admin.office import Office
from bitrixmail.admin.rule_editing import Listed
from bitrixmail.admin.rules import RuleChanges
from bitrixmail.model.errors import Fault, InputError, NotFoundError
from bitrixmail.model.rule import Rule
from bitrixmail.model.user import Right
from bitrixmail.rules.sentences import sentence
from bitrixmail.rules.syntax import rule_to_data, rules_from_data
from bitrixmail.web.api.operation import EXACT, Call, Operation, Paged, Sliced
from bitrixmail.web.api.operations.rules import Changes, Switch, told_changes
from bitrixmail.web.api.paging import key_in


@dataclass(frozen=True, slots=True)
class RuleListed:
    """A rule where it is asked: the `place`-th `of` those for the same mailbox, domain, or all.

    `rule` has the keys that it has in a file, `sentence` says the same in words. `off`: its group
    is switched off. `last` is when it matched last.
    """

    rule: dict[str, Any]
    sentence: str
    whose: str
    place: int
    of: int
    off: bool
    matched: int
    last: datetime | None


@dataclass(frozen=True, slots=True)
class RuleTold:
    """A rule with the keys that it has in a file, and in words."""

    rule: dict[str, Any]
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePut:
    """A rule with the keys that it has in a file; another name in it renames the rule."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT
    rule: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePlace:
    """At which place of its scope it is asked, from 1 on."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT
    place: Annotated[int, Field(ge=1, le=10_000)]


class RuleEditingOperations:
    """Made by the contents, lives as long as they."""

    def __init__(self, office: Office) -> None:
        self._editing = office.rule_editing

    def operations(self) -> Iterator[Operation]:
        """Yield them. A name may have slashes, so what follows it is always a POST."""
        see, manage = Right.SEE, Right.MANAGE
        yield Operation("GET", "/rules/each", self.listing, see, RuleListed, Paged, listed=True)
        one = "/rules/each/{name}"
        yield Operation("GET", one, self.find, see, RuleTold, slashes=True)
        yield Operation("PUT", one, self.put_one, manage, Changes, None, RulePut, slashes=True)
        yield Operation("DELETE", one, self.remove, manage, Changes, slashes=True)
        yield Operation(
            "POST", f"{one}/switch", self.switch_one, manage, Changes, None, Switch, slashes=True
        )
        yield Operation(
            "POST", f"{one}/move", self.move, manage, Changes, None, RulePlace, slashes=True
        )

    async def listing(self, call: Call) -> Sliced:
        """List the rules in the order in which they are asked, with how often each matched.

        A cursor ends with the rule that it stands behind.
        """
        query: Paged = call.query
        found = await self._editing.listing()
        after, start = key_in(query.cursor), 0
        if after:
            names = [each.rule.name for each in found]
            if after not in names:  # any may have come to stand anywhere
                raise InputError(Fault("query.cursor", "its rule is gone", "begin without one"))
            start = names.index(after) + 1
        items = tuple(map(_listed, found[start : start + query.limit]))
        more = len(found) > start + query.limit
        return Sliced(items, str(items[-1].rule["name"]) if more else None)

    async def find(self, call: Call) -> RuleTold:
        """Tell of a rule."""
        rule = await self._editing.find(call.parts["name"])
        return RuleTold(rule_to_data(rule), sentence(rule, "en"))

    async def put_one(self, call: Call) -> Changes:
        """Put a rule in the place of the one of that name, or behind all where there is none."""
        name = call.parts["name"]
        rule = _read(call.body.rule, name)
        try:
            await self._editing.find(name)
            instead = name
        except NotFoundError:
            instead = ""
        changes = await self._editing.put(rule, instead, call.caller.name)
        await self._record(call, "rule.edit" if instead else "rule.new", rule.name, changes)
        return told_changes(changes)

    async def remove(self, call: Call) -> Changes:
        """Remove a rule; undo brings it back."""
        name = call.parts["name"]
        changes = await self._editing.remove(name, call.caller.name)
        await self._record(call, "rule.remove", name, changes)
        return told_changes(changes)

    async def switch_one(self, call: Call) -> Changes:
        """Switch a rule on or off."""
        name, on = call.parts["name"], call.body.on
        changes = await self._editing.switch(name, call.caller.name, on=on)
        await self._record(call, "rule.on" if on else "rule.off", name, changes)
        return told_changes(changes)

    async def move(self, call: Call) -> Changes:
        """Have a rule asked at another place of its scope; beyond the last is the last."""
        name = call.parts["name"]
        changes = await self._editing.move(name, call.body.place, call.caller.name)
        await self._record(call, "rule.move", name, changes)
        return told_changes(changes)

    async def _record(self, call: Call, what: str, name: str, changes: RuleChanges) -> None:
        detail = f"version {changes.rules.version}" if changes.any else "nothing changed"
        await call.record(what, name, detail)


def _read(data: dict[str, Any], name: str) -> Rule:
    """Read a rule. Raises InputError with every fault."""
    found = rules_from_data({"rule": [{"name": name, **data}]}, "body")
    if len(found.rules) != 1:
        raise InputError(Fault("body.rule", "is no rule", "see docs/rules.md"))
    return found.rules[0]


def _listed(each: Listed) -> RuleListed:
    return RuleListed(
        rule=rule_to_data(each.rule),
        sentence=sentence(each.rule, "en"),
        whose=each.whose,
        place=each.place,
        of=each.of,
        off=each.off,
        matched=0 if each.count is None else each.count.matched,
        last=None if each.count is None else each.count.last,
    )
