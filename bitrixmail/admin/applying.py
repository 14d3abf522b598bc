"""Runs of rules carried out while nobody waits: looked at, begun, resumed and taken back.

What is under way is told at any time. One thing is done at a time; the end of the process
interrupts a run, which a person resumes then.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from twisted.internet.defer import Deferred

from bitrixmail.admin.rule_runs import Preview, RuleRuns, Wish, Work
from bitrixmail.model.errors import Fault, InputError, NotFoundError
from bitrixmail.tasks import spawn

LOOKING, APPLYING, UNDOING = "looking", "applying", "undoing"
_MOST_KEPT = 10
_MOST_NOTES = 20


@dataclass(slots=True)
class Task:
    """One thing that is done, or was. Made by `Applying`, which keeps the last few.

    `run` is the number of the run, 0 while it is only looked at. `fault` says why it ended early.
    """

    number: int
    what: str
    wish: Wish | None = None
    preview: Preview | None = None
    run: int = 0
    done: int = 0
    of: int = 0
    changed: int = 0
    ended: bool = False
    fault: str = ""
    notes: list[str] = field(default_factory=list)


class Applying:
    """The use cases. Made by who composes a face, lives as long as it."""

    def __init__(self, runs: RuleRuns) -> None:
        self._runs = runs
        self._tasks: dict[int, Task] = {}
        self._last = 0
        self._ending = False
        self._under_way: Deferred[None] | None = None

    def listed(self) -> tuple[Task, ...]:
        """List what is done and was done last, the newest first."""
        return tuple(reversed(self._tasks.values()))

    def find(self, number: int) -> Task:
        """Return what is done under a number. Raises NotFoundError once it is forgotten."""
        found = self._tasks.get(number)
        if found is None:
            raise NotFoundError(Fault(f"task {number}", "is not known any more", "begin anew"))
        return found

    async def look(self, wish: Wish) -> Task:
        """Begin to look at what rules would change. Raises InputError."""
        self._must_be_free()
        preview = await self._runs.look(wish)
        task = self._new(Task(0, LOOKING, wish, preview, of=preview.run.total))

        async def go_on() -> bool:
            more = await self._runs.look_on(preview)
            task.done, task.changed = preview.counts.judged, preview.counts.changes
            return more

        self._carry_out(task, go_on)
        return task

    async def begin(self, number: int, author: str) -> Task:
        """Carry out what was looked at. Raises InputError, NotFoundError."""
        looked = self.find(number)
        if looked.preview is None or not looked.ended or looked.fault:
            raise InputError(Fault(f"task {number}", "was not looked at to its end", "begin anew"))
        self._must_be_free()
        preview, looked.preview = looked.preview, None  # once only
        return self._applied(await self._runs.begin(preview, author))

    async def resume(self, run: int) -> Task:
        """Go on with a run that was interrupted. Raises InputError, NotFoundError."""
        self._must_be_free()
        return self._applied(await self._runs.resume(run))

    def _applied(self, work: Work) -> Task:
        task = self._new(Task(0, APPLYING, run=work.run.id, of=work.run.total, done=work.judged))

        async def go_on() -> bool:
            more = await self._runs.go_on(work)
            task.done, task.changed = work.judged, work.run.changed
            return more

        self._carry_out(task, go_on)
        return task

    async def take_back(self, run: int) -> Task:
        """Take back what a run has changed. Raises NotFoundError."""
        self._must_be_free()
        found = await self._runs.undoable(run)
        task = self._new(Task(0, UNDOING, run=run, of=found.changed))

        async def go_on() -> bool:
            taken = await self._runs.take_back(run)
            task.done += taken.count
            task.notes += taken.notes[: max(0, _MOST_NOTES - len(task.notes))]
            return taken.more

        self._carry_out(task, go_on)
        return task

    async def end(self) -> None:
        """Stop behind the page at which it is. Called as the process ends."""
        self._ending = True
        if self._under_way is not None:
            await self._under_way

    def _must_be_free(self) -> None:
        if self._under_way is not None:
            what = "others are looked at or applied just now"
            raise InputError(Fault("rules", what, "wait until that has ended"))

    def _new(self, task: Task) -> Task:
        self._last += 1
        task.number = self._last
        self._tasks[task.number] = task
        while len(self._tasks) > _MOST_KEPT:
            del self._tasks[next(iter(self._tasks))]
        return task

    def _carry_out(self, task: Task, go_on: Callable[[], Awaitable[bool]]) -> None:
        over: Deferred[None] = Deferred()
        self._under_way = over

        async def work() -> None:
            fault = "failed: the log says why"  # unless it comes to another end
            try:
                while not self._ending and await go_on():
                    pass
                fault = "interrupted" if self._ending else ""
            except InputError as error:
                fault = "; ".join(map(str, error.faults))
            finally:
                task.ended, task.fault = True, fault
                self._under_way = None
                over.callback(None)

        spawn(work(), f"rules: {task.what}")
