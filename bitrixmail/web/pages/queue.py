"""The queue: what waits, why, and what is to be done about it, one by one or in bulk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import urlencode

from bitrixmail.admin.office import Office
from bitrixmail.admin.queue import OPEN, Story, last_attempts
from bitrixmail.model.errors import Fault, InputError, NotFoundError
from bitrixmail.model.job import JobState, Kind
from bitrixmail.model.queue import Search
from bitrixmail.model.user import Right
from bitrixmail.model.way import route_name
from bitrixmail.web.visit import Download, Page, Redirect, Reply, Route, Visit
from bitrixmail.web.words import _
from bitrixmail.web.words import queue as words

PAGE = 100
_ID_DIGITS = 18
_FIELDS = ("state", "kind", "sender", "recipient", "domain", "older")
_ALL_STATES = {"": OPEN, "any": tuple(JobState)}
_AGES = {
    "5m": timedelta(minutes=5),
    "1h": timedelta(hours=1),
    "4h": timedelta(hours=4),
    "1d": timedelta(days=1),
    "3d": timedelta(days=3),
}
_SAID = {
    "retry": _("Tried at once: %(number)s."),
    "hold": _("Held: %(number)s."),
    "release": _("Released: %(number)s."),
    "bounce": _("Given up, with a notice to the sender: %(number)s."),
    "delete": _("Deleted: %(number)s."),
}
# What can't be undone is asked for anew
_ASKED = frozenset({"bounce", "delete"})


@dataclass(frozen=True, slots=True)
class Filter:
    """What is looked for, as the form has it. Unknown words count as nothing said."""

    state: str = ""
    kind: str = ""
    sender: str = ""
    recipient: str = ""
    domain: str = ""
    older: str = ""

    @property
    def given(self) -> dict[str, str]:
        """What was said, by the names of the form."""
        return {name: value for name in _FIELDS if (value := getattr(self, name))}

    @property
    def path(self) -> str:
        """The page that shows it."""
        return f"/queue?{urlencode(self.given)}" if self.given else "/queue"

    def search(self) -> Search:
        """Return it as a search, without the age. Never one without states."""
        states = _ALL_STATES.get(self.state) or (JobState(self.state),)
        return Search(
            states=states,
            kind=Kind(self.kind) if self.kind else None,
            sender=self.sender,
            recipient=self.recipient,
            domain=self.domain.lstrip("@"),
        )


def filter_of(value: Callable[[str], str]) -> Filter:
    """Read a form by what gives the value of a field; unknown words count as nothing said."""
    given = Filter(**{name: value(name).strip()[:300] for name in _FIELDS})
    known = _ALL_STATES.keys() | {state.value for state in JobState}
    return replace(
        given,
        state=given.state if given.state in known else "",
        kind=given.kind if given.kind in {kind.value for kind in Kind} else "",
        older=given.older if given.older in _AGES else "",
    )


class QueuePages:
    """Made by the site map, lives as long as it."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> Iterator[Route]:
        """Yield them."""
        yield Route("GET", "/queue", self.listing)
        yield Route("GET", "/queue/places", self.places)
        yield Route("POST", "/queue/change", self.change, Right.HANDLE)
        yield Route("GET", "/queue/job/<number>", self.show)
        yield Route("GET", "/queue/job/<number>/export", self.export)

    def _search(self, wanted: Filter) -> Search:
        search, age = wanted.search(), _AGES.get(wanted.older)
        return search if age is None else self._office.queue.older(search, age)

    async def listing(self, visit: Visit) -> Reply:
        """List jobs, the oldest first."""
        queue, wanted = self._office.queue, filter_of(visit.asked)
        search, after = self._search(wanted), _number(visit.asked("after"))
        found = await queue.listing(search, PAGE + 1, after)
        jobs, more = found[:PAGE], ""
        if len(found) > PAGE:
            more = f"/queue?{urlencode({**wanted.given, 'after': jobs[-1].id})}"
        here = f"/queue?{urlencode({**wanted.given, 'after': after})}" if after else wanted.path
        context = {
            "jobs": jobs,
            "others": last_attempts(jobs),
            "wished": queue.wished(jobs),
            "total": await queue.found(search),
            "depths": await queue.depths(),
            "wanted": wanted,
            "here": here,
            "more": more,
            "ages": _AGES,
            "words": words,
        }
        return Page("queue.html", context)

    async def places(self, visit: Visit) -> Reply:  # noqa: ARG002 - every page is handed one
        """Show what waits by destination."""
        queue = self._office.queue
        rows = [
            (bound, route_name(bound.destination), trouble,
             None if trouble is None else queue.asked_again(trouble))
            for bound, trouble in await queue.places()
        ]  # fmt: skip
        return Page("queue_places.html", {"rows": rows, "words": words})

    async def show(self, visit: Visit, number: str) -> Reply:  # noqa: ARG002 - as above
        """Show one job, and why it is where it is."""
        story = await self._story(number)
        failed = bool(story.advice)
        context = {
            "story": story,
            "job": story.job,
            "route": route_name(story.job.destination),
            "reason": words.reason_words(story.reason),
            "advice": words.advice_words(
                story.reason, action=bool(story.job.action), failed=failed
            ),
            "words": words,
        }
        return Page("queue_job.html", context)

    async def export(self, visit: Visit, number: str) -> Reply:
        """Give the message as it would be sent."""
        story = await self._story(number)
        octets = await self._office.queue.export(str(story.job.id))
        queue_id = story.job.queue_id
        await self._office.users.record(
            visit.user, "message.download", queue_id, f"job {story.job.id}", visit.peer
        )
        return Download(octets, "message/rfc822", f"{queue_id}.eml")

    async def _story(self, number: str) -> Story:
        wanted = _number(number)
        if not wanted:
            raise NotFoundError(Fault("job", "there is none of that number"))
        (story,) = await self._office.queue.show(str(wanted))
        return story

    async def change(self, visit: Visit) -> Reply:
        """Do something with the jobs that are ticked, or with all that are found."""
        operation, wanted = visit.given("do"), filter_of(visit.given)
        if operation not in _SAID:
            raise InputError(Fault("queue", "nothing was chosen", "choose what is to be done"))
        every = visit.given("scope") == "all"
        ids = tuple(filter(None, map(_number, visit.all_given("job"))))
        if not every and not ids:
            return Redirect(wanted.path, _("No job was ticked."))
        search = self._search(wanted) if every else Search(ids=ids)
        if operation in _ASKED and visit.given("sure") != "1":
            context = {
                "count": await self._office.queue.count(search, operation),
                "operation": operation,
                "ids": ids,
                "every": every,
                "wanted": wanted,
                "back": visit.given("back"),
            }
            return Page("queue_ask.html", context)
        number = await self._operation(operation)(search)
        meant = f"all of {wanted.given or 'the queue'}" if every else ", ".join(map(str, ids[:50]))
        await self._office.users.record(
            visit.user, f"queue.{operation}", meant, f"{number} changed", visit.peer
        )
        to = wanted.path
        if visit.given("back") == "job" and len(ids) == 1 and operation != "delete":
            to = f"/queue/job/{ids[0]}"
        return Redirect(to, _SAID[operation], values={"number": number})

    def _operation(self, name: str) -> Callable[[Search], Awaitable[int]]:
        queue = self._office.queue
        return {
            "retry": queue.retry,
            "hold": queue.hold,
            "release": queue.release,
            "bounce": queue.bounce,
            "delete": queue.delete,
        }[name]


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) <= _ID_DIGITS else 0
