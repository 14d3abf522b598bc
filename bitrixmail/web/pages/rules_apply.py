"""Rules applied to stored messages: looked at first, carried out meanwhile, taken back."""

from __future__ import annotations

from collections.abc import Iterator

from bitrixmail.admin.office import Office
from bitrixmail.admin.rule_runs import MANUAL, Wish
from bitrixmail.admin.trace_words import told_action
from bitrixmail.model.errors import InputError
from bitrixmail.model.user import Right
from bitrixmail.web.pages.rules_history import number_of
from bitrixmail.web.pages.whose import mailbox_names
from bitrixmail.web.visit import Page, Redirect, Reply, Route, Visit
from bitrixmail.web.words import _

_RUNS = 30
_MOST_NAMES = 500
_TASK = "/rules/apply/{}"


class RuleApplyPages:
    """Made by the site map, lives as long as it."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> Iterator[Route]:
        """Yield them."""
        yield Route("GET", "/rules/apply", self.form)
        yield Route("POST", "/rules/apply", self.look, Right.MANAGE)
        yield Route("GET", "/rules/apply/<number>", self.task)
        yield Route("POST", "/rules/apply/<number>", self.begin, Right.MANAGE)
        yield Route("POST", "/rules/runs/resume", self.resume, Right.MANAGE)
        yield Route("POST", "/rules/runs/undo", self.undo, Right.MANAGE)

    async def form(self, visit: Visit) -> Reply:
        """Ask which rules and messages, and list the runs there were."""
        return await self._form(visit, Wish(), [])

    async def _form(self, visit: Visit, wish: Wish, faults: list[object]) -> Reply:
        rules = await self._office.rules.current()
        context = {
            "wish": wish,
            "faults": {"": faults} if faults else {},
            "names": [
                rule.name
                for rule in rules.rules
                if MANUAL in rule.on and rule.active and rule.group not in rules.groups_off
            ][:_MOST_NAMES],
            "mailboxes": await mailbox_names(self._office),
            "runs": await self._office.runs.listed(_RUNS),
            "tasks": [task for task in self._office.applying.listed() if not task.ended],
            "may_manage": visit.may(Right.MANAGE),
        }
        return Page("rules_apply.html", context, 400 if faults else 200)

    async def look(self, visit: Visit) -> Reply:
        """Begin to look at what would change."""
        wish = Wish(
            rules=tuple(name for name in visit.all_given("rule") if name),
            mailbox=visit.given("mailbox"),
            folder=visit.given("folder"),
            since=visit.given("since"),
            outside=visit.given("outside") == "yes",
        )
        try:
            task = await self._office.applying.look(wish)
        except InputError as error:
            return await self._form(visit, wish, list(error.faults))
        return Redirect(_TASK.format(task.number))

    async def task(self, visit: Visit, number: str) -> Reply:
        """Show how far a look, a run or an undo is, and what it found."""
        task = self._office.applying.find(number_of(number) or 0)
        counts = task.preview.counts if task.preview is not None else None
        context = {
            "task": task,
            "counts": counts,
            "actions": [
                (rule, told_action(action, visit.language), count)
                for (rule, action), count in sorted(counts.actions.items() if counts else ())
            ][:_MOST_NAMES],
            "may_manage": visit.may(Right.MANAGE),
        }
        return Page("rules_task.html", context)

    async def begin(self, visit: Visit, number: str) -> Reply:
        """Carry out what was looked at."""
        task = await self._office.applying.begin(number_of(number) or 0, visit.user)
        await self._record(visit, "rules.apply", task.run)
        return Redirect(_TASK.format(task.number))

    async def resume(self, visit: Visit) -> Reply:
        """Go on with a run that was interrupted."""
        task = await self._office.applying.resume(number_of(visit.given("run")) or 0)
        await self._record(visit, "rules.resume", task.run)
        return Redirect(_TASK.format(task.number))

    async def undo(self, visit: Visit) -> Reply:
        """Take back what a run has changed."""
        task = await self._office.applying.take_back(number_of(visit.given("run")) or 0)
        await self._record(visit, "rules.takeback", task.run)
        return Redirect(_TASK.format(task.number), _("What people changed since then stays."))

    async def _record(self, visit: Visit, what: str, run: int) -> None:
        await self._office.users.record(visit.user, what, f"run {run}", "", visit.peer)
