"""The first page: how the server is doing, what is wrong, and on a fresh one what to do next."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from bitrixmail.admin.office import Office
from bitrixmail.admin.queue import OPEN
from bitrixmail.admin.upkeep import Upkeep
from bitrixmail.model.finding import Severity
from bitrixmail.model.house import Samples
from bitrixmail.model.user import Right
from bitrixmail.web.pages.doctor import in_language
from bitrixmail.web.pages.server import told_in
from bitrixmail.web.visit import (
    HIDDEN,
    STEPS,
    Cookie,
    Download,
    Page,
    Redirect,
    Reply,
    Route,
    Visit,
)
from bitrixmail.web.words import _

SPANS = ("hour", "day")
# What is counted, in the order of the table; words for people
COUNTS = {
    "received": _("Received"),
    "refused": _("Refused"),
    "spam": _("Taken for spam"),
    "quarantined": _("Into quarantine"),
    "sent": _("Sent"),
    "deferred": _("Deferred"),
    "bounced": _("Given back"),
}
REASONS = {
    "unknown": _("no such mailbox"),
    "relay": _("not our domain"),
    "policy": _("not allowed"),
    "address": _("bad address"),
    "size": _("too large"),
    "content": _("damaged content"),
    "protocol": _("wrong commands"),
    "loop": _("going in circles"),
    "full": _("mailbox full"),
    "limits": _("too much at once"),
    "store": _("the store was away"),
    "rule": _("a rule"),
    "other": _("other reasons"),
}
# The reasons that have a line of their own; all others are one
_SHOWN = ("unknown", "relay", "limits", "rule")
_BY_REASON = (*(f"refused/{reason}" for reason in _SHOWN), "refused/other")
MINUTES = "minutes"
CHARTS = (
    ("incoming", _("Coming in"), ("received", "refused", "spam")),
    ("outgoing", _("Going out"), ("sent", "deferred", "bounced")),
    ("refused", _("Refused, and why"), _BY_REASON),
    ("waiting", _("Waiting in the queue"), ("queue",)),
    ("age", _("The oldest waits, minutes"), (MINUTES,)),
)
_SERIES = {
    **COUNTS,
    **dict(zip(_BY_REASON, (*map(REASONS.__getitem__, _SHOWN), REASONS["other"]), strict=True)),
    "queue": _("Jobs"),
    MINUTES: _("The oldest message of the queue"),
}
_DAY = timedelta(days=1)
_YEAR_S = 365 * 24 * 3600
_MOST_TROUBLES, _MOST_FINDINGS = 8, 5

# How grave a line of the log is
LEVELS = {"warn": _("warning"), "error": _("error"), "critical": _("fatal")}


class DashboardPages:
    """Made by the site map, lives as long as it."""

    def __init__(self, office: Office, upkeep: Upkeep) -> None:
        self._office = office
        self._upkeep = upkeep

    def routes(self) -> Iterator[Route]:
        """Yield them."""
        yield Route("GET", "/", self.show)
        yield Route("GET", "/live/charts", self.charts)
        yield Route("POST", "/steps/hide", self.hide_steps)

    async def show(self, visit: Visit) -> Reply:
        """Show all at a glance."""
        house, accounts = self._upkeep.house, self._office.accounts
        domains = await accounts.domains()
        mailboxes = await accounts.mailboxes(None)
        vitals, totals = await house.vitals(), house.totals()
        look = self._upkeep.examiner.latest()
        bad = tuple(f for f in look.worst_first() if f.severity is not Severity.OK)
        span = _span(visit)
        hour, day = house.history("hour"), house.history("day")
        samples = day if span == "day" else hour
        waiting = [each for each in await self._office.queue.depths() if each.state in OPEN]
        oldest = min((each.oldest for each in waiting), default=vitals.now)
        context = {
            "domains": domains,
            "mailboxes": mailboxes,
            "own": [each for each in mailboxes if not each.address.startswith("postmaster@")],
            "published": any(
                self._office.zones.worst(each.name) is Severity.OK for each in domains
            ),
            "vitals": vitals,
            "young": vitals.now - vitals.started < _DAY,
            "listeners": [
                told_in(each, visit.language) for each in await self._upkeep.listeners.listing()
            ],
            "look": look,
            "findings": in_language(bad[:_MOST_FINDINGS], visit.language),
            "waiting": sum(each.count for each in waiting),
            "oldest_s": (vitals.now - oldest).total_seconds(),
            "rows": [
                (label, _sum(hour, key), _sum(day, key, hour), totals.get(key, 0))
                for key, label in COUNTS.items()
            ],
            "reasons": [
                (REASONS[reason], totals[f"refused/{reason}"])
                for reason in REASONS
                if totals.get(f"refused/{reason}")
            ],
            "charts": [
                (name, label, [(key, _SERIES[key], _values(samples, key)) for key in keys])
                for name, label, keys in CHARTS
            ],
            "span": span,
            "totals": totals,
            "troubles": house.troubles()[:_MOST_TROUBLES],
            "levels": LEVELS,
            "right": Right,
        }
        return Page("dashboard.html", context)

    async def hide_steps(self, visit: Visit) -> Reply:  # noqa: ARG002 - every page is handed one
        """Show the next steps no more to this browser."""
        return Redirect("/", cookies=(Cookie(STEPS, HIDDEN, _YEAR_S),))

    async def charts(self, visit: Visit) -> Reply:
        """Return the samples as the script of the page takes them."""
        samples = self._upkeep.house.history(_span(visit))
        keys = [key for _name, _label, keys in CHARTS for key in keys]
        told = {
            "step": samples.step_s,
            "times": samples.times,
            "series": {key: _values(samples, key) for key in keys},
        }
        return Download(json.dumps(told).encode(), "application/json")


def _span(visit: Visit) -> str:
    asked = visit.asked("span")
    return asked if asked in SPANS else SPANS[0]


def _values(samples: Samples, key: str) -> Sequence[float | None]:
    """Return a series; what never happened is zero throughout."""
    if key == MINUTES:
        waited = samples.gauges.get("oldest", ())
        return [None if each is None else round(each / 60, 1) for each in waited]
    if key == "refused/other":
        nothing = (0,) * len(samples.times)
        named = [samples.counts.get(f"refused/{reason}", nothing) for reason in _SHOWN]
        refused = samples.counts.get("refused", nothing)
        return [
            (count or 0) - sum(each[step] or 0 for each in named)
            for step, count in enumerate(refused)
        ]
    tables: tuple[Mapping[str, Sequence[float | None]], ...] = (samples.gauges, samples.counts)
    found = next((table[key] for table in tables if key in table), None)
    return [0] * len(samples.times) if found is None else list(found)


def _sum(samples: Samples, key: str, beside: Samples | None = None) -> int:
    """Add up what came; `beside` tells of what is not in a coarse step yet."""
    counted = sum(count or 0 for count in samples.counts.get(key, ()))
    if beside is not None:
        until = samples.times[-1] if samples.times else 0
        fresh = zip(beside.times, beside.counts.get(key, ()), strict=False)
        counted += sum(count or 0 for at, count in fresh if at > until)
    return counted
