"""The rules: read, put with a look beforehand, tried on a message, their versions and groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field

from bitrixmail.admin.office import Office
from bitrixmail.admin.rule_book import Group, Logged
from bitrixmail.admin.rules import RuleChanges
from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.plan import Trace
from bitrixmail.model.rule import RuleSet
from bitrixmail.model.user import Right
from bitrixmail.rules.difference import Difference
from bitrixmail.rules.lint import Finding
from bitrixmail.rules.syntax import dump_rules, rules_from_data, rules_to_data
from bitrixmail.web.api.operation import EXACT, Call, Operation, Paged, Raw, Text
from bitrixmail.web.api.paging import falling

_MOST_OCTETS = 8 * 1024 * 1024
_MOST_MESSAGE = 32 * 1024 * 1024
_MOST_VERSIONS = 1000
Version = Annotated[int, Field(ge=0, lt=2**31)]


@dataclass(frozen=True, slots=True)
class RulesShown:
    """The rules in force; each of `rule` has the keys that it has in a file, see docs/rules.md."""

    version: int
    groups_off: tuple[str, ...]
    rule: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesGiven:
    """Rules to be put into force, with the keys that they have in a file."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT
    rule: tuple[dict[str, Any], ...]
    groups_off: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HowPut:
    """How rules are put. `preview`: only tell what would change. `keep`: those not named stay.

    `comment` stands in the list of versions.
    """

    __pydantic_config__: ClassVar[ConfigDict] = EXACT
    preview: bool = False
    keep: bool = False
    comment: Text = ""


@dataclass(frozen=True, slots=True)
class Changes:
    """What was changed, or would be, by names of rules; `notes` are no faults."""

    version: int
    preview: bool
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    groups_off: tuple[str, ...]
    groups_on: tuple[str, ...]
    notes: tuple[Fault, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A message to be tried: a stored one (`id`) or its text, for a mailbox.

    `sender` and `recipient` are of its envelope, `at` when it comes ("2026-03-01 09:00"). `draft`:
    a rule, with the keys that it has in a file, that is asked too; in the place of the one of its
    name, or of `instead`.
    """

    __pydantic_config__: ClassVar[ConfigDict] = EXACT
    mailbox: Text
    id: Text = ""
    message: Annotated[str, Field(max_length=_MOST_MESSAGE)] = ""
    sender: Text | None = None
    recipient: Text | None = None
    at: Text | None = None
    draft: dict[str, Any] | None = None
    instead: Text = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules would do with it, and the path by which they come to that."""

    disposition: str
    folder: str
    copies: tuple[str, ...]
    flags: tuple[str, ...]
    tags: tuple[str, ...]
    text: str
    trace: Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """Which versions are compared; left out: the one in force with the one before."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT
    old: Version | None = None
    new: Version | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackTo:
    """Which version; left out: the one before."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT
    to: Version | None = None


@dataclass(frozen=True, slots=True)
class WentBack:
    """What an undo has done: `version` is in force now, with the rules of `restored`."""

    version: int
    restored: int
    changes: Difference | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """Whether a group of rules is asked."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT
    on: bool


@dataclass(frozen=True, slots=True)
class Matched:
    """How often rules of one name have matched a message as it came in, and when last."""

    rule: str
    matched: int
    last: datetime


class RulesOperations:
    """Made by the contents, lives as long as they."""

    def __init__(self, office: Office) -> None:
        self._rules = office.rules
        self._book = office.rule_book
        self._editing = office.rule_editing

    def operations(self) -> Iterator[Operation]:
        """Yield them."""
        see, manage = Right.SEE, Right.MANAGE
        toml = "application/toml"
        yield Operation("GET", "/rules", self.show, see, RulesShown)
        yield Operation(
            "PUT", "/rules", self.put, manage, Changes, HowPut, RulesGiven,
            most_octets=_MOST_OCTETS,
        )  # fmt: skip
        yield Operation("GET", "/rules/file", self.file, see, str, gives=toml)
        yield Operation(
            "PUT", "/rules/file", self.put_file, manage, Changes, HowPut, bytes, reads=toml,
            most_octets=_MOST_OCTETS,
        )  # fmt: skip
        yield Operation(
            "POST", "/rules/test", self.test, see, Verdict, None, Trial, most_octets=_MOST_MESSAGE
        )
        yield Operation(
            "GET", "/rules/versions", self.versions, see, Logged, Paged, listed=True,
            key=lambda each: falling(each.version.version),
        )  # fmt: skip
        yield Operation("GET", "/rules/difference", self.difference, see, Difference, Between)
        yield Operation("POST", "/rules/undo", self.undo, manage, WentBack, None, BackTo)
        yield Operation("GET", "/rules/findings", self.lint, see, tuple[Finding, ...])
        yield Operation(
            "GET", "/rules/counts", self.counts, see, Matched, Paged, listed=True,
            key=lambda each: each.rule,
        )  # fmt: skip
        yield Operation(
            "GET", "/rules/groups", self.groups, see, Group, Paged, listed=True,
            key=lambda each: each.name,
        )  # fmt: skip
        yield Operation("PUT", "/rules/groups/{name}", self.switch, manage, None, None, Switch)

    async def show(self, call: Call) -> RulesShown:  # noqa: ARG002 - as all are called
        """Give the rules in force."""
        rules = await self._rules.current()
        data = rules_to_data(rules)
        return RulesShown(
            rules.version, tuple(sorted(rules.groups_off)), tuple(data.get("rule", ()))
        )

    async def file(self, call: Call) -> Raw:  # noqa: ARG002 - as all are called
        """Give the rules in force as a file."""
        return Raw((await self._rules.export()).encode(), "application/toml; charset=utf-8")

    async def put(self, call: Call) -> Changes:
        """Put rules into force in place of those there are.

        If anything is wrong with them nothing changes, and every fault is told.
        """
        body: RulesGiven = call.body
        data: Mapping[str, Any] = {"rule": list(body.rule), "groups_off": list(body.groups_off)}
        return await self._put(call, dump_rules(rules_from_data(data, "body")))

    async def put_file(self, call: Call) -> Changes:
        """Put the rules of a file into force in place of those there are."""
        try:
            text = call.body.decode("utf-8")
        except UnicodeDecodeError as error:
            raise InputError(Fault("body", f"is no UTF-8: octet {error.start}")) from None
        return await self._put(call, text)

    async def _put(self, call: Call, text: str) -> Changes:
        how: HowPut = call.query
        changes = await self._rules.look_text(text, "body", keep=how.keep)
        if not how.preview:
            changes = await self._rules.put(changes, call.caller.name, how.comment or "by the API")
            if changes.any:
                await call.record("rules.put", f"version {changes.rules.version}", how.comment)
        return told_changes(changes, preview=how.preview)

    async def test(self, call: Call) -> Verdict:
        """Try the rules on a message; nothing is stored or done."""
        body: Trial = call.body
        if bool(body.id) == bool(body.message):
            raise InputError(Fault("body", "must have either id or message", "give one of them"))
        given: dict[str, Any] = {
            "sender": body.sender,
            "recipient": body.recipient,
            "at": body.at,
            "rules": await self._with_draft(body),
        }
        if body.id:
            plan = await self._rules.test_stored(body.id, body.mailbox, **given)
        else:
            octets = body.message.encode("utf-8", "replace")
            plan = await self._rules.test_file(octets, body.mailbox, **given)
        return Verdict(
            plan.disposition.value,
            plan.folder,
            plan.copies,
            tuple(sorted(plan.flags)),
            tuple(sorted(plan.tags)),
            plan.text,
            plan.trace,
        )

    async def _with_draft(self, body: Trial) -> RuleSet | None:
        """Return the rules in force with the draft among them; None without one."""
        if body.draft is None:
            return None
        (rule,) = rules_from_data({"rule": [body.draft]}, "body.draft").rules
        current = await self._rules.current()
        known = any(each.name == rule.name for each in current.rules)
        return await self._editing.with_draft(rule, body.instead or (rule.name if known else ""))

    async def versions(self, call: Call) -> tuple[Logged, ...]:  # noqa: ARG002 - as all are called
        """List the versions of the rules, newest first, and what each changed."""
        return await self._book.log(_MOST_VERSIONS)

    async def difference(self, call: Call) -> Difference:
        """Compare two versions."""
        return (await self._book.diff(call.query.old, call.query.new)).changes

    async def undo(self, call: Call) -> WentBack:
        """Put an older version into force again, as a new one."""
        undone = await self._book.undo(call.body.to, call.caller.name)
        await call.record("rules.undo", f"version {undone.restored}")
        return WentBack(undone.rules.version, undone.restored, undone.changes)

    async def lint(self, call: Call) -> tuple[Finding, ...]:  # noqa: ARG002 - as all are called
        """Look through the rules for what is well written and yet wrong."""
        return await self._book.lint()

    async def counts(self, call: Call) -> tuple[Matched, ...]:  # noqa: ARG002 - as all are called
        """Tell how often each rule has matched."""
        found = await self._book.counts()
        return tuple(Matched(name, each.matched, each.last) for name, each in sorted(found.items()))

    async def groups(self, call: Call) -> tuple[Group, ...]:  # noqa: ARG002 - as all are called
        """List the groups of rules."""
        return await self._book.groups()

    async def switch(self, call: Call) -> None:
        """Switch a group of rules on or off."""
        name = call.parts["name"]
        changed = await self._book.switch(name, on=call.body.on, author=call.caller.name)
        if changed is not None:
            await call.record("rules.group", name, "on" if call.body.on else "off")


def told_changes(changes: RuleChanges, *, preview: bool = False) -> Changes:
    """Return what a use case has changed as it is answered."""
    return Changes(
        changes.rules.version,
        preview,
        changes.added,
        changes.changed,
        changes.removed,
        changes.groups_off,
        changes.groups_on,
        changes.notes,
    )
