"""Rules applied to stored messages: looked at first, carried out meanwhile, taken back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from bitrixmail.admin.applying import Task
from bitrixmail.admin.office import Office
from bitrixmail.admin.rule_runs import MAX_LISTED, Wish
from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.rule_run import RuleRun
from bitrixmail.model.user import Right
from bitrixmail.web.api.operation import EXACT, Call, Operation, Paged, Text
from bitrixmail.web.api.paging import falling

_MOST_DIGITS = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class RunWished:
    """Which rules, for use by hand, are applied to which messages; empty: all.

    `since` is a day or a moment, "2026-01-31". `outside`: what rules want done outside is done
    too; `again`: also what was done for a message before.
    """

    __pydantic_config__: ClassVar[ConfigDict] = EXACT
    rules: Annotated[tuple[Text, ...], Field(max_length=1000)] = ()
    mailbox: Text = ""
    folder: Text = ""
    since: Text = ""
    outside: bool = False
    again: bool = False


@dataclass(frozen=True, slots=True)
class ActionCounted:
    """How many messages an action of a rule would change."""

    rule: str
    action: str
    count: int


@dataclass(frozen=True, slots=True)
class TaskShown:
    """One thing that is done, or was: `what` is looking, applying or undoing.

    `done` of `total` messages were judged, `changed` would differ, or do. Of a look there are the
    counts by action; `rejected` are those that a rule would refuse, which is too late. `run` is
    the number of the run, 0 of a look. `fault` says why it ended early.
    """

    number: int
    what: str
    run: int
    done: int
    total: int
    changed: int
    discards: int
    rejected: int
    actions: tuple[ActionCounted, ...]
    ended: bool
    fault: str
    notes: tuple[str, ...]


class RuleRunsOperations:
    """Made by the contents, lives as long as they."""

    def __init__(self, office: Office) -> None:
        self._runs = office.runs
        self._applying = office.applying

    def operations(self) -> Iterator[Operation]:
        """Yield them."""
        see, manage = Right.SEE, Right.MANAGE
        yield Operation(
            "GET", "/rules/runs", self.runs, see, RuleRun, Paged, listed=True,
            key=lambda each: falling(each.id),
        )  # fmt: skip
        run, task = "/rules/runs/{id}", "/rules/tasks/{number}"
        yield Operation("POST", f"{run}/resume", self.resume, manage, TaskShown, status=202)
        yield Operation("POST", f"{run}/undo", self.take_back, manage, TaskShown, status=202)
        yield Operation("GET", "/rules/tasks", self.tasks, see, tuple[TaskShown, ...])
        yield Operation("POST", "/rules/tasks", self.look, manage, TaskShown, None, RunWished, 202)
        yield Operation("GET", task, self.task, see, TaskShown)
        yield Operation("POST", f"{task}/begin", self.begin, manage, TaskShown, status=202)

    async def runs(self, call: Call) -> tuple[RuleRun, ...]:  # noqa: ARG002 - as all are called
        """List the last runs, the newest first."""
        return await self._runs.listed(MAX_LISTED)

    async def tasks(self, call: Call) -> tuple[TaskShown, ...]:  # noqa: ARG002 - as all are called
        """List what is looked at, applied or taken back, and the last few that were."""
        return tuple(map(_shown, self._applying.listed()))

    async def task(self, call: Call) -> TaskShown:
        """Tell how far a look, a run or an undo is."""
        return _shown(self._applying.find(_number(call.parts["number"], "number")))

    async def look(self, call: Call) -> TaskShown:
        """Begin to look at what rules would change; nothing changes yet.

        One thing is done at a time. Once the task has ended, `begin` carries it out.
        """
        body: RunWished = call.body
        wish = Wish(
            rules=body.rules,
            mailbox=body.mailbox,
            folder=body.folder,
            since=body.since,
            outside=body.outside,
            again=body.again,
        )
        return _shown(await self._applying.look(wish))

    async def begin(self, call: Call) -> TaskShown:
        """Carry out what was looked at."""
        number = _number(call.parts["number"], "number")
        return await self._begun(
            call, await self._applying.begin(number, call.caller.name), "apply"
        )

    async def resume(self, call: Call) -> TaskShown:
        """Go on with a run that was interrupted."""
        found = await self._applying.resume(_number(call.parts["id"], "id"))
        return await self._begun(call, found, "resume")

    async def take_back(self, call: Call) -> TaskShown:
        """Take back what a run has changed; what people changed since then stays."""
        found = await self._applying.take_back(_number(call.parts["id"], "id"))
        return await self._begun(call, found, "takeback")

    async def _begun(self, call: Call, task: Task, what: str) -> TaskShown:
        await call.record(f"rules.{what}", f"run {task.run}")
        return _shown(task)


def _shown(task: Task) -> TaskShown:
    counts = None if task.preview is None else task.preview.counts
    return TaskShown(
        number=task.number,
        what=task.what,
        run=task.run,
        done=task.done,
        total=task.of,
        changed=task.changed,
        discards=0 if counts is None else counts.discards,
        rejected=0 if counts is None else counts.rejected,
        actions=()
        if counts is None
        else tuple(
            ActionCounted(rule, action, count)
            for (rule, action), count in sorted(counts.actions.items())
        ),
        ended=task.ended,
        fault=task.fault,
        notes=tuple(task.notes),
    )


def _number(text: str, where: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise InputError(Fault(where, "is no number", "take one of the list"))
    return int(text)
